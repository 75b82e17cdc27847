"""Published claims against a result: an effect over seeds, its interval, and the verdict that follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax import stats
from dd2424_jax.reporting import labels, tables
from dd2424_jax.reporting.effects import Effect, Estimator
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result

ALPHA = 0.05  # of all findings of an experiment together
LEAST_P = 1e-12  # that is told from 0


class Claim(NamedTuple):
    """What reports say, as an inequality: that an effect is above or below a threshold.

    text       the claim, from which it is clear of what the effect is
    side       ">" or "<" the threshold; "=" of a published run, that it is a run of the setting: an effect of 0
    reports    who says it, with the published numbers
    threshold  in the measure's own numbers: fractions, not points
    """

    text: str
    effect: Effect
    side: str
    reports: str = ""
    threshold: float = 0.0


class Finding(NamedTuple):
    """A claim, and the estimate of its effect, in its unit and with its simultaneous interval."""

    claim: Claim
    estimate: stats.Estimate
    n_of: str  # "seed", or "held-out set"

    @property
    def verdict(self) -> str:
        """By the interval alone: without one, it cannot be told."""
        side, threshold = self.claim.side, self.claim.effect.unit.scale * self.claim.threshold
        above, below = self.estimate.low > threshold, self.estimate.high < threshold
        if side == "=":
            return "refuted" if above or below else "compatible" if self.has_interval else "cannot be told"
        supported, refuted = (above, below) if side == ">" else (below, above)
        return "supported" if supported else "refuted" if refuted else "cannot be told"

    @property
    def has_interval(self) -> bool:
        return self.estimate.low <= self.estimate.high  # not where they are NaN

    @property
    def amount(self) -> str:
        unit = self.claim.effect.unit
        return f"{self.estimate.mean:{unit.form}} {unit.name}".strip() if self.estimate.n else "–"

    @property
    def interval(self) -> str:
        form = self.claim.effect.unit.form
        return f"{self.estimate.low:{form}} to {self.estimate.high:{form}}" if self.has_interval else "no interval"

    @property
    def sentence(self) -> str:
        n = labels.count(self.estimate.n, self.n_of)
        return f"{self.claim.text}: {self.amount} ({self.interval}, {n}; {self.claim.effect.file}): {self.verdict}"

    def as_json(self, *, quoted: bool) -> dict:
        _, unit, file = self.claim.effect
        estimate = self.estimate
        return {
            "claim": self.claim.text,
            "reports": self.claim.reports if quoted else "",
            **{"effect": estimate.mean, "low": estimate.low, "high": estimate.high, "n": estimate.n, "unit": unit.name},
            **{"amount": self.amount, "interval": self.interval},  # as text, with the unit
            **{"verdict": self.verdict, "file": file, "sentence": self.sentence},
        }


def find(result: Result, claims: Sequence[Claim], *, quoted: bool) -> list[Finding]:
    """Of the claims whose settings the plan has; of published runs only where they are `quoted`.

    The verdicts hold simultaneously, those on claims and those on published runs: a verdict is wrong with a probability
    of at most ALPHA. Seeds that diverged in a setting of an effect are left out of it. None in a race, whose results
    decide how many seeds there are.
    """
    if result.plan.race is not None:
        return []
    asked = [(claim, claim.effect.of(result)) for claim in claims if quoted or claim.side != "="]
    asked = [(claim, estimator) for claim, estimator in asked if estimator is not None]
    n_of = "seed" if len(result.plan.folds) == 1 else "held-out set"
    estimates: dict[int, stats.Estimate] = {}
    for published in (False, True):
        family = [i for i, (claim, _) in enumerate(asked) if (claim.side == "=") == published]
        estimates |= zip(family, _step_down([asked[i] for i in family]), strict=True)
    return [Finding(claim, estimates[i], n_of) for i, (claim, _) in enumerate(asked)]


def _step_down(family: Sequence[tuple[Claim, Estimator]]) -> list[stats.Estimate]:
    """Estimates in their units, by Holm's step-down: each interval has the confidence of its step.

    As stats.simultaneous, for any estimators and thresholds.
    """
    levels = stats.holm_levels([_p(estimator, claim.threshold) for claim, estimator in family], ALPHA)
    estimates = []
    for (claim, estimator), level in zip(family, levels, strict=True):
        n, *numbers = estimator(1 - level)
        estimates.append(stats.Estimate(n, *(claim.effect.unit.scale * number for number in numbers)))
    return estimates


def _p(estimator: Estimator, threshold: float) -> float:
    """1 − the greatest confidence at which an interval excludes the threshold; NaN where there is no interval."""
    if math.isnan(estimator(1 - ALPHA).low):
        return math.nan
    within, beyond = LEAST_P, 1.0
    for _ in range(60):  # by bisection, of the logarithm
        p = math.sqrt(within * beyond)
        _, _, _, low, high = estimator(1 - p)
        within, beyond = (within, p) if low > threshold or high < threshold else (p, beyond)
    return beyond


def add(report: Report, result: Result, claims: Sequence[Claim], who: str = "") -> Report:
    """The report with the table of findings, and them in its summary.

    who: a remark on whose claims they are, if published numbers are of this plan's configuration and data: only then
    are they quoted.
    """
    quoted = bool(who)
    findings = find(result, claims, quoted=quoted)
    if not findings:
        return report
    return report._replace(
        tables=[*report.tables, _table(result, findings, quoted=quoted)],
        remarks=[*report.remarks, who] if quoted else report.remarks,
        summary={**report.summary, "findings": [finding.as_json(quoted=quoted) for finding in findings]},
    )


def _table(result: Result, findings: Sequence[Finding], *, quoted: bool) -> tables.Table:
    claims = [finding.claim for finding in findings]
    columns = {
        "claim": [claim.text for claim in claims],
        **({"reports": [claim.reports or "–" for claim in claims]} if quoted else {}),
        "effect": [finding.amount for finding in findings],
        "interval": [finding.interval for finding in findings],
        f"{findings[0].n_of}s": [str(finding.estimate.n) for finding in findings],
        "verdict": [finding.verdict for finding in findings],
        "file": [claim.effect.file for claim in claims],
    }
    n_runs = sum(claim.side == "=" for claim in claims)
    published = (
        f"; of published runs, a family of {n_runs}, the number minus the mean over seeds, with the prediction "
        "interval of one run: refuted where that excludes 0, else compatible"
    )
    caption = (
        f"Findings on {labels.about(result)}: effects over seeds; verdicts hold simultaneously at 95 % (Holm over "
        f"{labels.count(len(claims) - n_runs, 'claim')}), each interval at the confidence of its step: supported where "
        "it lies wholly on the claimed side, refuted where wholly on the other"
        f"{published if n_runs else ''}"
    )
    return tables.Table("findings", caption, [*columns], [list(row) for row in zip(*columns.values(), strict=True)])
