import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import stats
from dd2424_jax.page import verdicts
from dd2424_jax.reporting import reports
from dd2424_jax.stats import Estimate


def sample(n, mean, sd):
    """Of just this mean and standard deviation."""
    values = np.arange(n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


@pytest.mark.parametrize(("mean", "verdict"), [(46.0, "reproduced"), (44.0, "below"), (48.0, "above")])
def test_reproduced_is_what_one_more_author_could_have(mean, verdict):
    table = verdicts.reproduced({("exercise3", 0.01, 0.1): Estimate(5, mean, 0.3, np.nan, np.nan)})
    ((name, said, ours, theirs, difference, _),) = table.rows
    assert (name, said) == ("Assignment 2, exercise 3", verdict)
    assert (ours, theirs) == (f"{mean:.2f} ± 0.30 (5)", "45.99 ± 0.51 (22)")
    low, high = scipy_stats.ttest_ind(
        sample(5, mean, 0.3), sample(22, 45.99, 0.51), equal_var=False
    ).confidence_interval()
    assert difference == f"{mean - 45.99:+.2f} ({low:+.2f} to {high:+.2f})"


def test_one_seed_has_no_interval():
    ((_, said, ours, _, difference, _),) = verdicts.reproduced(
        {("exercise3", 0.01, 0.1): Estimate(1, 46.0, np.nan, np.nan, np.nan)}
    ).rows
    assert (said, ours, difference) == ("reproduced", "46.00 (1)", "+0.01")


def test_a_report_s_number_is_one_run_of_ours_or_is_not():
    ours = {("assignment1", 0.0, 0.001): Estimate(20, 38.97, 0.16, np.nan, np.nan)}
    verdict_of = {row[0]: row[-2] for row in verdicts.of_reports(ours).rows}
    assert verdict_of == {"R1": "yes", "R2": "yes", "R4": "yes", "R5": "no"}


def test_what_was_not_run_or_diverged_has_no_row():
    assert verdicts.reproduced({}).rows == []
    assert verdicts.of_reports({("exercise3", 0.01, 0.1): stats.estimate([])}).rows == []


def test_every_number_is_of_something_that_authors_report_too():
    keys = [key for key, _ in reports.AUTHORS.values()]
    plain = {(key[0].removesuffix("-preset-r3"), *key[1:]) for _, _, key, *_ in reports.NUMBERS}
    assert plain <= {*keys}
