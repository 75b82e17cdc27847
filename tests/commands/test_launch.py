"""Sweeps cut into shards, each a program of its own, and their launch as jobs."""

import os
import subprocess

import pytest

from dd2424_jax.runs import directory
from tests.commands.scripts import TINY, command, environment, fails, run
from tests.commands.search import FLAGS, alone, assert_same_run

KILLED_AT_ITS_FIRST_CHECKPOINT = """
import os, signal
def replace(part, file, real=os.replace):
    real(part, file)
    if "shard-1-of-2/checkpoint" in str(file):
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
"""


def test_launched_shards_one_killed_and_started_again_end_with_the_numbers_of_one_program(tmp_path, tmp_path_factory):
    pytest.importorskip("submitit")
    (tmp_path / "sitecustomize.py").write_text(KILLED_AT_ITS_FIRST_CHECKPOINT)
    launch = command("launch", "--num_shards=2", "--nocheck", "--cluster=local", "coarse_search", "--", *FLAGS)
    launched = subprocess.run(
        launch, cwd=tmp_path, env=environment(PYTHONPATH=str(tmp_path)), capture_output=True, text=True, timeout=300
    )
    assert launched.returncode == 1
    *jobs, failed = launched.stderr.splitlines()
    assert [line.split()[0] for line in jobs] == ["job", "job"]
    assert failed.startswith("launch.py: failed: shard-1-of-2 (see ")
    assert "the same command starts them again" in failed
    (path,) = (tmp_path / "results" / "coarse_search").iterdir()
    assert "of 2 shards, 1 is missing" in fails("coarse_search", *FLAGS, "--num_shards=2", "--merge", cwd=tmp_path)

    task = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "1"}
    merged, done = run("coarse_search", *FLAGS, cwd=tmp_path, **task)
    assert merged == path
    assert "shard 1 of 2" in done.stderr
    assert "resumed from update 4 of 12" in done.stderr
    assert directory.Run(path).summary["timing"]["shards"] == 2

    assert_same_run(path, alone(tmp_path_factory).path)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--num_shards=2"], "can't be cut: name one of"),
        (["--num_shards=2", "../readme"], "can't be cut: name one of"),
        (["coarse_search"], "num_shards"),
        (["--num_shards=2", "--nocheck", "coarse_search"], "--cluster=local needs no SLURM"),
        (["--num_shards=1000", "coarse_search", "--", *TINY], "there are only 16 runs"),
        (["--num_shards=2", "--nocheck", "--cluster=local", "--logs=/proc/x", "coarse_search"], "/proc/x"),
    ],
)
def test_what_cannot_be_launched_is_one_line(tmp_path, flags, says):
    pytest.importorskip("submitit")
    assert says in fails("launch", *flags, cwd=tmp_path, PATH=os.path.dirname(os.__file__))


def test_more_shards_than_runs_are_refused(tmp_path):
    assert "there are only 16 runs" in fails("coarse_search", *TINY, "--num_shards=17", "--merge", cwd=tmp_path)
