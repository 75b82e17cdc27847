import jax
import numpy as np
import pytest

from dd2424_jax import initializers, network


@pytest.mark.parametrize(("name", "expected"), [("fan_in", 1 / 3072), ("he", 2 / 3072), ("glorot", 2 / (3072 + 200))])
def test_variance_of_the_first_layers_weights(name, expected):
    initializer = initializers.INITIALIZERS[name]
    assert initializer(3072, 200) ** 2 == pytest.approx(expected)
    layer, _ = network.init(jax.random.key(0), (3072, 200, 10), initializer=initializer)
    assert np.var(layer.W) == pytest.approx(expected, rel=0.01)  # of 614,400: five standard errors


@pytest.mark.parametrize("name", ["he", "fan_in"])
def test_he_keeps_the_size_of_what_passes_a_relu(name):
    X = np.random.default_rng(0).normal(size=(200, 500))
    params = network.init(jax.random.key(1), (500,) * 4, initializer=initializers.INITIALIZERS[name])
    ratio = np.mean(np.square(network.forward(params, X))) / np.mean(np.square(X))
    assert ratio == pytest.approx({"he": 2.0, "fan_in": 0.25}[name], rel=0.2)  # the last layer has no ReLU
