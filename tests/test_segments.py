import dataclasses
import itertools

import jax
import numpy as np
import pytest

from dd2424_jax import segments, sweep, train
from dd2424_jax.io import checkpoints
from dd2424_jax.parallel import processes
from dd2424_jax.programs import Runs

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=16, eval_steps=(20, 33), n_s=10)
HYPERS, SEEDS = train.Hypers([0.0, 0.01, 0.1], 1e-3, 0.2), [3, 4]


class Killed(Exception):
    """Ends a training where it stands."""


@pytest.fixture
def trained(monkeypatch):
    """The segments that are trained, as (start, stop)."""
    known, updated = [], Runs.updated

    def noted(self, state, start, stop):
        known.append((start, stop))
        return updated(self, state, start, stop)

    monkeypatch.setattr(Runs, "updated", noted)
    return known


def run(splits, directory=None, **config):
    config = dataclasses.replace(CONFIG, **config)
    outcome = sweep.run(config, HYPERS, SEEDS, splits, directory=directory)
    return outcome._replace(compile_seconds=0.0, seconds=np.zeros((3, 2)))


def assert_same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_a_segment_is_from_one_evaluation_to_the_next(splits, trained):
    run(splits)
    assert trained == [(0, 20), (20, 33)]


def test_snapshots_are_the_weights_of_runs_that_end_there(splits):
    kept = run(splits, eval_steps=(6, 10, 20, 33), snapshots=(6, 20))
    for k, last in enumerate((6, 20)):
        ended = run(splits, eval_steps=(last,))
        assert ended.snapshots is None
        assert_same(jax.tree.map(lambda a, k=k: a[:, :, k], kept.snapshots), ended.params)
    without = run(splits, eval_steps=(6, 10, 20, 33))
    assert_same(kept._replace(snapshots=None), without)


@pytest.mark.parametrize("n_saved", [1, 2, 3])
def test_killed_before_and_after_a_snapshot_it_is_the_same(splits, tmp_path, monkeypatch, n_saved):
    config = {"eval_steps": (6, 10, 20, 33), "snapshots": (10, 20)}
    whole, save, left = run(splits, **config), checkpoints.save, iter(range(n_saved))

    def killed(*args, **trees):
        if next(left, None) is None:
            raise Killed
        save(*args, **trees)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save", killed)
        with pytest.raises(Killed):
            run(splits, tmp_path, **config)
    assert_same(run(splits, tmp_path, **config), whole)


def test_a_long_one_is_cut_evenly_and_the_numbers_are_the_same(splits, trained, monkeypatch):
    whole = run(splits)
    trained.clear()
    monkeypatch.setattr(segments, "BYTES_OF_INDICES", 4 * CONFIG.n_batch * len(SEEDS) * 8)  # of 8 updates
    assert_same(run(splits), whole)
    assert trained == [(0, 7), (7, 14), (14, 20), (20, 27), (27, 33)]


def test_one_that_takes_long_has_shorter_ones_after_it(splits, trained, monkeypatch):
    whole = run(splits)
    trained.clear()
    seconds = itertools.count(step=segments.SECONDS + 1)
    monkeypatch.setattr(processes, "clock", lambda: next(seconds))
    assert_same(run(splits), whole)
    assert trained == [(0, 20), (20, 27), (27, 30), (30, 31), (31, 32), (32, 33)]


def test_between_evaluations_a_checkpoint_comes_every_minute_and_is_resumed(splits, trained, tmp_path, monkeypatch):
    whole = run(splits)
    monkeypatch.setattr(segments, "BYTES_OF_INDICES", 4 * CONFIG.n_batch * len(SEEDS))  # of one update
    seconds = itertools.count(step=4)  # two looks at the clock a segment, and one a checkpoint
    monkeypatch.setattr(processes, "clock", lambda: next(seconds))
    saved, save = [], checkpoints.save

    def noted(file, of, **trees):
        if len(saved) == 4:
            raise Killed
        saved.append(int(trees["step"]))
        save(file, of, **trees)

    monkeypatch.setattr(checkpoints, "save", noted)
    with pytest.raises(Killed):
        run(splits, tmp_path)
    assert saved == [8, 16, 20, 28]
    trained.clear()
    monkeypatch.setattr(checkpoints, "save", save)
    assert_same(run(splits, tmp_path), whole)
    assert trained[0] == (28, 29)
