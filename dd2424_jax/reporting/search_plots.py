"""Figures of a search, as functions that draw arrays on an `ax` and return it: against one number, or against two."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from dd2424_jax import stats
from dd2424_jax.choice import Choice
from dd2424_jax.reporting import labels, plots
from dd2424_jax.reporting.plots import BLUE, GREY, VERMILION

WORSE = {"markerfacecolor": "white"}  # of a setting that is significantly worse than the best
STAR = {"color": VERMILION, "markersize": 13, "zorder": 5, "markeredgecolor": "black", "markeredgewidth": 0.5}
MAX_ROWS, MAX_CELLS = 12, 9  # of a heat map, and in a row, for whose numbers there is room
MAX_INTERVALS = 6  # at one place
MAX_LINES, MIDDLE = 50, (2.5, 97.5)  # of single seeds that can be seen; percentiles, where there are more
RING = {"markersize": 12, "zorder": 5, "markerfacecolor": "none", "color": "black"}


def scores(ax, x, accuracy, names, choice: Choice | None = None, fold=None):
    """Validation accuracy [n_settings, n_seeds], NaN where diverged, at x: every seed, the mean, its 95 % interval.

    Of more than MAX_LINES seeds, the middle 95 % are shown as a band.

    fold: of every seed, [n_seeds]; the interval is over them where there are several.

    With a `choice`: which settings are indistinguishable from the best, what is chosen, how far the validation set
    itself can be trusted, and the best's mean without its expected selection bias.
    """
    x, accuracy = np.asarray(x), np.asarray(accuracy)
    order = np.argsort(x, kind="stable")
    mean, half = _intervals(accuracy, fold)
    limits = _seeds(ax, x[order], accuracy[order])
    whiskers = {"fmt": "o-", "color": BLUE, "capsize": 3, "markersize": 5, "zorder": 3, **WORSE}
    ax.errorbar(x[order], mean[order], half[order], label="mean and 95 % interval", **whiskers)
    if (gone := ~np.isfinite(mean)).any():
        bottom = {"transform": ax.get_xaxis_transform(), "color": GREY, "markersize": 6}
        ax.plot(x[gone], np.full(gone.sum(), 0.03), "x", label="every seed diverged", **bottom)
    if choice is not None:
        if len(x) > 1:
            same = list(choice.indistinguishable)
            filled = {"color": BLUE, "markersize": 5, "zorder": 4}
            ax.plot(x[same], mean[same], "o", label="filled: indistinguishable from the best", **filled)
        best, one_se = choice.best, choice.one_se
        ax.plot(x[best], mean[best], "*", label=f"chosen: best mean, {names[best]}", **STAR)
        ax.plot(x[one_se], mean[one_se], "o", label=f"one-standard-error rule, {names[one_se]}", **RING)
        error = choice.standard_error
        band = {"color": VERMILION, "alpha": 0.12, "linewidth": 0, "zorder": 0}
        label = "best ± standard error of validation"
        ax.axhspan(mean[best] - error, mean[best] + error, label=label, **band)
        limits += [mean[best] - error, mean[best] + error]
        if np.isfinite(choice.selection_bias):
            cross = {"color": VERMILION, "markersize": 7, "zorder": 5}
            unbiased, text = mean[best] - choice.selection_bias, "best without its selection bias"
            ax.plot(x[best], unbiased, "x", label=text, **cross)
            limits.append(unbiased)
    _percent_axis(ax, limits, mean, half)
    return ax


def _seeds(ax, x, accuracy) -> list[float]:
    """A line for each, or their middle 95 % as a band; the least and the greatest accuracy that is shown."""
    if accuracy.shape[1] <= MAX_LINES:
        for j, seed in enumerate(accuracy.T):
            ax.plot(x, seed, color=GREY, linewidth=0.6, alpha=0.7, label=None if j else "one seed")
        return _reached(accuracy)
    of_converged = (row[np.isfinite(row)] for row in accuracy)
    ends = np.array([np.percentile(row, MIDDLE) if len(row) else (np.nan, np.nan) for row in of_converged])
    ax.fill_between(x, *ends.T, color=GREY, alpha=0.3, linewidth=0, label="the middle 95 % of the seeds")
    return _reached(ends)


def _intervals(accuracy, fold=None) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and half of its 95 % interval, of every setting's seeds that converged."""
    fold = np.zeros(accuracy.shape[1]) if fold is None else fold
    estimates = [stats.nested(row[np.isfinite(row)], fold[np.isfinite(row)]) for row in accuracy]
    return np.array([e.mean for e in estimates]), np.nan_to_num([e.high - e.mean for e in estimates])


def differences(ax, x, choice: Choice, confidence: str = "95 %"):
    """Every setting minus the best of the others, in points, with simultaneous intervals; those far below are named."""
    points = 100 * np.array([d.mean for d in choice.differences])
    below = np.nan_to_num(100 * np.array([d.mean - d.low for d in choice.differences]))
    above = np.nan_to_num(100 * np.array([d.high - d.mean for d in choice.differences]))
    unknown = np.isnan([d.low for d in choice.differences])  # of few seeds, or where all have the same difference
    # Room for all that are indistinguishable, or where there are none for the others, and for a point at least.
    same = list(choice.indistinguishable)
    shown = same if len(same) > 1 else np.isfinite(points)
    lowest = np.nanmin([0.0, *points[shown]])
    room = 4.5 * max(1.0, -lowest)  # of few seeds, intervals are so wide that the differences would not be seen
    floor = 1.15 * max(lowest - room, min([-1.0, *(points - below)[shown]]))
    ceiling = min(room, max([0.5, *(points + above)[shown]]))
    ax.axhline(0, color="black", linewidth=0.8)
    for i in range(len(x)):
        if points[i] < 0.95 * floor:
            ax.plot(x[i], floor, "v", color=BLUE, clip_on=False, **WORSE)
            where = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center", "fontsize": "small"}
            ax.annotate(f"{points[i]:.1f}", (x[i], floor), **where)
        else:
            face = {} if i in same else WORSE
            whiskers, mark = [[below[i]], [above[i]]], "x" if unknown[i] else "o"
            ax.errorbar(x[i], points[i], whiskers, fmt=mark, color=BLUE, capsize=3, markersize=5, **face)
    without = "; ×: none" if unknown[np.isfinite(points)].any() else ""
    ax.set_title(f"minus the best of the others, with simultaneous {confidence} intervals (Hsu{without})")
    ax.set(ylabel="difference, points", ylim=(floor, 1.15 * ceiling))
    return ax


def heat_map(ax, rows, columns, mean, choice: Choice | None, *, symbols: tuple[str, str]):
    """Mean accuracy of every pair of settings, NaN where diverged; framed where indistinguishable from the best.

    rows, columns: of every setting [n_settings], its values of the two hyperparameters that `symbols` name.
    """
    y_values, y = np.unique(rows, return_inverse=True)
    x_values, x = np.unique(columns, return_inverse=True)
    grid = np.full((len(y_values), len(x_values)), np.nan)
    grid[y, x] = mean
    image = ax.imshow(grid, cmap="Blues", aspect="auto", origin="lower")
    middle = np.nanmean(image.get_clim()) if np.isfinite(grid).any() else 0.0
    crowded = len(x_values) > MAX_CELLS or len(y_values) > MAX_ROWS  # for numbers
    if crowded and np.isfinite(grid).any():
        ax.figure.colorbar(image, ax=ax, format=PercentFormatter(1.0))
    for i, value in enumerate(mean):
        mark = "" if choice is None else "★ " * (i == choice.best) + "○ " * (i == choice.one_se)
        text = f"{mark}{100 * value:.1f}" if np.isfinite(value) else "diverged"
        if crowded:
            text = mark.strip()
        ax.text(x[i], y[i], text, ha="center", va="center", color="white" if value > middle else "black")
        if choice is not None and i in choice.indistinguishable:
            corner = (x[i] - 0.46, y[i] - 0.46)
            ax.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, color=VERMILION, linewidth=1 if crowded else 2))
    ax.set_xticks(*plots.some_of(np.arange(len(x_values)), labels.numbers(x_values), n=MAX_ROWS))
    ax.set_yticks(*plots.some_of(np.arange(len(y_values)), labels.numbers(y_values), n=MAX_ROWS))
    ax.set(ylabel=symbols[0], xlabel=symbols[1])
    framed = "" if choice is None else "\nframed: indistinguishable from the best; ★ chosen, ○ one-standard-error rule"
    ax.set_title(f"mean validation accuracy, %{framed}")
    return ax


def families(ax, rows, columns, accuracy, *, symbols: tuple[str, str], fold=None):
    """Accuracy [n_settings, n_seeds] against one hyperparameter, a line for each value of the other: mean, interval.

    Of more than MAX_INTERVALS lines, the means alone.
    """
    accuracy = np.asarray(accuracy)
    mean, half = _intervals(accuracy, fold)
    values = np.unique(columns)
    names = [f"{symbols[1]} = {number}" for number in labels.numbers(values)]
    for value, name, (shade, marker) in zip(values, names, plots.curves_style(len(values)), strict=True):
        own = np.flatnonzero(np.asarray(columns) == value)
        own = own[np.argsort(np.asarray(rows)[own], kind="stable")]
        style = {"fmt": f"{marker}-", "color": shade, "capsize": 2}
        diverged = "" if np.isfinite(mean[own]).any() else " (diverged)"
        whiskers = half[own] if len(values) <= MAX_INTERVALS else None
        ax.errorbar(np.asarray(rows)[own], mean[own], whiskers, label=name + diverged, **style)
    value_axis(ax, rows, symbols[0])
    _percent_axis(ax, _reached(accuracy), mean, half)
    ax.set_title("mean and 95 % interval" if len(values) <= MAX_INTERVALS else "means")
    plots.name_curves(ax.figure, ax, names)
    return ax


def overlay(ax, lams, accuracy, label: str, style: str):
    """Numbers of others, on a figure of a search for λ, which makes room for them, but not for λ beyond its own."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    if min(lams) > right or max(lams) < left:
        return ax
    ax.plot(lams, accuracy, style, color="black", markersize=5, markerfacecolor="none", linewidth=1, label=label)
    among = [own for lam, own in zip(lams, accuracy, strict=True) if left <= lam <= right] or accuracy
    ax.set(xlim=(left, right), ylim=(min(low, min(among) - 0.01), max(high, max(among) + 0.01)))
    return ax


def value_axis(ax, values, symbol: str):
    """The x axis of a hyperparameter: logarithmic for λ and learning rates."""
    positive = [value for value in values if value > 0]
    if symbol == "μ" or not positive:
        pass
    elif len(positive) == len(values):
        ax.set_xscale("log")
        if max(values) < 30 * min(values):  # powers of ten alone would be too few
            plots.log_ticks(ax.xaxis, (1, 2, 5))
    else:  # 0 has a place left of the smallest other one
        ax.set_xscale("symlog", linthresh=min(positive))
    ax.set_xlabel(symbol)
    ax.grid(True)
    return ax


def name_axis(ax, names):
    """The x axis of settings that no single number orders, by their names as far as there is room."""
    if len(names) > plots.MAX_NAMES:
        ax.set_xlabel("setting, in the order of the first table")
    else:
        ax.set_xticks(np.arange(len(names)), names, rotation=45, ha="right")
    ax.grid(True)
    return ax


def _reached(accuracy) -> list[float]:
    """The least and the greatest accuracy; where every run diverged, 0 and 1."""
    return [np.nanmin(accuracy), np.nanmax(accuracy)] if np.isfinite(accuracy).any() else [0.0, 1.0]


def _percent_axis(ax, reached, mean, half):
    """An axis with all that is reached, and of the intervals as much as does not squeeze it."""
    low, high = plots.accuracy_limits(min(reached), max(reached), share=0.4)
    edge = 0.05 * (high - low)
    lowest, highest = np.nanmin([*reached, *(mean - half)]), np.nanmax([*reached, *(mean + half)])
    ax.set(ylabel="validation accuracy", ylim=(max(low, lowest - edge), min(high, highest + edge)))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
