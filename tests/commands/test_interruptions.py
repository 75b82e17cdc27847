"""What is left after a kill, Ctrl-C, a full disk: nothing finished is lost, and the same command resumes."""

import contextlib
import errno
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from dd2424_jax.runs import directory
from tests.commands.scripts import (
    EVERY_PART,
    TINY,
    call_here,
    command,
    environment,
    fails,
    fails_as_process,
    kill_here,
    once,
    run,
    wait_for,
)
from tests.commands.stubs import figures_as_text

LONG = [*TINY, "--n_s=40", "--n_evals=10", "--lam=0.1,0.01,0.001,0", "--runs_at_once=2"]  # four chunks


@pytest.fixture(scope="module", autouse=True)
def fast_figures():
    with figures_as_text():
        yield


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The run directory of an uninterrupted search."""
    return once(tmp_path_factory, "uninterrupted", lambda cwd: run("coarse_search", *LONG, cwd=cwd)[0])


def start(cwd, **changes):
    return subprocess.Popen(
        command("coarse_search", *LONG),
        cwd=cwd,
        env=environment(**changes),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def checkpoints(cwd):
    """The search's checkpoints and when each was written."""
    written = {}
    for file in Path(cwd).glob("results/coarse_search/*/checkpoint-*"):
        with contextlib.suppress(FileNotFoundError):
            written[file] = file.stat().st_mtime_ns
    return written


def wait_for_checkpoint(process, cwd):
    """Until another checkpoint was written; the run directory."""
    before = checkpoints(cwd)

    def written():
        now = checkpoints(cwd)
        return now if now != before else None

    return next(iter(wait_for(process, written))).parent


def assert_same_run(path, expected):
    assert (path / "runs.csv").read_bytes() == (expected / "runs.csv").read_bytes()
    assert sorted(file.name for file in path.iterdir()) == sorted(file.name for file in expected.iterdir())


def test_with_every_part_of_training_at_once_a_killed_run_ends_with_the_same_numbers(tmp_path):
    given = [*TINY, *EVERY_PART, "--hidden=5", "--n_cycles=2", "--snapshots"]
    whole, _ = run("coarse_search", *given, "--name=whole", cwd=tmp_path)
    given.append("--force")  # which takes nothing
    kill_here("coarse_search", *given, cwd=tmp_path, n_checkpoints=2)
    path, done = run("coarse_search", *given, cwd=tmp_path)
    assert "resumed from update" in done.stderr
    for file in ("curves.npz", "params.npz"):
        ours, theirs = (np.load(folder / file) for folder in (path, whole))
        for name in set(ours.files) - {"seconds", "compile_seconds"}:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_killed_at_random_moments_it_ends_with_the_same_numbers(tmp_path, expected):
    rng = np.random.default_rng(0)
    for _ in range(2):  # before every single change to a file: tests/app/test_pipeline.py
        process = start(tmp_path)
        for _ in range(rng.integers(1, 8)):  # of 40 in all
            path = wait_for_checkpoint(process, tmp_path)
        time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.communicate()
        assert not (path / "summary.json").exists()
        assert not (path.parent / "latest").exists()
    resumed, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert "resumed from update" in done.stderr
    assert resumed == path
    assert_same_run(resumed, expected)


def fill_disk(cwd, monkeypatch):
    """Once there is a checkpoint, there is no space for anything else."""
    fsync = os.fsync

    def fsync_while_there_is_space(handle):
        if checkpoints(cwd):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync_while_there_is_space)


def test_a_full_disk_is_one_line_and_the_run_resumes_once_there_is_space(tmp_path, expected):
    with pytest.MonkeyPatch.context() as patch:
        fill_disk(tmp_path, patch)
        done = call_here("coarse_search", *LONG, cwd=tmp_path)
    assert done.returncode == 1
    says = r"coarse_search.py: no space left for .*checkpoint-\d+.npz; free some, and the same command resumes"
    assert re.fullmatch(says, done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr
    path, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert "resumed from update" in done.stderr
    assert_same_run(path, expected)


def test_a_damaged_checkpoint_is_named_and_its_chunk_starts_from_scratch(tmp_path, expected):
    kill_here("coarse_search", *LONG, cwd=tmp_path, n_checkpoints=1)
    (file,) = checkpoints(tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    path, done = run("coarse_search", *LONG, cwd=tmp_path)
    assert f"{file.name} is damaged: its runs start from scratch" in done.stderr
    assert_same_run(path, expected)


def test_a_second_process_says_who_holds_the_run(tmp_path):
    kill_here("coarse_search", *LONG, cwd=tmp_path, n_checkpoints=1)
    (file,) = checkpoints(tmp_path)
    with directory.held(file.parent):
        said = fails("coarse_search", *LONG, cwd=tmp_path)
    assert f"{file.parent.name} is being written by process {os.getpid()} on" in said


def test_ctrl_c_says_how_to_resume(tmp_path):
    process = start(tmp_path)
    path = wait_for_checkpoint(process, tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "the same command resumes" in said.splitlines()[-1]
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


@pytest.mark.parametrize(
    ("script", "flag", "says"),
    [
        ("exercise3", "--lam=-1", "lam"),
        ("launch", "--num_shards=2", "'' can't be cut: name one of"),
        ("gradient_check", "stray", "'stray' is not a flag"),
    ],
)
def test_a_users_mistake_is_one_line_of_a_process(tmp_path, script, flag, says):
    assert says in fails_as_process(script, flag, cwd=tmp_path)
