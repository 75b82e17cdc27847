import itertools
import os

import numpy as np
import pytest

from dd2424_jax.runs import directory, shards
from dd2424_jax.runs.shards import Shard


@pytest.mark.parametrize(("n_settings", "n_seeds"), [(8, 3), (1, 5), (4, 1), (2, 2), (3, 7)])
def test_every_run_is_in_one_shard_and_no_shard_is_empty(n_settings, n_seeds):
    for n in range(1, n_settings * n_seeds + 1):
        times = np.zeros((n_settings, n_seeds), int)
        for i in range(n):
            cells = Shard(i, n).cells(n_settings, n_seeds)
            assert times[cells].size > 0
            times[cells] += 1
        assert np.all(times == 1)


def test_the_settings_of_a_seed_stay_together_while_there_are_seeds_for_all():
    assert [Shard(i, 3).cells(8, 4) for i in range(3)] == [
        (slice(0, 8), slice(j, k)) for j, k in itertools.pairwise([0, 1, 2, 4])
    ]
    assert [Shard(i, 4).cells(8, 2) for i in range(4)] == [
        (slice(k, k + 4), slice(j, j + 1)) for j, k in itertools.product([0, 1], [0, 4])
    ]


def array(**numbers):
    """The environment of a task of a SLURM job array."""
    return {f"SLURM_ARRAY_TASK_{key}": str(number) for key, number in numbers.items()}


@pytest.mark.parametrize(
    ("flags", "environment", "shard"),
    [
        ((None, None), {}, (0, 1)),
        ((1, 0), {}, (0, 1)),
        ((3, 2), {}, (2, 3)),
        ((None, None), array(ID=2, COUNT=3, MIN=0), (2, 3)),
        ((None, None), array(ID=1, COUNT=3, MIN=1), (0, 3)),
        ((None, None), array(ID=14, COUNT=3, MIN=10, STEP=2), (2, 3)),
        ((3, None), array(ID=2, COUNT=3, MIN=0), (2, 3)),
        ((3, 0), array(ID=1, COUNT=1, MIN=1), (0, 3)),  # one of three, started again
        ((1, None), array(ID=2, COUNT=3, MIN=0), (0, 1)),  # an array that is about something else
    ],
)
def test_a_shard_is_what_the_flags_say_or_slurm(flags, environment, shard):
    assert shards.chosen(*flags, environment) == shard


@pytest.mark.parametrize(
    ("flags", "environment", "says"),
    [
        ((3, None), {}, "from 0 to 2"),
        ((3, 3), {}, "from 0 to 2, not 3"),
        ((1, 1), {}, "from 0 to 0, not 1"),
        ((None, 1), {}, "needs --num_shards"),
        ((None, None), array(ID=7, COUNT=3, MIN=1), "--shard_index"),
        ((None, None), array(ID=1, COUNT=3, MIN=5), "task 1 is none of .* 3 from 5 in steps of 1"),
        (
            (None, None),
            array(ID=3, COUNT=3, MIN=0, STEP=2),
            "task 3 is none of .* 3 from 0 in steps of 2",
        ),
        ((None, None), array(ID="x", COUNT=3, MIN=0), "SLURM_ARRAY_TASK_ID=x is no number of a task"),
        ((None, None), array(ID=1, COUNT="", MIN=0), "SLURM_ARRAY_TASK_COUNT= is no number"),
        ((None, None), array(ID=-1, COUNT=3, MIN=0), "SLURM_ARRAY_TASK_ID=-1 is no number"),
        ((None, None), array(ID=1, COUNT=10**30, MIN=0), "is no number of a task"),
        ((4, None), array(ID=1, COUNT=3, MIN=0), "from 0 to 3"),
    ],
)
def test_a_shard_that_is_not_there_is_refused(flags, environment, says):
    with pytest.raises(ValueError, match=says):
        shards.chosen(*flags, environment)


def test_shards_hold_their_own_folder_and_the_run_only_to_complete_it(tmp_path):
    def shard(i):
        return directory.open_run(str(tmp_path), "e", {"lam": 1}, {}, shard=Shard(i, 2).name)

    with shard(0) as first, shard(1) as second:
        assert first.path == second.path
        assert first.own != second.own
        with pytest.raises(directory.ResultError, match=f"shard-1-of-2 is being written by process {os.getpid()}"):
            shard(1).__enter__()
        (first.own / "checkpoint-000.npz").write_text("")
        assert (first.resumed, second.resumed) == (True, False)
        with first.exclusively():
            first.finish({})
        with second.exclusively():
            assert second.finished
            second.finalise()
    assert sorted(os.listdir(first.path)) == ["config.json", "summary.json"]
