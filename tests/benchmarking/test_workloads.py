import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import data, train
from dd2424_jax.benchmarking import workloads
from dd2424_jax.programs import Programs
from tests import reference

HYPERS = train.Hypers(0.01, 1e-5, 0.1)


@pytest.mark.parametrize("sizes", [(3072, 10), (3072, 50, 10), (300, 40, 20, 10)])
def test_flops_are_what_xla_counts(sizes):
    split = data.Split(jnp.zeros((100, sizes[0]), np.uint8), jnp.zeros(100, np.uint8))
    config = train.Config(sizes, 100, (1,))
    state = jax.eval_shape(lambda: train.init_state(config, HYPERS, 0))
    scale = data.Scale(*np.ones((2, sizes[0]), np.float32))
    step = jax.jit(lambda *args: train.train_step(config, split, scale, HYPERS, *args, key=None))
    counted = step.lower(state, np.arange(100)).compile().cost_analysis()["flops"]
    by_formula = workloads.step_flops(sizes, 100)
    assert by_formula <= counted <= 1.1 * by_formula  # the products, and a few per cent of the rest


def test_flops_of_two_layers_by_hand():
    n, d, m, K = 100, 3072, 50, 10
    assert workloads.step_flops((d, m, K), n) == 4 * n * d * m + 6 * n * m * K
    assert workloads.image_flops((d, m, K)) == 2 * d * m + 2 * m * K


def test_bytes_of_a_linear_step_by_hand():
    assert workloads.step_bytes((3072, 10), 100, 4) == 12 * 30730 + 100 * 3072 / 4


def test_the_machines_products_and_copies_are_on_every_device():
    devices = jax.devices()[:2]
    calls = {
        **workloads.step_products(devices, units=6, n_batch=4, d=5),
        "product": workloads.product(devices, 8),
        "copy": workloads.copy(devices, 16),
    }
    shapes = {"forward": (2, 6, 4), "backward": (2, 6, 5), "product": (2, 8, 8), "copy": (2, 16)}
    for name, call in calls.items():
        array = call()
        assert array.shape == shapes[name]
        assert array.devices() == {*devices}
        np.testing.assert_array_equal(array[0], array[1])
    np.testing.assert_allclose(workloads.numpy_product(8)(), calls["product"]()[0], rtol=1e-4, atol=1e-5)


def test_what_is_timed_is_training_and_evaluation(monkeypatch, splits, x64):
    timed = {}

    class Recorded(Programs):
        def init(self, placement, *args):
            state = super().init(placement, *args)
            timed["start"] = placement.fetch(state.params)
            return state

        def segment(self, placement, *args):
            state = super().segment(placement, *args)
            timed["params"] = placement.fetch(state.params)
            return state

        def evaluate(self, placement, *args, fresh):
            metrics = super().evaluate(placement, *args, fresh=fresh)
            timed["cost"] = placement.fetch(metrics).cost
            return metrics

    monkeypatch.setattr(workloads, "Programs", Recorded)
    config = train.Config((12, 5, 3), 16, (6,), n_s=10)
    sweep = workloads.Sweep(config, (2, 2), splits, jax.devices()[:1], n_steps=6)
    sweep.train()
    sweep.evaluate()
    assert (sweep.n_steps, sweep.n_images) == (6, 2 * len(splits.valid.y))
    X, valid = (reference.standardize(split.X, splits.train.X) for split in (splits.train, splits.valid))
    batches = train.batch_indices([0, 1], 0, 6, len(X), 16)
    for (i, lam), seed in itertools.product(enumerate((1e-5, 0.1)), (0, 1)):
        start = [(layer.W[i, seed], layer.b[i, seed]) for layer in timed["start"]]
        params = reference.train(start, X, splits.train.y, batches[seed], lam, 1e-5, 0.1, 10)
        for layer, (W, b) in zip(timed["params"], params, strict=True):
            np.testing.assert_allclose(layer.W[i, seed], W, atol=1e-10)
            np.testing.assert_allclose(layer.b[i, seed], b, atol=1e-10)
        expected = reference.cost(params, valid, splits.valid.y, lam)
        np.testing.assert_allclose(timed["cost"][i, seed], expected, rtol=1e-9)
