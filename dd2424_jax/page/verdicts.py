"""What is reproduced: our accuracies beside those of all authors, and beside each of five reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dd2424_jax import stats
from dd2424_jax.page.gather import Part
from dd2424_jax.reporting import reports
from dd2424_jax.reporting.tables import Table
from dd2424_jax.stats import Estimate

LAST = ("Assignment 2, final network, m = 50", "Best linear classifier", "Best two-layer network")
RULE = (
    "Reproduced: our mean over seeds lies in the 95 % prediction interval of one more author, mean ± t sd √(1 + 1/n) "
    "of the n published values; above or below: it lies outside. That alone excludes no small defect: how small, says "
    "the difference with Welch's 95 % interval."
)
RULE_OF_ONE = (
    "As one run of ours: the report's number, which is of one run, lies in the 95 % prediction interval of one more "
    "seed of ours, mean ± t sd √(1 + 1/n). Each holds by itself: of twenty numbers of the very same code, one is "
    "expected outside. With few seeds the interval is wide, and says little."
)


def accuracies(parts: Sequence[Part]) -> dict[tuple, Estimate]:
    """Test accuracies in per cent, by a part's name, λ and η_max; of ablations, by its name and row."""
    found = {}
    for part in parts:
        rows = [*part.summary.get("rows", ()), *(row for row in [part.summary.get("last")] if row)]
        of_rows = [((part.name, row["name"]), row) for row in rows]
        settings = part.summary.get("settings", ())
        for key, one in [*(((part.name, own["lam"], own["lr_max"]), own) for own in settings), *of_rows]:
            if "test_accuracy" in one:
                estimate = Estimate.from_json(one["n_seeds"] - one["diverged"], one["test_accuracy"])
                found[key] = estimate._replace(mean=100 * estimate.mean, sd=100 * estimate.sd)
    return found


def reproduced(ours: Mapping[tuple, Estimate]) -> Table:
    """A row for everything that many authors publish."""
    rows = []
    for name, (key, theirs) in reports.AUTHORS.items():
        own = ours.get(_key(key, ours))
        if own is None or own.n == 0:
            continue
        low, high = stats.prediction(Estimate(theirs.n, theirs.mean, theirs.sd, np.nan, np.nan))
        verdict = "above" if own.mean > high else "below" if own.mean < low else "reproduced"
        difference, least, most = stats.welch(own, theirs)
        apart = _points(difference) + ("" if np.isnan(least) else f" ({_points(least)} to {_points(most)})")
        rows.append([name, verdict, _over_n(own), _over_n(theirs), apart, f"{low:.1f} to {high:.1f}"])
    header = ["", "verdict", "ours, % (seeds)", "published, % (authors)", "difference (95 %)", "one more author, 95 %"]
    return Table("reproduced", "Test accuracies, mean ± sd, beside those that students publish", header, rows)


def _over_n(own: Estimate) -> str:
    return f"{own.mean:.2f}{'' if np.isnan(own.sd) else f' ± {own.sd:.2f}'} ({own.n})"


def _points(difference: float) -> str:
    """With a sign, but for a zero's."""
    return f"{round(difference, 2) + 0.0:+.2f}"


def _key(key: tuple, ours: Mapping[tuple, Estimate]) -> tuple:
    """The very key, or, of one that leaves λ open, the only one that begins like it."""
    return key if key in ours else next((own for own in ours if own[: len(key)] == key), key)


def of_reports(ours: Mapping[tuple, Estimate]) -> Table:
    """A row for every number of the five reports."""
    rows = []
    for report, what, key, value, note in reports.NUMBERS:
        own = ours.get(_key(key, ours))
        if own is None or own.n == 0:
            continue
        low, high = stats.prediction(own)
        interval = "–" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
        verdict = "–" if np.isnan(low) else "yes" if low <= value <= high else "no"
        beside = [f"{value:.2f}", _over_n(own), _points(own.mean - value)]
        rows.append([report, what, *beside, interval, verdict, note])
    header = ["", "what", "theirs, %", "ours, % (seeds)", "difference", "one more seed", "one run of ours", "remark"]
    return Table("reports", "Test accuracies of five reports, one run each", header, rows)
