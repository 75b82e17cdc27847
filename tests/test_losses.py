import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import losses
from tests import reference

K = 10
ALL = losses.LOSSES


def naive_softmax(s, y):
    return -np.log(np.exp(s[y]) / np.sum(np.exp(s)))


def naive_sigmoid(s, y):
    p = 1 / (1 + np.exp(-s))
    return -np.mean([np.log(p[k]) if k == y else np.log(1 - p[k]) for k in range(K)])


def naive_hinge(s, y):
    return sum(max(0.0, s[k] - s[y] + 1) for k in range(K) if k != y)


NAIVE = {"softmax": naive_softmax, "sigmoid": naive_sigmoid, "hinge": naive_hinge}


@pytest.fixture(params=ALL)
def name(request):
    return request.param


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    y = rng.integers(0, K, 20)
    return rng.normal(0, 3, (20, K)), np.eye(K)[y], y


def test_every_loss_has_a_naive_reference():
    found = {key for key, value in vars(losses).items() if isinstance(value, losses.Loss)}
    assert found == ALL.keys() == NAIVE.keys()


def test_value_equals_naive_reference(x64, name, batch):
    logits, Y, y = batch
    expected = [NAIVE[name](s, k) for s, k in zip(logits, y, strict=True)]
    np.testing.assert_allclose(ALL[name].value(logits, Y), expected, rtol=1e-12)


def test_closed_form_equals_autodiff(x64, name, batch):
    logits, Y, _ = batch
    autodiff = jax.grad(lambda s: jnp.sum(ALL[name].value(s, Y)))(logits)
    np.testing.assert_allclose(ALL[name].derivative(logits, Y), autodiff, atol=1e-14)


def test_closed_form_equals_centred_differences(x64, name, batch):
    logits, Y, _ = batch
    h = 1e-6
    for k in range(K):
        step = h * np.eye(K)[k]
        difference = (ALL[name].value(logits + step, Y) - ALL[name].value(logits - step, Y)) / (2 * h)
        np.testing.assert_allclose(ALL[name].derivative(logits, Y)[:, k], difference, atol=1e-8)  # rounding / h


def test_vmap_equals_loop(x64, name, batch):
    logits, Y, _ = batch
    shifted = np.stack([logits, 2 * logits, -logits])
    together = jax.vmap(ALL[name].value, in_axes=(0, None))(shifted, Y)
    np.testing.assert_allclose(together, [ALL[name].value(s, Y) for s in shifted], rtol=1e-14)


def test_extreme_logits_stay_finite_and_right(name):
    logits = np.full((2, K), -1e4, np.float32)
    logits[:, 3] = 1e4
    Y = np.eye(K, dtype=np.float32)[[3, 7]]
    value, derivative = ALL[name].value(logits, Y), ALL[name].derivative(logits, Y)
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(derivative))
    assert np.all(np.isfinite(jax.grad(lambda s: jnp.sum(ALL[name].value(s, Y)))(logits)))
    assert value[0] < 1e-6 < 1e3 < value[1]  # right and sure of it; wrong and sure of it


@pytest.mark.parametrize(("loss", "expected"), [("softmax", np.log(K)), ("sigmoid", np.log(2)), ("hinge", K - 1)])
def test_loss_at_zero_logits(batch, loss, expected):
    _, Y, _ = batch
    np.testing.assert_allclose(ALL[loss].value(np.zeros((20, K)), Y), expected, rtol=1e-6)


def test_softmax_keeps_its_digits_where_logits_are_large():
    logits = np.array([[10_000.0, 10_001.0]], np.float32)
    np.testing.assert_allclose(losses.softmax.value(logits, np.array([[1.0, 0.0]])), np.log(1 + np.e), rtol=1e-6)


def test_hinge_derivative_is_zero_at_its_kink(x64):
    logits, Y = np.array([[2.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])  # the second margin is just kept
    np.testing.assert_array_equal(losses.hinge.derivative(logits, Y), np.zeros((1, 3)))
    autodiff = jax.grad(lambda s: jnp.sum(losses.hinge.value(s, Y)))(logits)
    np.testing.assert_array_equal(autodiff, np.zeros((1, 3)))


def test_softmax_derivative_is_p_minus_y(x64, batch):
    logits, Y, _ = batch
    np.testing.assert_allclose(losses.softmax.derivative(logits, Y), reference.softmax(logits) - Y, atol=1e-15)


def test_probabilities_are_those_of_the_cross_entropies(x64, batch):
    logits, Y, y = batch
    P, Q = (ALL[name].probabilities(logits) for name in ("softmax", "sigmoid"))
    np.testing.assert_allclose(P, reference.softmax(logits), rtol=1e-12)
    np.testing.assert_allclose(Q, 1 / (1 + np.exp(-logits)), rtol=1e-12)
    np.testing.assert_allclose(-np.log(P[np.arange(20), y]), losses.softmax.value(logits, Y), rtol=1e-12)
    binary = -np.mean(Y * np.log(Q) + (1 - Y) * np.log(1 - Q), axis=1)
    np.testing.assert_allclose(binary, losses.sigmoid.value(logits, Y), rtol=1e-10)
    assert losses.hinge.probabilities is None


def test_softmax_is_blind_to_a_shift_of_all_logits(x64, batch):
    logits, Y, _ = batch
    np.testing.assert_allclose(losses.softmax.value(logits + 7, Y), losses.softmax.value(logits, Y), rtol=1e-12)


def test_correct_takes_the_first_of_equal_logits():
    logits = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 2.0]])
    np.testing.assert_array_equal(losses.correct(logits, np.array([0, 2, 2])), [True, False, True])


@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_smoothing_is_the_mean_loss_over_labels_drawn(x64, batch, name):
    """With ε, a label is drawn from all K classes alike: the loss is linear in the labels."""
    logits, Y, _ = batch
    own, smoothing = ALL[name], 0.3
    smoothed = losses.smoothed(own, smoothing)
    for function, expected in ((smoothed.value, own.value), (smoothed.derivative, own.derivative)):
        of_classes = np.mean([expected(logits, np.tile(np.eye(K)[k], (20, 1))) for k in range(K)], axis=0)
        mixed = (1 - smoothing) * expected(logits, Y) + smoothing * of_classes
        np.testing.assert_allclose(function(logits, Y), mixed, rtol=1e-12)
    autodiff = jax.grad(lambda s: jnp.sum(smoothed.value(s, Y)))(logits)
    np.testing.assert_allclose(smoothed.derivative(logits, Y), autodiff, atol=1e-14)


def test_without_smoothing_the_loss_is_itself():
    assert losses.smoothed(losses.hinge, 0.0) is losses.hinge
    assert losses.smoothed(losses.softmax, 0.1) is losses.smoothed(losses.softmax, 0.1)  # so that nothing recompiles
