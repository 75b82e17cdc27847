import itertools

import jax
import numpy as np
import pytest

from dd2424_jax import activations, network
from tests import reference

SIZES = [(6, 4), (6, 5, 4), (6, 7, 5, 3, 4)]


@pytest.fixture(params=SIZES, ids=str)
def problem(request, x64):
    """(params, X, Y, y) with biases that are not zero."""
    rng = np.random.default_rng(1)
    sizes = request.param
    params = tuple(
        network.Layer(rng.normal(size=(m, d)) / np.sqrt(d), rng.normal(size=m)) for d, m in itertools.pairwise(sizes)
    )
    y = rng.integers(0, 4, 9)
    return params, rng.normal(size=(9, 6)), np.eye(4)[y], y


def test_forward_equals_numpy(problem):
    params, X, _, _ = problem
    np.testing.assert_allclose(network.forward(params, X), reference.forward(params, X)[1], rtol=1e-12)


def test_cost_equals_numpy(problem):
    params, X, Y, y = problem
    for lam in (0.0, 0.3):
        np.testing.assert_allclose(network.cost(params, X, Y, lam), reference.cost(params, X, y, lam), rtol=1e-12)


def assert_same(found, expected, **tolerance):
    assert len(found) == len(expected)
    for layer, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(layer[0], other[0], **tolerance)
        np.testing.assert_allclose(layer[1], other[1], **tolerance)


def test_closed_form_equals_autodiff(problem):
    params, X, Y, _ = problem
    for lam in (0.0, 0.3):
        found = network.gradients(params, X, Y, lam)
        assert jax.tree.structure(found) == jax.tree.structure(params)
        assert_same(found, jax.grad(network.cost)(params, X, Y, lam), atol=1e-14)


def test_closed_form_equals_numpy(problem):
    params, X, Y, y = problem
    assert_same(network.gradients(params, X, Y, 0.3), reference.gradients(params, X, y, 0.3), atol=1e-13)


def test_closed_form_equals_centred_differences(problem):
    params, X, Y, y = problem
    expected = reference.numerical(lambda p: reference.cost(p, X, y, 0.3), params, 1e-5)
    assert_same(network.gradients(params, X, Y, 0.3), expected, atol=1e-9)  # h² and rounding / h


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.values(), ids=activations.ACTIVATIONS)
def test_with_masks_and_activations_closed_form_equals_autodiff(problem, activation):
    params, X, Y, _ = problem
    rng = np.random.default_rng(2)
    masks = tuple((rng.random((9, len(layer.b))) < 0.5) / 0.5 for layer in params[:-1])
    own = {"activation": activation, "masks": masks}
    closed, autodiff = (f(params, X, Y, 0.3, **own) for f in (network.gradients, jax.grad(network.cost)))
    assert_same(closed, autodiff, atol=1e-13)


def test_a_masked_unit_is_as_if_it_were_not_there(problem):
    params, X, _, _ = problem
    if len(params) == 1:
        return
    (first, *others), masks = params, tuple(np.ones((9, len(layer.b))) for layer in params[:-1])
    masks[0][:, 2] = 0
    without = network.Layer(np.delete(first.W, 2, axis=0), np.delete(first.b, 2))
    second = network.Layer(np.delete(others[0].W, 2, axis=1), others[0].b)
    expected = network.forward((without, second, *others[1:]), X)
    np.testing.assert_allclose(network.forward(params, X, masks=masks), expected, rtol=1e-12)


def test_penalty_is_2_lam_W_and_spares_biases(problem):
    params, X, Y, _ = problem
    with_penalty, without = (network.gradients(params, X, Y, lam) for lam in (0.5, 0.0))
    for layer, a, b in zip(params, with_penalty, without, strict=True):
        np.testing.assert_allclose(a.W - b.W, 2 * 0.5 * layer.W, atol=1e-14)
        np.testing.assert_array_equal(a.b, b.b)


def test_cost_is_a_mean_over_examples(problem):
    params, X, Y, _ = problem
    twice = network.cost(params, np.concatenate([X, X]), np.concatenate([Y, Y]), 0.1)
    np.testing.assert_allclose(twice, network.cost(params, X, Y, 0.1), rtol=1e-13)


def test_loss_at_zero_params_is_log_K():
    params = (network.Layer(np.zeros((10, 3)), np.zeros(10)),)
    np.testing.assert_allclose(network.cost(params, np.ones((4, 3)), np.eye(10)[:4], 1.0), np.log(10), rtol=1e-6)


def test_init_scales_by_fan_in():
    params = network.init(jax.random.key(0), (3072, 400, 300))
    for layer, fan_in in zip(params, (3072, 400), strict=True):
        assert np.std(layer.W) == pytest.approx(fan_in**-0.5, rel=0.02)  # 120,000 draws or more
        assert abs(np.mean(layer.W)) < 4 * fan_in**-0.5 / np.sqrt(layer.W.size)
        assert not np.any(layer.b)


def test_init_takes_a_given_std():
    (layer,) = network.init(jax.random.key(0), (3072, 10), std=0.01)
    assert layer.W.shape == (10, 3072)
    assert np.std(layer.W) == pytest.approx(0.01, rel=0.02)


def test_layers_and_keys_draw_different_weights():
    first, second = network.init(jax.random.key(0), (8, 8, 8)), network.init(jax.random.key(1), (8, 8, 8))
    assert not np.allclose(first[0].W, first[1].W)
    assert not np.allclose(first[0].W, second[0].W)
