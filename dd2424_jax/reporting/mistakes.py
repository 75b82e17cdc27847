"""What a mistake does to the test accuracy that is reported: beside the right code, seed by seed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import data, evaluation, network, stats, train
from dd2424_jax.reporting import labels, plots, reports, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, final
from dd2424_jax.stats import Estimate

ALPHA = 0.05
IN_0_1 = 255.0  # what pixels are divided by, where that is all


class Mistake(NamedTuple):
    """A mistake, the function that it is planted in and what that does then, and its numbers.

    right, wrong  [n_seeds]: the test accuracy as it is reported without and with it; NaN where a run diverged
    published     what a report has, in which it is known to be; empty where none is
    never_lower   whether it reports the best of several test accuracies, so that no seed can show less
    """

    name: str
    where: str
    right: np.ndarray
    wrong: np.ndarray
    published: str = ""
    never_lower: bool = False

    def as_json(self, difference: Estimate) -> dict:
        numbers = {"right": _estimate(self.right), "wrong": _estimate(self.wrong), "difference": difference}
        return {"name": self.name, **{key: {"n_seeds": own.n, **own.as_json()} for key, own in numbers.items()}}


def _estimate(accuracies: np.ndarray) -> Estimate:
    return stats.estimate(accuracies[np.isfinite(accuracies)])


# Test accuracies, of every seed [n_seeds]


def accuracies(result: Result, i: int = 0) -> np.ndarray:
    """Of setting i after training."""
    return np.where(result.outcome.converged, final(result.outcome)["test_accuracy"], np.nan)[i]


def not_standardised(result: Result, i: int = 0) -> np.ndarray:
    """Of setting i on test images in [0, 1], where training had z-scores."""
    d = result.plan.config.sizes[0]
    own = jax.tree.map(lambda a: a[i], result.outcome.params)
    found = _of_networks(result, own, data.Scale(np.zeros(d), np.full(d, IN_0_1)))
    return np.where(result.outcome.converged[i], found, np.nan)


def best_epoch(result: Result) -> np.ndarray:
    """Of setting 0 after the epoch that is the best on the test images; of all but the last there are snapshots."""
    kept = jax.tree.map(lambda a: a[0], result.outcome.snapshots)
    best = [_of_networks(result, jax.tree.map(lambda a, j=j: a[j], kept)).max() for j in _seeds(result)]
    return np.maximum(best, accuracies(result))  # NaN where the run diverged


def chosen(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Of the setting that each seed's validation accuracy chooses, and of the one that its test accuracy chooses."""
    everyone = np.array([accuracies(result, i) for i in range(len(result.settings))])
    on_valid = np.argmax(np.nan_to_num(result.outcome.scores), axis=0)
    return everyone[on_valid, _seeds(result)], np.fmax.reduce(everyone)  # leaves NaN out


def _seeds(result: Result) -> range:
    return range(len(result.plan.seeds))


def _of_networks(result: Result, params: network.Params, scale: data.Scale | None = None) -> np.ndarray:
    """Test accuracies [n] of networks, layers of [n, ...]; `scale`: of another standardisation than training's."""
    splits = result.plan.splits
    test, scale = jax.tree.map(jax.numpy.asarray, (splits.test, scale or splits.scale))
    return np.asarray(_evaluated(result.plan.config, test, jax.tree.map(np.float32, scale), params))


@functools.partial(jax.jit, static_argnums=0)
def _evaluated(config, test, scale, params):
    hypers = train.Hypers(0.0, 0.0, 0.0)  # of which accuracy is none
    return jax.vmap(lambda own: evaluation.evaluate(config, test, scale, hypers, own).accuracy)(params)


# The report


def draw(mistakes: Sequence[Mistake], about: str) -> Report:
    """Every mistake's accuracy beside the right one's, the differences as a forest plot, and in words."""
    differences = stats.bonferroni([mistake.wrong - mistake.right for mistake in mistakes], ALPHA)
    figure = forest(mistakes, differences, about)
    summary = [mistake.as_json(own) for mistake, own in zip(mistakes, differences, strict=True)]
    return Report(
        [table(mistakes, differences, about)],
        words(mistakes, differences),
        {"differences": figure},
        {"mistakes": summary},
    )


def table(mistakes: Sequence[Mistake], differences: Sequence[Estimate], about: str) -> tables.Table:
    known = any(mistake.published for mistake in mistakes)
    header = ["mistake", "points", "interval", "significant", "right, test %", "with it, test %", "planted in"]
    caption = (
        f"{about}: test accuracy as right code reports it and as it is reported with a mistake, mean ± sd over seeds; "
        "the difference in points, paired by seed, with simultaneous 95 % confidence intervals (Bonferroni over the "
        f"{labels.count(len(mistakes), 'row')})"
    )
    if known:
        header += ["one run, 95 %", "a report"]
        caption += "; the 95 % prediction interval of one run with the mistake, each by itself; a report that had it"
    rows = []
    for mistake, own in zip(mistakes, differences, strict=True):
        right, wrong = _estimate(mistake.right), _estimate(mistake.wrong)
        verdict = "–" if np.isnan(own.low) else "yes" if stats.excludes_zero(own) else "no"
        verdict = "never lower" if mistake.never_lower else verdict
        cells = [tables.points(own.mean), tables.points_interval(own.low, own.high), verdict]
        cells += [tables.percent(right), tables.percent(wrong), mistake.where]
        if known:
            low, high = stats.prediction(wrong)
            of_one = tables.percent_interval(wrong._replace(low=low, high=high)) if mistake.published else ""
            cells += [of_one, mistake.published]
        rows.append([mistake.name, *cells])
    return tables.Table("mistakes", caption, header, rows)


def words(mistakes: Sequence[Mistake], differences: Sequence[Estimate]) -> list[str]:
    """Which mistakes make the reported accuracy significantly lower or higher, and of which it can't be said."""
    lower, higher = "Significantly too low a test accuracy", "Significantly too high a test accuracy"
    n = max((own.n for own in differences), default=0)
    neither, alike = f"No effect that {labels.count(n, 'seed')} can show", "No interval"
    chosen = "Never too low, as the best of several test accuracies is reported: how much too high"
    said: dict[str, list[str]] = {kind: [] for kind in (lower, higher, chosen, neither, alike)}
    for mistake, own in zip(mistakes, differences, strict=True):
        interval = tables.points_interval(own.low, own.high)
        kind = chosen if mistake.never_lower else higher if own.low > 0 else lower if own.high < 0 else neither
        if np.isnan(own.low):
            said[alike].append(mistake.name)
        elif kind == neither:
            said[neither].append(f"{mistake.name} ({interval})")
        else:
            said[kind].append(f"{mistake.name} ({tables.points(own.mean)} points, {interval})")
    return [f"{kind}: {'; '.join(names)}." for kind, names in said.items() if names]


def forest(mistakes: Sequence[Mistake], differences: Sequence[Estimate], about: str):
    title = f"{about}: with a mistake minus right, reported test accuracy, simultaneous 95 % intervals"
    fig, ((ax,),) = plots.figure(1, 1, title, height=0.8 + 0.26 * len(mistakes))
    plots.forest(ax, [mistake.name for mistake in mistakes], differences, "test")
    plots.legend(fig, ax)
    return fig


def one_seed(result: Result) -> str:
    """What repeats say that all have the first seed, beside as many seeds."""
    of_seeds = accuracies(result)
    repeats, seeds = _estimate(np.repeat(of_seeds[:1], len(of_seeds))), _estimate(of_seeds)
    return (
        f"Repeats that share one seed: {labels.count(repeats.n, 'repeat')} of seed {result.plan.seeds[0]} have a test "
        f"accuracy of {tables.percent(repeats)} % (sd {repeats.sd:.0e}), an interval without width; "
        f"{labels.count(seeds.n, 'seed')} have {tables.percent(seeds)} %, {tables.percent_interval(seeds)}."
    )


def another_lam(result: Result) -> str:
    """What R4's training accuracy at λ = 1 fits; `result` has these λ."""
    usual, large = (
        result.settings[list(result.plan.hypers.lam).index(lam)].estimates["train_accuracy"] for lam in (0.1, 1.0)
    )
    half = [stats.prediction(own)[1] - own.mean for own in (usual, large)]
    apart, again = np.hypot(*half), half[0] * np.sqrt(2 / (1 + 1 / usual.n))  # no mean in the last one
    r4_usual, r4_large = (reports.R4_TRAINING[lam, 0.001] / 100 for lam in (0.1, 1.0))
    theirs, ours = r4_large - r4_usual, large.mean - usual.mean
    fits = {"λ = 1": abs(theirs - ours) <= apart, "λ = 0.1 once more": abs(theirs) <= again}
    return (
        f"A report of 2024 (R4) has training accuracies of {100 * r4_usual:.2f} % at λ = 0.1, "
        f"{tables.points(r4_usual - usual.mean)} points from ours, and {100 * r4_large:.2f} % at λ = 1: they differ by "
        f"{tables.points(theirs)}. One run of ours at λ = 1 minus one at λ = 0.1 is {tables.points(ours)} ± "
        f"{100 * apart:.2f} points, one at λ = 0.1 minus another +0.00 ± {100 * again:.2f} (95 % prediction "
        f"intervals). The difference fits: {', '.join(name for name, fit in fits.items() if fit) or 'neither'}."
    )
