import math
import os
import subprocess
import sys
import textwrap

import pytest

from dd2424_jax.io import files
from dd2424_jax.runs import locks
from dd2424_jax.runs.locks import ResultError


def test_a_second_process_is_told_who_holds_the_folder(tmp_path):
    holder = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from dd2424_jax.runs import locks
        with locks.held(Path({str(tmp_path)!r})):
            print("held", flush=True)
            sys.stdin.read()
    """)
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        says = f"is being written by process {process.pid} on .*; wait for it"
        with pytest.raises(ResultError, match=says), locks.held(tmp_path):
            pass
        process.kill()
        process.wait()
    with locks.held(tmp_path):  # the lock died with its process
        pass


def test_a_lock_that_is_released_in_time_is_waited_for(tmp_path, monkeypatch):
    holding = locks.held(tmp_path)
    holding.__enter__()
    monkeypatch.setattr(files.time, "sleep", lambda _: holding.__exit__(None, None, None))
    with locks.held(tmp_path, patience=math.inf):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_a_lock_is_not_opened_through_a_link(tmp_path):
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").symlink_to(other)
    with pytest.raises(ResultError, match="cannot write"), locks.held(tmp_path / "run"):
        pass
    assert other.read_text() == "precious"


@pytest.mark.parametrize("kind", ["another's", "other name", "folder", "pipe"])
def test_what_is_no_lock_is_not_written_over(tmp_path, kind):
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / "lock"
    if kind == "another's":
        lock.write_text("my notes")
    elif kind == "other name":
        (tmp_path / "precious").write_text("process 1 on host")
        lock.hardlink_to(tmp_path / "precious")
    elif kind == "folder":
        lock.mkdir()
    else:
        os.mkfifo(lock)
    with pytest.raises(ResultError, match=r"run/lock(: | is no lock)"), locks.held(tmp_path / "run"):
        pass
    assert lock.is_dir() or lock.is_fifo() or lock.read_text() in ("my notes", "process 1 on host")
