import four_ways
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import data, gradcheck, losses, network
from tests import reference


def cubic(params):
    """Terms whose sum has known derivatives of every order: Σ a³ + 2 Σ b²."""
    a, b = params
    return jnp.concatenate([jnp.ravel(a**3), 2 * b**2])


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_differences_are_the_taylor_series_says(x64, chunk):
    a, b = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0])
    h = 1e-3
    centred, forward = gradcheck.differences(cubic, (a, b), h, chunk)
    np.testing.assert_allclose(centred[0], 3 * a**2 + h**2, atol=1e-10)
    np.testing.assert_allclose(forward[0], 3 * a**2 + 3 * a * h + h**2, atol=1e-10)
    np.testing.assert_allclose(centred[1], 4 * b, atol=1e-10)
    np.testing.assert_allclose(forward[1], 4 * b + 2 * h, atol=1e-10)


@pytest.mark.parametrize("name", ["linear", "two-layer", "four-layer"])
@pytest.mark.parametrize("loss", losses.LOSSES)
def test_moving_a_layer_equals_moving_the_whole_cost(x64, name, loss):
    case = four_ways.Case("", 6, 5, 0.3, 1e-5)
    X, Y = problem(case)
    params = four_ways.draw_parameters(case, name, loss, X, Y, 0)
    by_layers = four_ways.cost_differences(params, X, Y, case.lam, case.h, losses.LOSSES[loss])
    whole = gradcheck.differences(lambda p: network.cost(p, X, Y, case.lam, loss=losses.LOSSES[loss]), params, case.h)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9), by_layers, tuple(whole))


def test_centred_differences_equal_a_numpy_loop(x64):
    case = four_ways.Case("", 4, 5, 0.1, 1e-5)
    X, Y = problem(case)
    params = four_ways.draw_parameters(case, "linear", "softmax", X, Y, 0)
    found = gradcheck.differences(lambda p: network.cost(p, X, Y, case.lam), params, case.h).centred
    expected = reference.numerical(lambda p: reference.cost(p, X, Y.argmax(axis=1), case.lam), params, case.h)
    for layer, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(layer.W, other[0], atol=1e-9)
        np.testing.assert_allclose(layer.b, other[1], atol=1e-9)


def test_errors_are_the_courses():
    found = gradcheck.errors(np.array([1.0, 0.0]), np.array([1.1, 1e-9]), atol=1e-8, rtol=0.05)
    assert found.absolute == pytest.approx(0.1)
    assert found.relative == pytest.approx(0.1)  # 1e-9 / max(1e-8, 1e-9), which beats 0.1 / 2.1
    assert found.within  # the first relatively, the second absolutely
    assert not gradcheck.errors(np.array([1.0]), np.array([1.2]), atol=1e-8, rtol=0.05).within
    assert not gradcheck.errors(np.array([np.nan]), np.array([1.0]), atol=1.0, rtol=1.0).within


def problem(case):
    rng = np.random.default_rng(0)
    return rng.standard_normal((case.n, case.d)), np.eye(10)[rng.integers(0, 10, case.n)]


def plant(wrong, monkeypatch):
    """Replace network.gradients by one that `wrong` spoils."""
    right = network.gradients

    def spoiled(params, X, Y, lam, *, loss=losses.softmax):
        return wrong(right, params, X, Y, lam, loss)

    monkeypatch.setattr(network, "gradients", spoiled)
    jax.clear_caches()


def half_penalty(right, params, X, Y, lam, loss):
    return right(params, X, Y, lam / 2, loss=loss)


def penalised_bias(right, params, X, Y, lam, loss):
    layers = zip(right(params, X, Y, lam, loss=loss), params, strict=True)
    return tuple(network.Layer(g.W, g.b + 2 * lam * layer.b) for g, layer in layers)


def mean_over_classes(right, params, X, Y, lam, loss):
    return right(params, X, Y, lam, loss=losses.Loss(loss.value, lambda S, Y: loss.derivative(S, Y) / Y.shape[1]))


def sum_over_examples(right, params, X, Y, lam, loss):
    return right(params, X, Y, lam, loss=losses.Loss(loss.value, lambda S, Y: loss.derivative(S, Y) * len(Y)))


def no_mask(right, params, X, Y, lam, loss):
    (W1, _), (W2, _) = params
    inputs = network.activations(params, X)
    G = loss.derivative(inputs[-1], Y) / len(Y)
    first = network.Layer((G @ W2).T @ X + 2 * lam * W1, jnp.sum(G @ W2, axis=0))
    return first, right(params, X, Y, lam, loss=loss)[1]


CHECKED = four_ways.Case("", 10, 8, 1.0, 1e-6)


@pytest.mark.parametrize("wrong", [half_penalty, penalised_bias, mean_over_classes, sum_over_examples, no_mask])
def test_the_classic_mistakes_fail(x64, monkeypatch, wrong):
    plant(wrong, monkeypatch)
    rows = four_ways.check(CHECKED, "two-layer", "softmax", *problem(CHECKED), 0)
    assert not all(row.passed for row in rows)


def test_the_right_gradient_passes(x64):
    jax.clear_caches()
    for loss in losses.LOSSES:
        rows = four_ways.check(CHECKED, "two-layer", loss, *problem(CHECKED), 0)
        assert all(row.passed for row in rows)


def test_parameters_stay_away_from_kinks(x64):
    case = four_ways.Case("", 100, 20, 1.0, 1e-6)
    X, Y = problem(case)
    for seed in range(5):
        (W1, b1), _ = four_ways.draw_parameters(case, "two-layer", "softmax", X, Y, seed)
        assert np.abs(X @ W1.T + b1).min() > four_ways.CLEARANCE
    assert 10 * max(case.h for case in four_ways.CASES) <= four_ways.CLEARANCE


def test_real_data_closed_form_is_autodiff(x64, real_data):
    batch = data.load("cifar10", real_data).batches[0]
    for case in four_ways.CASES:
        for row in four_ways.check(case, "linear", "softmax", *four_ways.images(batch, case), 0):
            assert row.passed
            assert row.autodiff.absolute < 1e-12
            assert row.single.absolute < 1e-5
