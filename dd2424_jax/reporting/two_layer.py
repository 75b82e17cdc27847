"""Two-layer networks beside each other: accuracy against width and against seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import NullLocator, PercentFormatter

from dd2424_jax import stats
from dd2424_jax.reporting import plots, tables
from dd2424_jax.runs.result import Result, final

LEVELS = (0.52, 0.55, 0.58, 0.60)  # validation accuracies, and how long they take


def scores(result: Result) -> np.ndarray:
    """Validation accuracy after training, of the runs that converged, [n_converged]; of a plan of one setting."""
    return final(result.outcome)["valid_accuracy"][0][result.outcome.converged[0]]


def _width(result: Result) -> int:
    """Units of its first hidden layer."""
    return result.plan.config.sizes[1]


def against_width(lines: Mapping[str, Sequence[Result]], about: str):
    """Validation accuracy of networks by their hidden units, a line for every regulariser."""
    what = "validation accuracy against hidden units, mean and 95 % interval over seeds"
    fig, ((ax,),) = plots.figure(1, 1, f"{about}: {what}", height=3.2)
    widths = sorted({_width(result) for line in lines.values() for result in line})
    for k, ((name, line), (shade, marker)) in enumerate(
        zip(lines.items(), plots.curves_style(len(lines)), strict=True)
    ):
        estimates = [stats.estimate(scores(result)) for result in line]
        x = np.array([*map(_width, line)]) * 1.03 ** (k - (len(lines) - 1) / 2)  # beside each other
        half = [np.nan_to_num(one.high - one.mean) for one in estimates]
        means = [one.mean for one in estimates]
        ax.errorbar(x, means, yerr=half, color=shade, marker=marker, linestyle="-", capsize=2, label=name)
    ax.set(xscale="log", xlabel="hidden units", ylabel="validation accuracy")
    ax.set_xticks(widths, [str(m) for m in widths])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(True)
    plots.legend(fig, ax)
    return fig


def _curve(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of training a run, a seed's share of them all, and the mean validation accuracy there: [n_evals] both."""
    outcome = result.outcome
    seconds = np.nanmean(outcome.seconds) * outcome.step / outcome.step[-1]
    return seconds, outcome.valid.accuracy[0][outcome.converged[0]].mean(axis=0)


def against_seconds(results: Mapping[str, Result], about: str):
    """Validation accuracy against what training took, on this machine."""
    what = "mean validation accuracy against seconds of training a run (its share of the machine)"
    fig, ((ax,),) = plots.figure(1, 1, f"{about}: {what}", height=3.2)
    for (name, result), (shade, marker) in zip(results.items(), plots.curves_style(len(results)), strict=True):
        if result.outcome.converged.any():
            seconds, accuracy = _curve(result)
            ax.plot(seconds[1:], accuracy[1:], color=shade, marker=marker, label=name)
    for level in LEVELS:
        ax.axhline(level, color=plots.GREY, linestyle=":", linewidth=1)
    ax.set(xscale="log", xlabel="seconds", ylabel="validation accuracy")
    plots.log_ticks(ax.xaxis, (1, 2, 5))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(True)
    plots.legend(fig, ax)
    return fig


def time_to(results: Mapping[str, Result], about: str) -> tables.Table:
    """Seconds until the mean validation accuracy reaches each of LEVELS."""
    caption = (
        f"{about}: seconds of training a run (its share of the machine) until an evaluation has a mean validation "
        "accuracy of at least so much, and all seconds of its training"
    )
    rows = []
    for name, result in results.items():
        seconds, accuracy = _curve(result) if result.outcome.converged.any() else (np.zeros(1), np.zeros(1))
        reached = [seconds[accuracy >= level] for level in LEVELS]
        rows.append([name, *(f"{of[0]:.1f}" if len(of) else "–" for of in reached), f"{seconds[-1]:.1f}"])
    return tables.Table("time_to", caption, ["", *(f"{100 * level:.0f} %" for level in LEVELS), "all"], rows)
