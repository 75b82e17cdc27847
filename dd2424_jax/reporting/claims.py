"""What is claimed, in reports or of them, and by what it is tested: a list for every experiment.

A claim whose settings, by their hyperparameters, are not in a plan is left out of its findings.
"""

from __future__ import annotations

import functools

import numpy as np

from dd2424_jax.reporting import measures, reports
from dd2424_jax.reporting.effects import (
    Setting,
    alone,
    difference,
    later_choice,
    nearest_minus_best,
    one_run,
    ratio,
    share_of_wins,
)
from dd2424_jax.reporting.findings import Claim
from dd2424_jax.reporting.measures import GAP, PENALTY, STABILITY, TEST, TRAIN, Measure
from dd2424_jax.runs.result import CURVES, Result

# Assignment 1

FAST, NONE = {"lam": 0.0, "lr_max": 0.1}, {"lam": 0.0, "lr_max": 0.001}
WEAK, STRONG = {"lam": 0.1, "lr_max": 0.001}, {"lam": 1.0, "lr_max": 0.001}


def _minus(i: int, j: int) -> str:
    """By report, the test accuracy of setting i minus that of setting j, in points."""
    pairs = {name: own[i] - own[j] for name, own in reports.LINEAR.items() if i < len(own)}
    return ", ".join(f"{name} {points:+.2f}" for name, points in pairs.items())


def _run(report: str, percentage: float, what: str, measure: Measure, setting: Setting) -> Claim:
    """That a published number is one run of a setting."""
    of = f"a run of λ = {setting['lam']:g}, η = {setting['lr_max']:g}"
    effect = one_run(measure, setting, percentage / 100)
    return Claim(f"{report}'s {percentage:.2f} % is the {what} of {of}", effect, "=", f"{report} {percentage:.2f} %")


EARLY_PENALTY = PENALTY._replace(of=functools.partial(measures.penalty, evaluation=1), file=CURVES)

ASSIGNMENT1 = [
    Claim("λ = 0.1 has a higher test accuracy than λ = 0", difference(TEST, WEAK, NONE), ">", _minus(2, 1)),
    Claim("λ = 1 has a lower test accuracy than λ = 0.1", difference(TEST, STRONG, WEAK), "<", _minus(3, 2)),
    Claim(
        "λ = 1 underfits: its training accuracy is below that of λ = 0.1",
        difference(TRAIN, STRONG, WEAK),
        "<",
        "R4 -0.09",
    ),
    Claim(
        "λ = 0.1 greatly reduces the gap train − validation: to at most half of λ = 0's",
        ratio(GAP, WEAK, NONE),
        "<",
        "",
        0.5,
    ),
    Claim(
        "η = 0.1 is unstable: accuracy varies more from epoch to epoch than at η = 0.001",
        difference(STABILITY, FAST, NONE),
        ">",
    ),
    Claim(
        "a larger λ makes cost − loss larger: λ = 1 against 0.1, after the first epoch",
        difference(EARLY_PENALTY, STRONG, WEAK),
        ">",
    ),
    Claim(
        "a larger λ makes cost − loss larger: λ = 1 against 0.1, after the last epoch",
        difference(PENALTY, STRONG, WEAK),
        ">",
    ),
    Claim("weights shrink: ‖W‖ is smaller with λ = 0.1 than with 0", difference(measures.NORM, WEAK, NONE), "<"),
    Claim("weights shrink: ‖W‖ is smaller with λ = 1 than with 0.1", difference(measures.NORM, STRONG, WEAK), "<"),
    Claim(
        "templates become smoother: they are less rough with λ = 0.1 than with 0",
        difference(measures.ROUGHNESS, WEAK, NONE),
        "<",
    ),
    Claim(
        "templates become smoother: they are less rough with λ = 1 than with 0.1",
        difference(measures.ROUGHNESS, STRONG, WEAK),
        "<",
    ),
    Claim(
        "templates become more alike: each is more correlated with the one most like it with λ = 1 than with 0",
        difference(measures.LIKENESS, STRONG, NONE),
        ">",
    ),
    *(
        _run("R4", accuracy, "training accuracy", TRAIN, {"lam": lam, "lr_max": lr})
        for (lam, lr), accuracy in reports.R4_TRAINING.items()
    ),
    *(_run(report, own[0], "test accuracy", TEST, FAST) for report, own in reports.LINEAR.items() if report != "R2"),
]

# Assignment 2


def gap_growth(result: Result, *, cycle: int) -> np.ndarray | None:
    """The gap after a cycle minus that after the cycle before."""
    ends = [c * 2 * result.plan.config.n_s for c in (cycle - 1, cycle)]
    found = [np.flatnonzero(result.outcome.step == end) for end in ends]
    if result.plan.config.eval_train or not all(map(len, found)):
        return None
    before, after = (measures.gap(result, *evaluation) for evaluation in found)
    return after - before


EXERCISE4 = [
    Claim(
        f"the gap train − validation is larger after cycle {cycle} than after cycle {cycle - 1}",
        alone(Measure(functools.partial(gap_growth, cycle=cycle), measures.POINTS, CURVES), {"lam": 0.01}),
        ">",
    )
    for cycle in (2, 3)
]


def _best(lam: float, reports: str) -> Claim:
    text = f"the λ nearest to {lam:g} is the best on validation (minus the best of the others)"
    return Claim(text, nearest_minus_best(lam), ">", reports)


COARSE_SEARCH = [
    _best(0.01, "R3 48.0 % at λ = 0.01, best of six"),
    Claim(
        "too large a λ underfits: λ = 0.1 has a lower training accuracy than λ = 1e-05",
        difference(TRAIN, {"lam": 0.1}, {"lam": 1e-5}),
        "<",
        "R3 39.0 against 43.3 % on validation",
    ),
    Claim(
        "one run's winner is rarely the best: less than half of the seeds choose the λ with the best mean",
        share_of_wins(),
        "<",
        "R3 has one run of every λ",
        0.5,
    ),
    Claim("longer training estimates λ better: one run's choice after all cycles, not one", later_choice(), ">"),
]

FINE_SEARCH = [_best(0.009, "R3 chose λ = 0.009 of ten")]
