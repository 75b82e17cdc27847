"""Jobs on this machine."""

import sys

import pytest

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.launching import jobs, local


@pytest.fixture
def machine(monkeypatch):
    """Four cores and two GPUs."""
    monkeypatch.setattr(local, "_cores", lambda: [0, 1, 2, 3])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("n", "cpus", "gpus", "rooms"),
    [
        (None, None, None, [(None, [])] * 4),
        (6, None, None, [(None, [])] * 6),  # they share the cores
        (None, 2, None, [([0, 1], []), ([2, 3], [])]),
        (1, 3, None, [([0, 1, 2], [])]),
        (None, None, 1, [(None, ["5"]), (None, ["7"])]),
        (None, None, 2, [(None, ["5", "7"])]),
        (None, 1, 0, [([i], []) for i in range(4)]),
    ],
)
def test_a_job_has_cores_and_gpus_of_its_own(n, cpus, gpus, rooms):
    assert local.rooms(n, cpus=cpus, gpus=gpus) == rooms


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("n", "cpus", "gpus"), [(None, 5, None), (3, 2, None), (None, None, 3), (3, None, 1)])
def test_more_than_the_machine_has_is_refused(n, cpus, gpus):
    with pytest.raises(UsageError, match="this machine has 4 cores and 2 GPUs"):
        local.rooms(n, cpus=cpus, gpus=gpus)


def programs(tmp_path, *texts):
    return [jobs.Job([sys.executable, "-c", text], tmp_path / str(i)) for i, text in enumerate(texts)]


def test_no_more_jobs_run_at_a_time_than_there_is_room(tmp_path):
    place = str(tmp_path / "alone")
    alone = f"import os, time; os.mkdir({place!r}); time.sleep(0.1); os.rmdir({place!r})"
    todo = programs(tmp_path, *[alone] * 3)
    assert local.run(todo, [local.Room(None, [])], seconds=60) == [jobs.Ended(None)] * 3


def test_a_job_is_ended_at_its_time_limit_and_the_others_go_on(tmp_path):
    todo = programs(tmp_path, "import time; time.sleep(60)", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    ends = local.run(todo, [local.Room(None, ["3", "4"])], seconds=0.5)
    assert ends == [jobs.Ended(jobs.TIME_LIMIT), jobs.Ended(None, "3,4")]
