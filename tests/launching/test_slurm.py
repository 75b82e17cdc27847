"""What is asked of SLURM, and what it says. Whole launches: tests/commands/test_launch.py."""

import pytest

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.launching import jobs, slurm


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("--qos=low --exclusive", {"qos": "low", "exclusive": True}),
        ("--qos low --constraint='a|b' --requeue", {"qos": "low", "constraint": "a|b", "requeue": True}),
        ("--comment='two words' --mail-type=", {"comment": "two words", "mail-type": ""}),
    ],
)
def test_options_are_as_on_sbatchs_command_line(text, options):
    assert slurm.options(text) == options


@pytest.mark.parametrize("text", ["-C gpu", "qos=low", "--", "--qos=low stray more", "--array=1-3", "--ntasks 2", "'"])
def test_other_options_are_refused(text):
    with pytest.raises(UsageError, match="--sbatch"):
        slurm.options(text)


def test_a_trace_is_its_last_line_or_the_time_limit():
    assert slurm._of_trace("Traceback\n  File\nModuleNotFoundError: No module\n") == "ModuleNotFoundError: No module"
    assert slurm._of_trace("Traceback\nJob not requeued because: timed-out and not checkpointable.") == jobs.TIME_LIMIT
