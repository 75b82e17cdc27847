"""What is left after a kill, Ctrl-C, a full disk: nothing finished is lost, and the same command goes on."""

import contextlib
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.commands.scripts import TINY, command, environment, fails, once, run, wait_for

LONG = [*TINY, "--n_s=100", "--n_evals=15", "--lam=0.1,0.01,0.001,0", "--runs_at_once=2"]  # four chunks


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The run directory of an uninterrupted search."""
    return once(tmp_path_factory, "uninterrupted", lambda cwd: run("coarse_search", *LONG, cwd=cwd)[0])


def start(cwd, **changes):
    return subprocess.Popen(
        command("coarse_search", *LONG), cwd=cwd, env=environment(**changes), stderr=subprocess.PIPE, text=True
    )


def checkpoints(cwd):
    """The search's checkpoints and when each was written."""
    found = {}
    for file in Path(cwd).glob("results/coarse_search/*/checkpoint-*"):
        with contextlib.suppress(FileNotFoundError):
            found[file] = file.stat().st_mtime_ns
    return found


def wait_for_checkpoint(process, cwd):
    """Until another checkpoint was written; the run directory."""
    before = checkpoints(cwd)

    def written():
        found = checkpoints(cwd)
        return found if found != before else None

    return next(iter(wait_for(process, written))).parent


def assert_same_run(found, expected):
    assert (found / "runs.csv").read_bytes() == (expected / "runs.csv").read_bytes()
    assert sorted(file.name for file in found.iterdir()) == sorted(file.name for file in expected.iterdir())


def test_killed_ten_times_at_random_moments_it_ends_with_the_same_numbers(tmp_path, expected):
    rng = np.random.default_rng(0)
    for _ in range(10):
        process = start(tmp_path)
        for _ in range(rng.integers(1, 4)):  # of 60 in all
            path = wait_for_checkpoint(process, tmp_path)
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.communicate()
        assert not (path / "summary.json").exists()
        assert not (path.parent / "latest").exists()
    found, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert "going on from update 200 of 200" in done.stderr  # the first chunk
    assert found == path
    assert_same_run(found, expected)


FULL_DISK = """
import errno, os
def fsync(handle, real=os.fsync):
    if os.path.exists("full"):
        raise OSError(errno.ENOSPC, "No space left on device")
    real(handle)
os.fsync = fsync
"""


def test_a_full_disk_is_one_line_and_the_run_goes_on_once_there_is_space(tmp_path, expected):
    (tmp_path / "sitecustomize.py").write_text(FULL_DISK)
    process = start(tmp_path, PYTHONPATH=str(tmp_path))
    path = wait_for_checkpoint(process, tmp_path)
    (tmp_path / "full").touch()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"no space left for .*checkpoint-\d+.npz; free some, and the same command goes on", said)
    assert "Traceback" not in said
    (tmp_path / "full").unlink()
    found, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert found == path
    assert "going on from update" in done.stderr
    assert_same_run(found, expected)


def test_a_damaged_checkpoint_is_named_and_its_chunk_starts_anew(tmp_path, expected):
    process = start(tmp_path)
    wait_for_checkpoint(process, tmp_path)
    process.kill()
    process.communicate()
    (file,) = checkpoints(tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    found, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert f"{file.name} is damaged: its runs start anew" in done.stderr
    assert_same_run(found, expected)


def test_a_second_process_says_who_holds_the_run(tmp_path, expected):
    first = start(tmp_path)
    path = wait_for_checkpoint(first, tmp_path)
    first.send_signal(signal.SIGSTOP)  # or it might end too soon
    said = fails("coarse_search", *LONG, cwd=tmp_path)
    first.send_signal(signal.SIGCONT)
    assert f"is being written by process {first.pid} on" in said
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert_same_run(path, expected)


def test_ctrl_c_says_how_to_go_on(tmp_path):
    process = start(tmp_path)
    path = wait_for_checkpoint(process, tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "the same command goes on" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not (path / "summary.json").exists()


def test_ctrl_c_during_the_imports_is_clean(tmp_path):
    process = subprocess.Popen(
        command("exercise3", *TINY), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in said
