"""Matrix products that round their inputs. All else (weights, penalty, loss, statistics) stays as it is: float32.

A product takes A [m, k] and B [k, n] and returns A B [m, n]. Those in its derivatives round their inputs alike.
"""

import jax
import jax.numpy as jnp

from dd2424_jax import names


def float32(A, B):
    """As the device does by default: a CPU rounds nothing, NVIDIA's GPUs from the A100 on round to TF32."""
    return A @ B


def tf32(A, B):
    """To TF32, which has 11 significant bits; sums in float32. Of NVIDIA's GPUs from the A100 on."""
    return jnp.matmul(A, B, precision=jax.lax.DotAlgorithmPreset.TF32_TF32_F32)


def highest(A, B):
    """Nothing is rounded, on any device."""
    return jnp.matmul(A, B, precision=jax.lax.Precision.HIGHEST)


@jax.custom_vjp
def bfloat16(A, B):
    """To bfloat16, which has 8 significant bits; sums in float32."""
    return _bfloat16_forward(A, B)[0]


def _bfloat16_forward(A, B):
    a, b = A.astype(jnp.bfloat16), B.astype(jnp.bfloat16)
    return _sums(a, b, A.dtype), (a, b)


def _bfloat16_backward(rounded, G):
    # JAX's own derivative of a product of bfloat16 would round the result, and not G.
    (a, b), g = rounded, _as_it_is(G.astype(jnp.bfloat16))
    return _sums(g, b.T, G.dtype), _sums(a.T, g, G.dtype)


def _sums(a, b, dtype):
    return _as_it_is(jnp.matmul(a, b, preferred_element_type=jnp.float32)).astype(dtype)


# Else XLA may make of A B the transpose of Bᵀ Aᵀ, and a CPU has no product of two transposed matrices of bfloat16.
_as_it_is = jax.lax.optimization_barrier


bfloat16.defvjp(_bfloat16_forward, _bfloat16_backward)

PRECISIONS = {name: globals()[name] for name in names.PRECISIONS}


def pack(X):
    """X rounded to bfloat16, as its bits, uint16: a CPU gathers rows of bfloat16 by way of a float32 copy of all."""
    return jax.lax.bitcast_convert_type(X.astype(jnp.bfloat16), jnp.uint16)


def unpack(bits):
    """What `pack` was given, rounded, in float32."""
    return jax.lax.bitcast_convert_type(bits, jnp.bfloat16).astype(jnp.float32)
