import jax
import ml_dtypes
import numpy as np
import pytest

from dd2424_jax import losses, network, precisions

ON_A_CPU = ("float32", "bfloat16", "highest")


def rounded(a) -> np.ndarray:
    """To bfloat16, by another library than XLA's; in float64."""
    return np.asarray(a, ml_dtypes.bfloat16).astype(np.float64)


def normal(*shape) -> np.ndarray:
    return np.random.default_rng(len(shape)).standard_normal(shape, np.float32)


@pytest.mark.parametrize("name", ON_A_CPU)
def test_a_product_and_its_derivative_round_their_inputs_alike(name):
    round_ = rounded if name == "bfloat16" else np.float64
    A, B, G = normal(5, 40), normal(1, 40, 7)[0], normal(1, 1, 5, 7)[0, 0]
    product, derivative = jax.vjp(precisions.PRECISIONS[name], A, B)
    np.testing.assert_allclose(product, round_(A) @ round_(B), atol=1e-5)
    for found, expected in zip(derivative(G), (round_(G) @ round_(B).T, round_(A).T @ round_(G)), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ON_A_CPU)
@pytest.mark.parametrize("loss", losses.LOSSES)
def test_the_closed_form_is_the_gradient_in_every_precision(loss, name):
    params = network.init(jax.random.key(0), (30, 8, 6, 4), std=0.3)
    X, Y = normal(9, 30), np.eye(4, dtype=np.float32)[np.arange(9) % 4]
    of = {"loss": losses.LOSSES[loss], "product": precisions.PRECISIONS[name]}
    closed, autodiff = network.gradients(params, X, Y, 0.1, **of), jax.grad(network.cost)(params, X, Y, 0.1, **of)
    # A sum in another order may round to bfloat16's next number.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=4e-3 if name == "bfloat16" else 1e-6), closed, autodiff
    )


def test_bfloat16_is_not_float32():
    A, B = normal(20, 20), normal(1, 20, 20)[0]
    difference = np.abs(precisions.bfloat16(A, B) - precisions.float32(A, B)).max()
    assert 1e-3 < difference < 0.2


@pytest.mark.parametrize("shape", [(1, 3, 8), (4, 3, 8), (8, 1, 2)])
def test_a_cpu_has_the_products_of_many_networks(shape):
    """XLA's CPU backend refuses some layouts of bfloat16: those of updates and evaluations are none of them."""
    n_settings, n, m = shape
    X, Y = normal(n, 30), np.eye(4, dtype=np.float32)[np.arange(n) % 4]
    params = network.init(jax.random.key(0), (30, m, m, 4))
    stacked = jax.tree.map(lambda a: np.stack([a] * n_settings), params)

    def gradient(params):
        return jax.grad(network.cost)(params, X, Y, 0.1, product=precisions.bfloat16)

    many = jax.jit(jax.vmap(gradient))(stacked)
    for one, own in zip(jax.tree.leaves(gradient(params)), jax.tree.leaves(many), strict=True):
        np.testing.assert_allclose(own, np.stack([one] * n_settings), atol=5e-3)


def test_what_is_packed_is_rounded_once():
    X = normal(6, 50)
    packed = precisions.pack(X)
    assert packed.dtype == np.uint16
    np.testing.assert_array_equal(precisions.unpack(packed), rounded(X))
    np.testing.assert_array_equal(precisions.pack(precisions.unpack(packed)), packed)
