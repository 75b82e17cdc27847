"""Figures: functions that draw arrays on an `ax` and return it. Colours are Okabe and Ito's, told apart by everyone."""

import io
import itertools

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FormatStrFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
    PercentFormatter,
    ScalarFormatter,
)

from dd2424_jax import stats

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#777777"
SPLIT_STYLES = {"train": (BLUE, "-"), "validation": (VERMILION, "--")}  # told apart in black and white too


def figure(n_rows: int, n_columns: int, title: str, *, width: float = 4.2, height: float = 3.4, **grid):
    """A figure with a grid of axes [n_rows, n_columns], on average so many inches wide and high.

    `grid` goes to `Figure.subplots`.
    """
    fig = Figure(figsize=(width * n_columns, height * n_rows), layout="constrained")
    fig.suptitle(title, fontsize=10)
    return fig, fig.subplots(n_rows, n_columns, squeeze=False, **grid)


def render(fig: Figure, form: str) -> bytes:
    """The figure as a file's content; `form` is png or pdf."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format=form, dpi=200)
    return buffer.getvalue()


def learning_curves(ax, step, train, valid, *, name: str, x: str = "update step"):
    """`train` and `valid` [n_seeds, n_evals] against [n_evals] steps or epochs: mean, and its 95 % band over seeds."""
    for label, values in (("train", train), ("validation", valid)):
        colour, style = SPLIT_STYLES[label]
        mean, low, high = stats.band(values)
        ax.plot(step, mean, style, color=colour, label=label)
        ax.fill_between(step, low, high, color=colour, alpha=0.25, linewidth=0)
    _finish(ax, step, name, x)
    ax.legend(frameon=False)
    return ax


def curves_of_setting(ax, step, outcome, i: int, name: str, *, x: str = "update step"):
    """Learning curves of one metric of setting i of an outcome, over the runs that converged."""
    ok = ~outcome.diverged[i]
    on_train, on_valid = (getattr(split, name)[i][ok] for split in (outcome.train, outcome.valid))
    return learning_curves(ax, step, on_train, on_valid, name=name, x=x)


def curves_by_lam(ax, step, lams, values, *, name: str):
    """`values` [n_lam, n_seeds, n_evals] against the update step: a line a λ, dark to light, with its 95 % band."""
    shades = colormaps["viridis"](np.linspace(0, 0.9, len(lams)))
    for lam, of_lam, shade, marker in zip(lams, values, shades, itertools.cycle("osv^D*Px")):
        mean, low, high = stats.band(of_lam)
        ax.plot(step, mean, color=shade, marker=marker, markersize=3.5, linewidth=1.2, label=f"{lam:.2g}")
        ax.fill_between(step, low, high, color=shade, alpha=0.12, linewidth=0)
    _finish(ax, step, name)
    return ax


def learning_figure(outcome, title: str, rate, cycle: int):
    """Loss, cost and accuracy against the update step, of an outcome as `sweep.run` returns it.

    One setting: train and validation together. Several: training cost, validation loss, validation accuracy by λ.
    Below, the learning rate at every update, `rate` [n_steps]; everywhere, the ends of cycles of so many updates.
    """
    heights = {"height": 2.1, "height_ratios": (5, 1), "sharex": True}
    fig, (axes, below) = figure(2, 3, f"{title}, mean and 95 % band; dotted: ends of cycles", **heights)
    for ax in below:
        ax.plot(np.arange(len(rate)), rate, color=GREY, linewidth=1)
        ax.set(xlabel="update step", ylabel="η")
    for ax in [*axes, *below]:
        for end in range(cycle, len(rate) + 1, cycle):
            ax.axvline(end, color=GREY, linestyle=":", linewidth=1)
    _losses_and_accuracy(axes, outcome)
    for ax in axes:
        ax.set_xlabel("")
    return fig


def _losses_and_accuracy(axes, outcome):
    lams, diverged = outcome.hypers.lam, outcome.diverged
    if len(lams) == 1:
        for ax, name in zip(axes, outcome.train._fields, strict=True):
            curves_of_setting(ax, outcome.step, outcome, 0, name)
        return
    panels = {
        "training cost": outcome.train.cost,
        "validation loss": outcome.valid.loss,
        "validation accuracy": outcome.valid.accuracy,
    }
    for ax, (name, values) in zip(axes, panels.items(), strict=True):
        kept = [of_lam[~gone] for of_lam, gone in zip(values, diverged, strict=True)]
        curves_by_lam(ax, outcome.step, lams, kept, name=name)
    if not diverged.all():
        axes[0].set_yscale("log")  # the penalty at the start dwarfs what comes after
        axes[0].yaxis.set_major_formatter(ScalarFormatter())
        axes[0].yaxis.set_minor_formatter(ScalarFormatter())
    axes[-1].legend(title="λ", frameon=False, fontsize=7, title_fontsize=8)


def learning_rates(ax, steps, rates):
    """Learning rates by the names of their schedules, each [n_steps], against the update step."""
    styles = itertools.cycle(((BLUE, "-"), (VERMILION, "--"), (GREY, ":")))
    for (name, rate), (colour, style) in zip(rates.items(), styles, strict=False):
        ax.plot(steps, rate, style, color=colour, label=name)
    ax.set(xlabel="update step", ylabel="learning rate", xlim=(steps[0], steps[-1]), ylim=(0, None))
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def step_sizes(ax, steps, centred, forward, *, chosen):
    """Largest errors of centred and forward differences against the step h, log-log; `chosen` steps are marked."""
    for values, label, colour, style in ((centred, "centred", BLUE, "o-"), (forward, "forward", VERMILION, "s--")):
        ax.loglog(steps, values, style, color=colour, markersize=4, label=label)
    for h in chosen:
        ax.axvline(h, color=GREY, linestyle=":", linewidth=1)
        where = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "top", "ha": "right"}
        ax.annotate(f"h = {h:.0e} ", (h, 1), fontsize=7, **where)
    ax.set(xlabel="step h", ylabel="largest absolute error of the gradient")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def growth(ax, sizes, values, floor, *, x: str, y: str):
    """`values` [n_sizes, low, median, high] against what grows, log-log; `floor` [n_sizes], or None, is the least."""
    low, median, high = np.transpose(values)
    ax.loglog(sizes, median, "o-", color=BLUE, markersize=4, label="measured: median, quartiles")
    ax.fill_between(sizes, low, high, color=BLUE, alpha=0.25, linewidth=0)
    if floor is not None:
        ax.loglog(sizes, floor, "--", color=VERMILION, label="arithmetic at the peak")
        ax.legend(frameon=False, fontsize=7)
    lines = [*low, *high, *(median if floor is None else floor)]
    ax.set(xlabel=x, ylabel=y, ylim=(0.6 * min(lines), 1.7 * max(lines)))
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(alpha=0.3)
    return ax


def bars(ax, values, *, floor: float, x: str):
    """Named values as bars, the first one hatched, with a line at the least that is possible."""
    names = list(values)
    colours = [BLUE] + [GREY] * (len(names) - 1)
    drawn = ax.barh(names, list(values.values()), color=colours, hatch=["//"] + [""] * (len(names) - 1))
    ax.bar_label(drawn, fmt="%.0f", fontsize=7, padding=2)
    ax.axvline(floor, color=VERMILION, linestyle="--", label="arithmetic at the peak")
    ax.invert_yaxis()
    ax.set(xlabel=x)
    ax.margins(x=0.15)
    ax.legend(frameon=False, fontsize=7)
    return ax


def _finish(ax, step, name, x="update step"):
    ax.set(xlabel=x, ylabel=name, xlim=(step[0], step[-1]))
    if "accuracy" in name:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(alpha=0.3)


def template(ax, w):
    """A row of first-layer weights w [3072] as an image, rescaled to [0, 1]."""
    image = np.asarray(w).reshape(3, 32, 32).transpose(1, 2, 0)
    ax.imshow((image - image.min()) / max(np.ptp(image), 1e-12))
    ax.set(xticks=[], yticks=[])
    return ax


def confusion(ax, fractions, classes):
    """A confusion matrix [K, K] whose rows sum to 1: shade and percent."""
    ax.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(fractions):
        shade = "white" if value > 0.5 else "black"
        ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=7, color=shade)
    ticks = np.arange(len(classes))
    ax.set_xticks(ticks, classes, rotation=45, ha="right")
    ax.set_yticks(ticks, classes)
    ax.set(xlabel="predicted", ylabel="true class (rows sum to 100 %)")
    return ax


def lam_search(ax, lams, accuracy, choice=None):
    """Validation accuracy [n_lam, n_seeds], NaN where diverged, against λ: every seed, the mean, its 95 % interval.

    With a `choice` (of choice.py): which λ can't be told apart from the best, what is chosen, how far the validation
    set itself can be trusted, and what the best owes to having won.
    """
    order = np.argsort(lams, kind="stable")
    found = [stats.estimate(row[np.isfinite(row)]) for row in np.asarray(accuracy)]
    mean = np.array([e.mean for e in found])
    half = np.nan_to_num([e.high - e.mean for e in found])
    lams, accuracy = np.asarray(lams), np.asarray(accuracy)
    for i, seed in enumerate(accuracy.T):
        ax.plot(lams[order], seed[order], color=GREY, linewidth=0.6, alpha=0.7, label=None if i else "one seed")
    whiskers = {"fmt": "o-", "color": BLUE, "capsize": 3, "markersize": 5, "zorder": 3, "markerfacecolor": "white"}
    ax.errorbar(lams[order], mean[order], half[order], label="mean and 95 % interval (open: told apart)", **whiskers)
    if choice is not None:
        tied = list(choice.tied)
        if len(lams) > 1:
            filled = {"color": BLUE, "markersize": 5, "zorder": 4}
            ax.plot(lams[tied], mean[tied], "o", label="not told apart from the best", **filled)
        star = {"color": VERMILION, "markersize": 13, "zorder": 5, "markeredgecolor": "black", "markeredgewidth": 0.5}
        best, lam = mean[choice.best], lams[choice.best]
        ax.plot(lam, best, "*", label=f"chosen: best mean, λ = {lam:.3g}", **star)
        ring = {"markersize": 12, "zorder": 5, "markerfacecolor": "none", "color": "black"}
        sparse = lams[choice.one_se]
        ax.plot(sparse, mean[choice.one_se], "o", label=f"one-standard-error rule, λ = {sparse:.3g}", **ring)
        error = choice.standard_error
        band = {"color": VERMILION, "alpha": 0.12, "linewidth": 0, "zorder": 0}
        ax.axhspan(best - error, best + error, label="best ± standard error of the validation set", **band)
        if np.isfinite(choice.optimism):
            cross = {"color": VERMILION, "markersize": 7, "zorder": 5}
            text = f"best less its expected luck ({100 * choice.optimism:+.2f} points)"
            ax.plot(lam, best - choice.optimism, "x", label=text, **cross)
    _lam_axis(ax, lams)
    ax.set_ylabel("validation accuracy")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    _legend_below(ax)
    return ax


def lam_differences(ax, choice):
    """Every λ minus the best, in points, with intervals that hold together; those far below are named at the edge."""
    order = np.argsort(choice.lams, kind="stable")
    points = 100 * np.array([d.mean for d in choice.differences])
    half = np.nan_to_num(100 * np.array([d.high - d.mean for d in choice.differences]))
    # Room for all that is tied, and for a point at least.
    floor = 1.15 * min([-1.0, *(points - half)[list(choice.tied)]])
    ceiling = max([0.5, *(points + half)[list(choice.tied)]])
    ax.axhline(0, color="black", linewidth=0.8)
    for i in order:
        colour = BLUE if i in choice.tied else "white"
        if points[i] < floor:
            ax.plot(choice.lams[i], floor, "v", color=BLUE, markerfacecolor="white", clip_on=False)
            ax.annotate(
                f"{points[i]:.1f}", (choice.lams[i], floor), (0, 7), textcoords="offset points", ha="center", fontsize=7
            )
        else:
            ax.errorbar(
                choice.lams[i], points[i], half[i], fmt="o", color=BLUE, capsize=3, markersize=5, markerfacecolor=colour
            )
    _lam_axis(ax, choice.lams)
    ax.set_title("intervals hold together at 95 %", fontsize=9)
    ax.set(ylabel="minus the best, points, paired by seed", ylim=(floor, 1.15 * ceiling))
    return ax


def overlay(ax, lams, accuracy, label: str, style: str):
    """Numbers of others, on a figure of a search."""
    ax.plot(lams, accuracy, style, color="black", markersize=5, markerfacecolor="none", linewidth=1, label=label)
    _legend_below(ax)
    return ax


def _legend_below(ax):
    ax.legend(frameon=False, fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))


def _lam_axis(ax, lams):
    if min(lams) > 0:
        ax.set_xscale("log")
        if max(lams) < 30 * min(lams):  # powers of ten alone would be too few
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(NullFormatter())
    else:  # λ = 0 has a place left of the smallest other one
        ax.set_xscale("symlog", linthresh=min((lam for lam in lams if lam > 0), default=1.0))
    ax.set_xlabel("λ")
    ax.grid(alpha=0.3)
