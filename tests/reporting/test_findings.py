import json

import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import stats
from dd2424_jax.reporting import findings
from dd2424_jax.reporting.effects import alone, difference, one_run, ratio
from dd2424_jax.reporting.findings import Claim, Finding
from dd2424_jax.reporting.measures import POINTS, Measure
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import RUNS
from tests.reporting.results import concluded, near

pytestmark = pytest.mark.filterwarnings("error")
EMPTY = Report([], [], {}, {"choice": 1})
A, B = {"lam": 0.01}, {"lam": 0.1}
SCORE = Measure(lambda result: result.outcome.valid.accuracy[..., -1], POINTS, RUNS)
CLAIMS = [
    Claim("0.01 beats 0.1", difference(SCORE, A, B), ">", "R1 +3.00"),
    Claim("0.1 beats 0.01", difference(SCORE, B, A), ">"),
    Claim("half as good", ratio(SCORE, B, A), "<", "R2", 0.5),
    Claim("a third setting", alone(SCORE, {"lam": 1.0}), ">"),
    Claim("R1's 49 %", one_run(SCORE, A, 0.49), "=", "R1 49.00 %"),
]


def result(n_seeds=6):
    rng = np.random.default_rng(6)
    return concluded([0.01, 0.1], scores=near(0.5, 0.4, n_seeds=n_seeds) + rng.normal(0, 0.01, (2, n_seeds)))


@pytest.mark.parametrize("side", ["<", ">"])
@pytest.mark.parametrize("threshold", [0.0, 0.02])
@pytest.mark.parametrize(
    ("low", "high", "where"),
    [(0.5, 1, "above"), (-1, -0.5, "below"), (-1, 1, "on"), (0.0, 1, "on"), (-1, 0.0, "on"), (np.nan, np.nan, "on")],
)
def test_the_verdict_follows_from_the_side_of_the_interval_alone(side, threshold, low, high, where):
    claim = Claim("text", alone(SCORE, A), side, threshold=threshold)
    shown = 100 * threshold  # in points
    finding = Finding(claim, stats.Estimate(5, shown + 7, 1.0, shown + low, shown + high), "seed")
    claimed = {">": "above", "<": "below"}[side]
    assert finding.verdict == ("cannot be told" if where == "on" else "supported" if where == claimed else "refuted")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1, 2, "refuted"), (-2, -1, "refuted"), (-1, 2, "compatible"), (np.nan, np.nan, "cannot be told")],
)
def test_a_published_run_is_refuted_or_compatible(low, high, verdict):
    assert Finding(CLAIMS[-1], stats.Estimate(5, 1.0, 1.0, low, high), "seed").verdict == verdict


def test_verdicts_hold_simultaneously_over_the_claims_and_over_the_published_runs():
    own = result()
    found = findings.find(own, CLAIMS, quoted=True)
    assert [finding.claim.text for finding in found] == [
        "0.01 beats 0.1",
        "0.1 beats 0.01",
        "half as good",
        "R1's 49 %",
    ]
    a, b = own.outcome.scores
    differences = 100 * np.stack([a - b, b - a])
    p = np.array([scipy_stats.ttest_1samp(values, 0).pvalue for values in (*differences, b / a - 0.5)])
    confidences = 1 - 0.05 / (3 - np.argsort(np.argsort(p)))  # all of Holm's steps, as each rejects
    for finding, values, confidence in zip(found, differences, confidences, strict=False):
        np.testing.assert_allclose(finding.estimate, stats.estimate(values, confidence), rtol=1e-6)
    assert [finding.verdict for finding in found] == ["supported", "refuted", "refuted", "compatible"]
    expected = stats.prediction(stats.estimate(100 * a))  # of a family of one
    assert found[-1].estimate.high - found[-1].estimate.low == pytest.approx(expected[1] - expected[0])
    assert len(findings.find(own, CLAIMS, quoted=False)) == 3  # no published run


def test_differences_have_the_verdicts_and_intervals_that_stats_gives_them():
    rng = np.random.default_rng(1)
    scores = near(0.5, 0.5, 0.5, 0.4, n_seeds=8) + rng.normal(0, 0.01, (4, 8)) + np.array([[0.01], [0], [0], [0]])
    own = concluded([0.001, 0.01, 0.1, 1.0], scores=scores)
    pairs = [(0, 1), (0, 2), (1, 2), (2, 3)]
    lams = own.plan.hypers.lam
    claims = [Claim(str((i, j)), difference(SCORE, {"lam": lams[i]}, {"lam": lams[j]}), ">") for i, j in pairs]
    expected = stats.simultaneous([100 * (own.outcome.scores[i] - own.outcome.scores[j]) for i, j in pairs])
    for finding, (estimate, p) in zip(findings.find(own, claims, quoted=False), expected, strict=True):
        np.testing.assert_allclose(finding.estimate, estimate, rtol=1e-6)
        assert (finding.verdict != "cannot be told") == (p <= 0.05)


def test_a_claim_is_wrongly_told_as_rarely_as_it_says():
    rng, wrong, n = np.random.default_rng(0), 0, 200
    claims = [Claim("a null", difference(SCORE, A, B), ">"), Claim("true", alone(SCORE, A), ">")]
    claims += [Claim("another", ratio(SCORE, B, A), "<", threshold=1.0)]
    for _ in range(n):
        own = concluded([0.01, 0.1], scores=0.5 + rng.normal(0, 0.01, (2, 6)))
        null, true, other = findings.find(own, claims, quoted=False)
        assert true.verdict == "supported"
        wrong += null.verdict != "cannot be told" or other.verdict != "cannot be told"
    assert wrong / n < 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / n)


def test_a_sentence_is_made_of_the_numbers():
    estimate = stats.Estimate(20, 0.17, 0.2, 0.05, 0.29)
    finding = Finding(Claim("λ = 0.1 beats λ = 0", difference(SCORE, A, B), ">"), estimate, "seed")
    expected = "λ = 0.1 beats λ = 0: +0.17 points (+0.05 to +0.29, 20 seeds; runs.csv): supported"
    assert finding.sentence == expected
    few = finding._replace(estimate=stats.Estimate(1, 0.17, *[np.nan] * 3))
    assert few.sentence.endswith("+0.17 points (no interval, 1 seed; runs.csv): cannot be told")
    none = finding._replace(estimate=stats.estimate([]))
    assert none.sentence.endswith(": – (no interval, 0 seeds; runs.csv): cannot be told")


def test_reports_are_quoted_only_where_they_may_be():
    own = result()
    quoted = findings.add(EMPTY, own, CLAIMS, "who they are")
    plain = findings.add(EMPTY, own, CLAIMS)
    assert quoted.remarks == ["who they are"]
    assert plain.remarks == []
    assert quoted.tables[0].header == ["claim", "reports", "effect", "interval", "seeds", "verdict", "file"]
    assert plain.tables[0].header == ["claim", "effect", "interval", "seeds", "verdict", "file"]
    assert quoted.tables[0].rows[0][:3] == ["0.01 beats 0.1", "R1 +3.00", quoted.tables[0].rows[0][2]]
    assert "R1" not in str(plain)
    assert "SYNTHETIC" in plain.tables[0].caption
    assert "(Holm over 3 claims)" in plain.tables[0].caption
    assert "prediction" in quoted.tables[0].caption
    assert "prediction" not in plain.tables[0].caption


def test_the_summary_has_every_finding():
    summary = findings.add(EMPTY, result(n_seeds=1), CLAIMS, "who").summary
    assert summary["choice"] == 1
    first = summary["findings"][0]
    numbers, texts = ["effect", "low", "high", "n"], ["amount", "interval", "unit", "verdict", "sentence"]
    assert {*first} == {"claim", "reports", "file", *numbers, *texts}
    assert (first["n"], first["unit"], first["verdict"], first["file"]) == (1, "points", "cannot be told", "runs.csv")
    json.dumps(summary)


def test_no_claim_of_the_plans_settings_no_findings():
    assert findings.add(EMPTY, result(), CLAIMS[3:4], "who") == EMPTY
    raced = result()
    raced = raced._replace(plan=raced.plan._replace(race=object()))
    assert findings.find(raced, CLAIMS, quoted=True) == []
