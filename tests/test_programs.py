import dataclasses
import functools

import jax
import numpy as np
import pytest

from dd2424_jax import configs, precisions, programs, sweep, train
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
        hypers = placement.put_settings(configs.as_arrays(train.Hypers([lam, 0.0], 0.01, lam)))
        seeds = placement.put_seeds(np.array([seed], np.uint32))
        state = compiled.init(placement, hypers, seeds)
        batches = placement.put_seeds(np.zeros((1, 3, 10), np.int32))
        placed = placement.put_everywhere((train_split, scale))
        compiled.segment(placement, *placed, hypers, state, seeds, 0, batches)
        once = once or (len(traced), compiled.seconds)
        assert once == (len(traced), compiled.seconds)
    assert traced


@pytest.mark.parametrize(
    ("precision", "shape"),  # settings and seeds: divided by seeds, and by settings
    [("bfloat16", (1, 3)), ("bfloat16", (3, 2)), ("highest", (3, 2))],
)
def test_every_precision_and_layout_trains_as_one_run_does(splits, precision, shape):
    config = train.Config((12, 5, 3), 16, (20,), n_s=10, precision=precisions.PRECISIONS[precision])
    hypers, seeds = configs.as_arrays(train.Hypers([0.0, 0.01, 0.3][: shape[0]], 1e-3, 0.2)), [5, 0, 11][: shape[1]]
    many = sweep.run(config, hypers, seeds, splits, devices=jax.devices()[:2]).params

    @functools.partial(jax.jit, static_argnums=0)
    def alone(config, hypers, seed, batches):
        state = train.init_state(config, hypers, seed)
        scale = jax.tree.map(np.float32, splits.scale)
        return train.segment(config, splits.train, scale, hypers, state, seed, 0, batches).params

    for i, j in np.ndindex(shape):
        (batches,) = train.batch_indices([seeds[j]], 0, 20, 240, 16)
        # Its images are not packed; and a sum in another order may round to bfloat16's next number.
        expected = alone(config, hypers.at(i), seeds[j], batches)
        for layer, own in zip(expected, many, strict=True):
            np.testing.assert_allclose(own.W[i, j], layer.W, atol=2e-3 if precision == "bfloat16" else 1e-6)
    plain = alone(dataclasses.replace(config, precision=precisions.float32), hypers.at(0), seeds[0], batches)
    rounded = np.abs(plain[0].W - alone(config, hypers.at(0), seeds[0], batches)[0].W).max() > 1e-4
    assert rounded == (precision == "bfloat16")
