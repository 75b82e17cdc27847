"""Sweeps as several programs: how they are cut, killed, started again, put together; and their launch as jobs."""

import itertools
import os
import signal
import subprocess

import jax
import numpy as np
import pytest

from dd2424_jax import files, network, results, shards, sweep, train
from dd2424_jax.shards import Shard
from tests.commands.scripts import TINY, command, environment, fails, numbers, run, wait_for

HYPERS = train.as_arrays(train.Hypers(np.array([0.0, 0.01, 0.3]), 1e-3, [0.1, 0.2, 0.2]))
SEEDS = [5, 0, 11, 2]


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


@pytest.fixture(scope="module")
def whole():
    """Numbers that no training found: they need only be put together."""
    rng = np.random.default_rng(0)
    runs = len(HYPERS.lam), len(SEEDS)
    on_train, on_valid = (train.Metrics(*rng.normal(size=(3, *runs, 3))) for _ in range(2))
    params = tuple(
        network.Layer(rng.normal(size=(*runs, m, d)), rng.normal(size=(*runs, m))) for d, m in ((12, 5), (5, 3))
    )
    return sweep.Outcome(
        HYPERS,
        np.array(SEEDS),
        step=np.array([0, 20, 40]),
        lr=rng.normal(size=(runs[0], 3)),
        train=on_train,
        valid=on_valid,
        test=train.Metrics(*rng.normal(size=(3, *runs))),
        params=params,
        compile_seconds=0.0,
        run_seconds=0.0,
    )


@pytest.mark.parametrize("n", [1, 3, 5, 12])
@pytest.mark.parametrize("with_test", [True, False])
def test_merged_equals_whole(whole, tmp_path, monkeypatch, n, with_test):
    test = whole.test if with_test else None

    def of_part(config, hypers, seeds, splits, *, directory):
        cells = np.ix_(np.isin(HYPERS.lam, hypers.lam), np.isin(SEEDS, seeds))
        grids = jax.tree.map(lambda a: a[cells], (whole.train, whole.valid, test, whole.params))
        (directory / "checkpoint-000.npz").write_text("")
        lr = whole.lr[np.isin(HYPERS.lam, hypers.lam)]
        return sweep.Outcome(hypers, seeds, whole.step, lr, *grids, compile_seconds=1.0, run_seconds=2.0)

    monkeypatch.setattr(sweep, "run", of_part)
    for i in range(n):
        folder = tmp_path / Shard(i, n).name
        folder.mkdir()
        assert shards.missing(tmp_path, n) == list(range(i, n))
        shards.run(Shard(i, n), None, HYPERS, SEEDS, None, directory=folder)
        assert os.listdir(folder) == [shards.OUTCOME]
    merged = shards.merge(tmp_path, n, HYPERS, SEEDS)
    assert (merged.compile_seconds, merged.run_seconds) == (n, 2 * n)
    expected = whole._replace(test=test, compile_seconds=n, run_seconds=2 * n)
    jax.tree.map(np.testing.assert_array_equal, merged, expected)


def test_a_damaged_outcome_is_named(tmp_path):
    folder = tmp_path / Shard(0, 1).name
    folder.mkdir()
    (folder / shards.OUTCOME).write_bytes(b"PK")
    with pytest.raises(results.ResultError, match=r"outcome.npz is damaged.*shard 0"):
        shards.merge(tmp_path, 1, HYPERS, SEEDS)


def array(**numbers):
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
        ((4, None), array(ID=1, COUNT=3, MIN=0), "from 0 to 3"),
    ],
)
def test_a_shard_that_is_not_there_is_refused(flags, environment, says):
    with pytest.raises(ValueError, match=says):
        shards.chosen(*flags, environment)


def test_shards_hold_their_own_folder_and_the_run_only_to_complete_it(tmp_path):
    def shard(i):
        return results.open_run(str(tmp_path), "e", {"lam": 1}, {}, shard=Shard(i, 2).name)

    with shard(0) as first, shard(1) as second:
        assert first.path == second.path
        assert first.own != second.own
        with pytest.raises(results.ResultError, match=f"shard-1-of-2 is being written by process {os.getpid()}"):
            shard(1).__enter__()
        (first.own / "checkpoint-000.npz").write_text("")
        with first.alone():
            first.finish({})
        with second.alone():
            assert second.finished
            second.settle()
    assert sorted(os.listdir(first.path)) == ["config.json", "summary.json"]


FLAGS = [*TINY, "--n_seeds=3", "--lam=0.001,0.01", "--n_s=20", "--n_evals=20", "--hidden=5", "--devices=1"]


def test_launched_shards_killed_and_started_again_find_what_one_program_does(tmp_path):
    pytest.importorskip("submitit")
    launch = command("launch", "--num_shards=3", "--cluster=local", "coarse_search", "--", *FLAGS)
    with subprocess.Popen(launch, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        checkpoint = "results/coarse_search/*/shard-1-of-3/checkpoint-000.npz"
        found = wait_for(process, lambda: list(tmp_path.glob(checkpoint)))
        os.kill(int((found[0].parent / "lock").read_text().split()[1]), signal.SIGKILL)
        said = process.communicate(timeout=300)[1].splitlines()
    assert process.returncode == 1
    assert len([line for line in said if line.startswith("job ")]) == 3
    assert said[-1].startswith("launch.py: failed: shard-1-of-3 (see ")
    assert "of 3 shards, 1 is missing" in fails("coarse_search", *FLAGS, "--num_shards=3", "--merge", cwd=tmp_path)
    path, done = run("coarse_search", *FLAGS, cwd=tmp_path, **array(ID=2, COUNT=3, MIN=1))
    assert path == found[0].parent.parent
    assert "shard 1 of 3" in done.stderr
    assert "going on from update" in done.stderr
    (tmp_path / "whole").mkdir()
    whole, _ = run("coarse_search", *FLAGS, cwd=tmp_path / "whole")
    assert whole.name == path.name  # it is the same run
    assert sorted(file.name for file in path.iterdir()) == sorted(file.name for file in whole.iterdir())
    assert files.read_json(path / "summary.json")["timing"]["shards"] == 3
    np.testing.assert_allclose(numbers(path), numbers(whole), rtol=1e-3, atol=1e-3)  # rounding


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--num_shards=2"], "can't be cut: name one of"),
        (["--num_shards=2", "../readme"], "can't be cut: name one of"),
        (["coarse_search"], "num_shards"),
        (["--num_shards=2", "coarse_search", "--cluster=slurm"], "--cluster=local needs no SLURM"),
    ],
)
def test_what_cannot_be_launched_is_one_line(tmp_path, flags, says):
    pytest.importorskip("submitit")
    assert says in fails("launch", *flags, cwd=tmp_path, PATH=os.path.dirname(os.__file__))


def test_more_shards_than_runs_are_refused(tmp_path):
    assert "there are only 16 runs" in fails("coarse_search", *TINY, "--num_shards=17", "--merge", cwd=tmp_path)
