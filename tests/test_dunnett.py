import math

import numpy as np
import pytest
from scipy import integrate, special
from scipy import stats as scipy_stats

from dd2424_jax import dunnett

# One-sided, 5 %, equal group sizes (correlation 1/2): Dunnett (1955), table 1a.
PUBLISHED = {
    5: [2.02, 2.44, 2.68, 2.85, 2.98, 3.08, 3.16],
    10: [1.81, 2.15, 2.34, 2.47, 2.56, 2.64, 2.70],
    20: [1.72, 2.03, 2.19, 2.30, 2.39, 2.46, 2.51],
    100_000: [1.64, 1.92, 2.06, 2.16, 2.23, 2.29, 2.34],
}


@pytest.mark.parametrize("freedom", PUBLISHED)
def test_critical_values_are_those_of_dunnetts_table(freedom):
    values = [dunnett.critical(m, freedom, 0.05) for m in range(1, 8)]
    np.testing.assert_allclose(values, PUBLISHED[freedom], atol=0.0051)


@pytest.mark.parametrize(("t", "m", "freedom"), [(2.0, 7, 14), (6.0, 7, 2), (-1.0, 2, 5)])
def test_the_tail_is_the_double_integral(t, m, freedom):
    chi = scipy_stats.chi(freedom, scale=1 / math.sqrt(freedom))  # of s

    def given(s):
        return integrate.quad(lambda z: math.exp(-z * z / 2) * special.ndtr(math.sqrt(2) * t * s + z) ** m, -8, 8)[0]

    inside = integrate.quad(lambda s: chi.pdf(s) * given(s), 0, 7, epsabs=1e-8)[0] / math.sqrt(2 * math.pi)
    assert dunnett.tail(t, m, freedom) == pytest.approx(1 - inside, abs=1e-6)


def test_p_values_are_scipys():
    rng = np.random.default_rng(0)
    control, *groups = rng.normal([[0.0], [0.2], [0.9], [1.5]], 1, (4, 6))
    test = scipy_stats.dunnett(*groups, control=control, alternative="greater", random_state=rng)
    p = [dunnett.tail(t, 3, 20) for t in test.statistic]
    np.testing.assert_allclose(p, test.pvalue, atol=2e-3)  # scipy's integral is random


def test_one_comparison_is_students_t():
    for t in (-1.0, 2.0, 5.0):
        assert dunnett.tail(t, 1, 8) == pytest.approx(special.stdtr(8, -t), rel=1e-6)
    assert dunnett.critical(1, 8, 0.05) == pytest.approx(special.stdtrit(8, 0.95))


def test_critical_values_lie_between_one_comparison_and_bonferroni():
    for m, freedom, alpha in ((7, 14, 0.05), (3, 2, 0.01), (40, 1000, 0.001)):
        single, bonferroni = special.stdtrit(freedom, 1 - np.array([alpha, alpha / m]))
        assert single < dunnett.critical(m, freedom, alpha) < bonferroni
        assert dunnett.tail(dunnett.critical(m, freedom, alpha), m, freedom) == pytest.approx(alpha, rel=1e-6)
