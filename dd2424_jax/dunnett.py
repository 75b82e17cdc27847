"""Dunnett's (1955) one-sided comparisons of m settings with one setting, by their own quadrature."""

from functools import lru_cache

import numpy as np
from scipy import special  # scipy.stats takes long to import, and its integrals milliseconds each


def tail(t: float, m: int, freedom: int) -> float:
    """P(max_{i ≤ m} T_i ≥ t), T_i = (Z_i − Z_0) / (√2 s): Dunnett's m comparisons with one setting, correlated by 1/2.

    Given s and Z_0 = −z the T_i are independent: 1 − ∫ f(s) ∫ φ(z) Φ(√2 t s + z)^m dz ds, where freedom · s² is
    chi-squared, by Gauss-Legendre in s and the trapezoidal rule in z.
    """
    s, density, z, normal = _nodes(freedom)
    inside = special.log_ndtr(np.sqrt(2) * t * s[:, None] + z)
    return float(-density @ np.expm1(m * inside) @ normal)


@lru_cache
def _nodes(freedom: int):
    """Nodes and weights of s, [32], and of a standard normal z, [33]."""
    half = freedom / 2
    low, high = np.sqrt(special.gammaincinv(half, 1e-14) / half), np.sqrt(special.gammainccinv(half, 1e-14) / half)
    nodes, weights = np.polynomial.legendre.leggauss(32)
    s = low + (high - low) * (nodes + 1) / 2
    log_density = np.log(2) + half * np.log(half) - special.gammaln(half) + (freedom - 1) * np.log(s) - half * s**2
    z = np.linspace(-8, 8, 33)
    normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    return s, weights * (high - low) / 2 * np.exp(log_density), z, normal


@lru_cache(maxsize=4096)
def critical(m: int, freedom: int, alpha: float) -> float:
    """One-sided critical value of m comparisons with one setting (Dunnett, 1955), correlated by 1/2."""
    low, high = (special.stdtrit(freedom, 1 - level) for level in (alpha, alpha / m))  # one comparison; Bonferroni
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, m, freedom) > alpha else (low, middle)
    return float((low + high) / 2)
