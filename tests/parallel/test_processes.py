"""Processes that are one program: real ones, on this machine."""

import os
import socket
import subprocess

import numpy as np
import pytest

from dd2424_jax import processes
from tests.commands.scripts import TINY, command, environment, fails, numbers, run, wait_for

LONG = [*TINY, "--n_seeds=3", "--n_s=20", "--n_evals=20", "--hidden=5", "--lam=0.001,0.01", "--devices=1"]


def pair(folders, *flags, **changes):
    """A coarse search in two processes that share nothing but a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = ["--distributed", f"--coordinator=127.0.0.1:{port}", "--num_processes=2"]
    return [
        subprocess.Popen(
            command("coarse_search", *flags, *meeting, f"--process_id={i}"),
            cwd=folder,
            env=environment(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i, folder in enumerate(folders)
    ]


def test_alone_a_process_is_the_first_and_is_told_what_it_tells():
    assert processes.first()
    assert processes.tell(b"content") == b"content"


def test_two_processes_find_what_one_does_and_go_on_with_what_it_began(tmp_path):
    folders = [tmp_path / name for name in ("first", "second", "alone")]
    for folder in folders:
        folder.mkdir()
    began = subprocess.Popen(command("coarse_search", *LONG), cwd=folders[0], env=environment(), stderr=subprocess.PIPE)
    wait_for(began, lambda: list(folders[0].glob("results/coarse_search/*/checkpoint-000.npz")))
    began.kill()
    began.communicate()
    both = pair(folders[:2], *LONG)
    (out, said), (out_of_second, said_by_second) = (process.communicate(timeout=300) for process in both)
    assert [process.returncode for process in both] == [0, 0], said + said_by_second
    assert "going on from update" in said
    assert not any(folders[1].iterdir())  # the first one writes, and tells the other what was there
    assert (out_of_second, said_by_second) == ("", "")
    expected, done = run("coarse_search", *LONG, cwd=folders[2])
    found = folders[0] / out.splitlines()[-1]
    assert found.name == expected.name  # it is the same run
    assert sorted(file.name for file in found.iterdir()) == sorted(file.name for file in expected.iterdir())
    assert len(out.splitlines()) == len(done.stdout.splitlines())
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-3, atol=1e-3)  # rounding


def test_a_process_that_is_killed_ends_the_other(tmp_path):
    both = pair([tmp_path, tmp_path], *LONG, "--n_s=3000")
    said = both[0].stderr.readline()  # once they have met
    both[1].kill()
    assert both[0].wait(300) != 0
    assert "in each of 2 processes" in said
    for process in both:
        process.communicate()


def test_what_keeps_the_first_process_from_writing_ends_both_in_one_line(tmp_path):
    both = pair([tmp_path, tmp_path], *TINY, "--out_dir=/proc/nowhere", "--devices=1")
    for process in both:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 1
        assert "choose another --out_dir" in said
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--process_id=2 --num_processes=2 --coordinator=127.0.0.1:1 --distributed", "process_id must be below"),
        ("--distributed", "--coordinator=host:port"),
        ("--distributed --num_shards=2", "a shard is one process"),
        (
            "--distributed --coordinator=127.0.0.1:1 --num_processes=2 --process_id=1 --meeting_seconds=1",
            "2 processes did not meet at 127.0.0.1:1 within 1 s",
        ),
    ],
)
def test_processes_that_cannot_meet_are_one_line(tmp_path, flags, says):
    assert says in fails("coarse_search", *TINY, *flags.split(), cwd=tmp_path)
    assert not any(tmp_path.iterdir())


def test_slurm_is_detected(tmp_path):
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": "2"}
    task = {"SLURM_PROCID": "1", "SLURM_LOCALID": "0"}
    said = fails("coarse_search", *TINY, "--distributed", "--meeting_seconds=1", cwd=tmp_path, **job, **task)
    assert "did not meet within 1 s" in said
