import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import activations, data, losses, names
from dd2424_jax.gradients import checks, differences, draws
from dd2424_jax.gradients.cases import Case
from tests import reference


def cubic(params):
    """Its derivatives of every order are known: Σ a³ + 2 Σ b²."""
    a, b = params
    return jnp.sum(a**3) + 2 * jnp.sum(b**2)


def test_differences_are_what_the_taylor_series_says(x64):
    a, b = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0])
    h = 1e-3
    centred, forward = jax.jit(lambda p: differences.differences(cubic, p, h))((a, b))
    np.testing.assert_allclose(centred[0], 3 * a**2 + h**2, atol=1e-10)
    np.testing.assert_allclose(forward[0], 3 * a**2 + 3 * a * h + h**2, atol=1e-10)
    np.testing.assert_allclose(centred[1], 4 * b, atol=1e-10)
    np.testing.assert_allclose(forward[1], 4 * b + 2 * h, atol=1e-10)


def drawn(case, name, loss):
    rng = np.random.default_rng(0)
    batch = data.Split(rng.integers(0, 256, (case.n, case.d), np.uint8), rng.integers(0, 10, case.n))
    return draws.draw(case, name, loss, batch, data.scale(batch.X), 0)


@pytest.mark.parametrize("part", [{}, {"activation": "gelu", "dropout": 0.5}])
@pytest.mark.parametrize(("name", "loss"), [*zip(names.HIDDEN, losses.LOSSES, strict=True)])
def test_perturbing_a_unit_equals_perturbing_the_whole_cost(x64, name, loss, part):
    case = Case("", 6, 5, 0.3, 1e-5, **part)
    own = losses.LOSSES[loss], activations.ACTIVATIONS[case.activation]
    by_units, whole = (
        checks.four_ways(case._replace(whole_cost=whole), drawn(case, name, loss), *own)[2:] for whole in (False, True)
    )
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9), by_units, whole)


def test_centred_differences_equal_a_numpy_loop(x64):
    case = Case("", 4, 5, 0.1, 1e-5, whole_cost=True)
    params, X, Y = drawn(case, "linear", "softmax")[1:4]
    _, _, centred, _ = checks.four_ways(case, drawn(case, "linear", "softmax"), losses.softmax)
    expected = reference.numerical(lambda p: reference.cost(p, X, Y.argmax(axis=1), case.lam), params, case.h)
    for layer, (W, b) in zip(centred, expected, strict=True):
        np.testing.assert_allclose(layer.W, W, atol=1e-9)
        np.testing.assert_allclose(layer.b, b, atol=1e-9)


def test_errors_are_the_courses():
    errors = differences.errors(np.array([1.0, 0.0]), np.array([1.1, 1e-9]), atol=1e-8, rtol=0.05)
    assert errors.absolute == pytest.approx(0.1)
    assert errors.relative == pytest.approx(0.1)  # 1e-9 / max(1e-8, 1e-9), which beats 0.1 / 2.1
    assert errors.mean_relative == pytest.approx((0.1 / 2.1 + 0.1) / 2)
    assert errors.within  # the first relatively, the second absolutely
    assert not differences.errors(np.array([1.0]), np.array([1.2]), atol=1e-8, rtol=0.05).within
    assert not differences.errors(np.array([np.nan]), np.array([1.0]), atol=1.0, rtol=1.0).within
