import numpy as np
import pytest

from dd2424_jax import comparisons, dunnett, power


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_power_is_the_share_of_searches_that_detect_the_difference(variances):
    """One comparison at the first step: of the best with a setting that is worse by the margin."""
    k, n, sd, margin = 5, 6, 0.004, 0.006
    rng = np.random.default_rng(0)
    scores = rng.normal(0, sd / np.sqrt(2), (2000, k, n))
    scores[:, 1] -= margin
    pairs = comparisons.compare(scores, np.ones((2000, k), bool))
    if variances == "equal":  # without the settings that would be compared separately
        squares = comparisons.interaction_squares(scores, np.ones((2000, k), bool), np.ones((2000, n), bool))
        variance = squares.sum(axis=1) / ((k - 1) * (n - 1))
        t = pairs.mean[:, 0, 1] / np.sqrt(2 * variance / n)
        detected = t > dunnett.critical(k - 1, (k - 1) * (n - 1), 0.05)
    else:
        detected = (pairs.mean / pairs.error > pairs.critical)[:, 0, 1]
    assert power.power(n, k, sd, margin, variances=variances) == pytest.approx(detected.mean(), abs=0.045)  # 4 errors


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_the_seeds_needed_are_the_fewest(variances):
    for k, sd, margin in ((8, 0.0048, 0.005), (2, 0.01, 0.005), (4, 0.02, 0.002)):
        n = power.seeds_needed(k, sd, margin, variances=variances)
        assert power.power(n, k, sd, margin, variances=variances) >= 0.8
        assert power.power(n - 1, k, sd, margin, variances=variances) < 0.8
    assert power.seeds_needed(8, 1e-4, 0.005, variances=variances) == 3


def test_what_no_number_of_seeds_shows_needs_none():
    assert power.seeds_needed(8, 0.1, 1e-4) is None
    for k, sd in ((8, 0.0), (8, np.nan), (1, 0.1)):
        assert power.seeds_needed(k, sd, 0.005) is None
        assert np.isnan(power.power(5, k, sd, 0.005))


def test_without_a_difference_power_is_the_level_of_one_comparison():
    assert power.power(7, 6, 0.01, 0.0) == pytest.approx(0.05 / 5, rel=1e-6)
