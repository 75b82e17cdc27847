import jax
import numpy as np
import pytest
import scipy.stats

from dd2424_jax import activations

FORMULAS = {
    "relu": lambda s: max(0.0, s),
    "leaky_relu": lambda s: s if s > 0 else s / 100,
    "gelu": lambda s: s * scipy.stats.norm.cdf(s),
}
S = np.array([[-30.0, -1.5, -1e-3], [0.7, 2.0, 30.0]])


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_value_is_the_formulas(x64, name):
    expected = np.vectorize(FORMULAS[name])(S)
    np.testing.assert_allclose(activations.ACTIVATIONS[name].value(S), expected, rtol=1e-12, atol=1e-100)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_derivative_is_autodiffs_and_the_differences(x64, name):
    activation, h = activations.ACTIVATIONS[name], 1e-6
    derivative = activation.derivative(S)
    np.testing.assert_allclose(derivative, jax.grad(lambda s: activation.value(s).sum())(S), atol=1e-14)
    differences = (activation.value(S + h) - activation.value(S - h)) / (2 * h)
    np.testing.assert_allclose(derivative, differences, atol=1e-8)  # rounding / h


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_at_the_kink_closed_form_and_autodiff_take_the_same_side(name):
    activation = activations.ACTIVATIONS[name]
    assert activation.derivative(np.zeros(1, np.float32)) == jax.grad(lambda s: activation.value(s)[0])(np.zeros(1))
