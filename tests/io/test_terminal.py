import os
import signal
import subprocess
import sys

import pytest


def run(program, *redirections):
    """A program after the terminal is prepared, in a process of its own."""
    words = [sys.executable, "-c", f"from dd2424_jax.io import terminal; terminal.prepare(); {program}"]
    shell = ["sh", "-c", f'exec "$@" {" ".join(redirections)}', "sh", *words]
    return subprocess.run(shell, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, timeout=60)


def test_ctrl_c_ends_in_a_line():
    done = run("import os, time; os.kill(os.getpid(), 2); time.sleep(9)")
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.strip().splitlines() == [b"interrupted: nothing finished is lost, and the same command resumes"]


def test_what_a_terminal_has_no_character_for_is_escaped():
    assert run("print('λ = 1')").stdout == b"\\u03bb = 1\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_not_taken_by_a_file(closed, tmp_path):
    program = f"""
import os, sys
with open({str(tmp_path / "file")!r}, "w") as file:
    os.write(2, b"noise")
    os.write(1, b"noise")
    file.write("content")
print("said")
print("said", file=sys.stderr)
"""
    assert run(f"exec({program!r})", closed).returncode == 0
    assert (tmp_path / "file").read_text() == "content"
