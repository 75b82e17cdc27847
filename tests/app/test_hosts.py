import pytest

from dd2424_jax.app import command_line
from tests.commands.scripts import parsed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("--devices=1000000", "devices"),
        ("--meeting_seconds=99999999999", "meeting_seconds"),
        ("--num_processes=100000000000", "num_processes"),
        ("--distributed --coordinator=host", "must be host:port"),
        ("--distributed --coordinator=host:99999", "must be host:port"),
        ("--distributed --coordinator=host:0", "must be host:port"),
        ("--coordinator=host:80", "needs distributed"),
        ("--merge", "merge needs num_shards"),
    ],
)
def test_what_no_machine_has_is_refused(given, says):
    with pytest.raises(command_line.UsageError, match=says), parsed("exercise3", *given.split()):
        pass
