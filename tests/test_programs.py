import jax
import numpy as np

from dd2424_jax import programs, train
from dd2424_jax.parallel.placement import Placement

CONFIG = train.Config(sizes=(12, 4, 3), n_batch=10, eval_steps=(3,))


def test_other_numbers_and_seeds_are_the_same_program(monkeypatch):
    traced = []
    step = train.train_step
    monkeypatch.setattr(train, "train_step", lambda *args: traced.append(1) or step(*args))
    compiled = programs.Programs(CONFIG)
    placement = Placement((2, 1), jax.devices()[:1])
    train_split = train.data.Split(np.zeros((20, 12), np.uint8), np.zeros(20, np.uint8))
    scale = train.data.Scale(np.zeros(12, np.float32), np.ones(12, np.float32))
    once = None
    for lam, seed in ((0.1, 1), (0.2, 7)):
        hypers = placement.put_settings(train.as_arrays(train.Hypers([lam, 0.0], 0.01, lam)))
        seeds = placement.put_seeds(np.array([seed], np.uint32))
        state = compiled.init(placement, hypers, seeds)
        batches = placement.put_seeds(np.zeros((1, 3, 10), np.int32))
        placed = placement.put_everywhere((train_split, scale))
        compiled.segment(placement, *placed, hypers, state, seeds, 0, batches)
        once = once or (len(traced), compiled.seconds)
        assert once == (len(traced), compiled.seconds)
    assert traced
