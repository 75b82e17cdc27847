"""An ablation: what each of several changes to a baseline gains, paired by seed, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import stats
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, Setting, final
from dd2424_jax.stats import Estimate

MAX_ROWS = 24  # of the figure
ALPHA = 0.05


class Row(NamedTuple):
    """One setting of one plan against the baseline's.

    gains    by split: this row's accuracy minus the baseline's, over the seeds that have the images in common; with
             intervals simultaneous over all rows; none of the baseline itself
    seconds  of training a run, mean over its runs
    """

    name: str
    result: Result
    gains: Mapping[str, Estimate]
    seconds: float

    @property
    def setting(self) -> Setting:
        return self.result.settings[0]

    def as_json(self) -> dict:
        path = self.result.path
        return {
            "name": self.name,
            "run": f"{path.parent.name}/{path.name}",
            **self.setting.as_json(),
            "gains": {split: {"n_seeds": gain.n, **gain.as_json()} for split, gain in self.gains.items()},
            "seconds": self.seconds,
        }


def compare(results: Mapping[str, Result]) -> list[Row]:
    """Every result, by name, minus the first one, the baseline: on test, where all were tested, and on validation."""
    baseline, *others = results.values()
    gains: list[dict] = [{} for _ in results]
    for split in splits(results.values()) if others else ():
        base = _scores(baseline, split)
        differences = [
            [own.get(of, np.nan) - base[of] for of in base] for own in (_scores(one, split) for one in others)
        ]
        for gain, estimate in zip(gains[1:], stats.bonferroni(differences, ALPHA), strict=True):
            gain[split] = estimate
    seconds = [float(np.nanmean(one.outcome.seconds)) for one in results.values()]
    return [Row(*row) for row in zip(results, results.values(), gains, seconds, strict=True)]


def splits(results) -> list[str]:
    """Those that results are compared on, the most important first."""
    return ["test", "valid"] if all(one.outcome.test is not None for one in results) else ["valid"]


def _scores(result: Result, split: str) -> dict[tuple[int, int], float]:
    """Accuracy by seed and, on validation, a checksum of the images; NaN where the run diverged."""
    images = result.plan.held_out.tolist() if split == "valid" else [0] * len(result.plan.seeds)
    scores = np.where(result.outcome.converged, final(result.outcome)[f"{split}_accuracy"], np.nan)[0]
    return dict(zip(zip(result.plan.seeds, images, strict=True), scores.tolist(), strict=True))


def draw(results: Mapping[str, Result], title: str) -> Report:
    """Accuracies, gains and their words, and a forest plot; rows by their names, the first the baseline."""
    rows = compare(results)
    about = f"{title} on {labels.data_and_seeds(rows[0].result.plan)}"
    shown = [accuracies(rows, about)] + ([gains(rows, about)] if len(rows) > 1 else [])
    figures = {"gains": forest(rows, about)} if len(rows) > 1 else {}
    return Report(shown, words(rows), figures, {"rows": [row.as_json() for row in rows]})


def accuracies(rows: Sequence[Row], about: str) -> tables.Table:
    caption = (
        f"{about}: accuracy, mean ± sd over seeds; training minus validation accuracy in points; seconds of training "
        "a run (its share of the machine), also in relation to the first row"
    )
    shown = ["train", *reversed(splits([row.result for row in rows]))]
    header = ["", *(f"{tables.SPLITS[split]} %" for split in shown), "gap", "seconds", "relative", "diverged"]
    cells = []
    for row in rows:
        of = {split: row.setting.estimates[f"{split}_accuracy"] for split in shown}
        gap = tables.points(of["train"].mean - of["valid"].mean)
        cost = [f"{row.seconds:.2f}", f"{row.seconds / rows[0].seconds:.2f}"]
        cells.append([row.name, *map(tables.percent, of.values()), gap, *cost, str(row.setting.diverged)])
    return tables.Table("accuracy", caption, header, cells)


def gains(rows: Sequence[Row], about: str) -> tables.Table:
    shown = splits([row.result for row in rows])
    caption = (
        f"{about}: gain over the first row ({rows[0].name}) in points of accuracy, paired by seed, with simultaneous "
        f"95 % confidence intervals (Bonferroni over the {labels.count(len(rows) - 1, 'row')} of a column, as their "
        "variances differ)"
    )
    header = ["", *(text for split in shown for text in (tables.SPLITS[split], "interval")), "seeds", "significant"]
    cells = []
    for row in rows[1:]:
        of = [row.gains[split] for split in shown]
        numbers = [text for one in of for text in (tables.points(one.mean), tables.points_interval(one.low, one.high))]
        verdict = "–" if np.isnan(of[0].low) else "yes" if stats.excludes_zero(of[0]) else "no"
        cells.append([row.name, *numbers, str(of[0].n), verdict])
    return tables.Table("gains", caption, header, cells)


def words(rows: Sequence[Row]) -> list[str]:
    """Which rows are significantly better or worse than the first, and which can't be said to be, with their reach."""
    if len(rows) < 2:
        return []
    split, baseline = splits([row.result for row in rows])[0], rows[0].name
    on = f"{baseline} on {tables.SPLITS[split]}"
    better, worse, neither = (
        f"Significantly better than {on}",
        f"Significantly worse than {on}",
        f"Not significantly different from {on}",
    )
    alike, few = "With every seed the same gain, so that there is no interval", "Too few seeds for an interval"
    found: dict[str, list[str]] = {kind: [] for kind in (better, worse, neither, alike, few)}
    for row in rows[1:]:
        gain = row.gains[split]
        mean, interval = f"{tables.points(gain.mean)} points", tables.points_interval(gain.low, gain.high)
        if stats.excludes_zero(gain):
            found[better if gain.low > 0 else worse].append(f"{row.name} ({mean}, {interval})")
        elif not np.isnan(gain.low):
            found[neither].append(f"{row.name} ({interval})")
        elif gain.n < stats.MIN_UNITS:
            found[few].append(row.name)
        else:
            found[alike].append(f"{row.name} ({mean})")
    said = [f"{kind}: {'; '.join(names)}." for kind, names in found.items() if names]
    if others := [row.name for row in rows[1:] if row.gains["valid"].n == 0 and row.setting.estimates["valid_loss"].n]:
        said.append(
            f"Validated on other images than {baseline}, so that validation is not compared: {'; '.join(others)}."
        )
    return said


def forest(rows: Sequence[Row], about: str):
    """The gains with their intervals; full markers where an interval excludes 0; of the other split, the means."""
    split, *others = splits([row.result for row in rows])
    shown, n = rows[1 : MAX_ROWS + 1], len(rows) - 1
    of_how_many = "" if len(shown) == n else f"; the first {len(shown)} of {n}"
    what = f"gain over {rows[0].name} in {tables.SPLITS[split]} accuracy, simultaneous 95 % intervals"
    fig, ((ax,),) = plots.figure(1, 1, f"{about}: {what}{of_how_many}", height=0.8 + 0.26 * len(shown))
    plots.forest(ax, [row.name for row in shown], [row.gains[split] for row in shown], tables.SPLITS[split])
    for other in others:
        x, style = [100 * row.gains[other].mean for row in shown], {"color": plots.VERMILION, "markersize": 5}
        ax.plot(x, np.arange(len(x)) + 0.3, "x", label=f"{tables.SPLITS[other]}: mean", **style)
    plots.legend(fig, ax)
    return fig
