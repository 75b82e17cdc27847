import errno
import os

import pytest

from dd2424_jax.app import session
from tests.commands.scripts import fails


@pytest.mark.parametrize(
    ("error", "says"),
    [
        *(
            (OSError(number, os.strerror(number), "x/y"), f"x/y: {os.strerror(number)}")
            for number in (2, 13, 21, 36, 40)
        ),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "a file: "),
        (MemoryError(), "memory is too small"),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path, monkeypatch, error, says):
    def refused(*_):
        raise error

    monkeypatch.setattr(session, "start", refused)
    assert says in fails("schedule", cwd=tmp_path)
