import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import losses, names
from dd2424_jax.gradients import cases, differences
from tests import reference


def cubic(params):
    """Terms whose sum has known derivatives of every order: Σ a³ + 2 Σ b²."""
    a, b = params
    return jnp.concatenate([jnp.ravel(a**3), 2 * b**2])


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_differences_are_what_the_taylor_series_says(x64, chunk):
    a, b = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0])
    h = 1e-3
    centred, forward = jax.jit(lambda p: differences.differences(cubic, p, h, chunk))((a, b))
    np.testing.assert_allclose(centred[0], 3 * a**2 + h**2, atol=1e-10)
    np.testing.assert_allclose(forward[0], 3 * a**2 + 3 * a * h + h**2, atol=1e-10)
    np.testing.assert_allclose(centred[1], 4 * b, atol=1e-10)
    np.testing.assert_allclose(forward[1], 4 * b + 2 * h, atol=1e-10)


def problem(n, d):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), np.eye(10)[rng.integers(0, 10, n)]


@pytest.mark.parametrize(("name", "loss"), [*zip(names.HIDDEN, losses.LOSSES, strict=True)])
def test_perturbing_a_layer_equals_perturbing_the_whole_cost(x64, name, loss):
    case = cases.Case("", 6, 5, 0.3, 1e-5)
    X, Y = problem(case.n, case.d)
    params = cases.draw_parameters(case, name, loss, X, Y, 0)
    by_layers, whole = (
        cases.four_ways(params, X, Y, case.lam, case.h, losses.LOSSES[loss], whole_cost=whole_cost)[2:]
        for whole_cost in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9), by_layers, whole)


def test_centred_differences_equal_a_numpy_loop(x64):
    case = cases.Case("", 4, 5, 0.1, 1e-5)
    X, Y = problem(case.n, case.d)
    params = cases.draw_parameters(case, "linear", "softmax", X, Y, 0)
    _, _, centred, _ = cases.four_ways(params, X, Y, case.lam, case.h, losses.softmax, whole_cost=True)
    expected = reference.numerical(lambda p: reference.cost(p, X, Y.argmax(axis=1), case.lam), params, case.h)
    for layer, (W, b) in zip(centred, expected, strict=True):
        np.testing.assert_allclose(layer.W, W, atol=1e-9)
        np.testing.assert_allclose(layer.b, b, atol=1e-9)


def test_errors_are_the_courses():
    errors = differences.errors(np.array([1.0, 0.0]), np.array([1.1, 1e-9]), atol=1e-8, rtol=0.05)
    assert errors.absolute == pytest.approx(0.1)
    assert errors.relative == pytest.approx(0.1)  # 1e-9 / max(1e-8, 1e-9), which beats 0.1 / 2.1
    assert errors.within  # the first relatively, the second absolutely
    assert not differences.errors(np.array([1.0]), np.array([1.2]), atol=1e-8, rtol=0.05).within
    assert not differences.errors(np.array([np.nan]), np.array([1.0]), atol=1.0, rtol=1.0).within
