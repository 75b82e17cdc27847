"""Figures: functions that draw arrays on an `ax` and return it, in Okabe and Ito's colours, which everyone can see."""

import io
import itertools

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from dd2424_jax import stats

matplotlib.rcdefaults()  # figures do not depend on the user's matplotlibrc

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#777777"
MAX_NAMES, MAX_CYCLES, MAX_PANELS = 20, 40, 12  # that a figure has room for
SPLIT_STYLES = {"train": (BLUE, "-"), "validation": (VERMILION, "--")}  # readable in black and white too


def some_of(*sequences, n: int = MAX_NAMES) -> list[list]:
    """Every so manieth of each, so that there are at most n: what there is room for, of legends and ticks."""
    every = -(-len(sequences[0]) // n)
    return [list(sequence)[::every] for sequence in sequences]


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
    fig.set_layout_engine("none")  # the layout stands, and the next file of the figure need not find it again
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


def curves_by_setting(ax, step, names, values, *, name: str):
    """`values`, of every setting [n_seeds, n_evals], against the update step: mean and 95 % band, dark to light.

    Of more than MAX_NAMES settings, the means alone.
    """
    for setting, of_setting, (shade, marker) in zip(names, values, curves_style(len(names)), strict=True):
        mean, low, high = stats.band(of_setting)
        ax.plot(step, mean, color=shade, marker=marker, markersize=3.5, linewidth=1.2, label=setting)
        if len(names) <= MAX_NAMES:
            ax.fill_between(step, low, high, color=shade, alpha=0.12, linewidth=0)
    _finish(ax, step, name)
    return ax


def curves_style(n: int) -> list:
    """(colour, marker) of n curves in their order, dark to light."""
    shades = colormaps["viridis"](np.linspace(0, 0.9, n))
    return list(zip(shades, itertools.cycle("osv^D*Px"), strict=False))


def learning_figure(outcome, names, title: str, steps, rates, cycle: int):
    """Loss, cost and accuracy against the update step, of an outcome as `sweep.run` returns it.

    One setting: train and validation together. Several: training cost, validation loss, validation accuracy, of each
    by its name, without the bands where they are too many. Below, the learning rates `rates` [n_rates, n_steps] at
    some `steps` [n_steps]; everywhere, the ends of cycles of so many updates, unless they would be all there is to see.
    """
    heights = {"height": 2.1, "height_ratios": (5, 1), "sharex": True}
    band = ", mean and 95 % band" if len(names) <= MAX_NAMES else ", means"
    ends = range(cycle, steps[-1] + 1, cycle)
    dotted = "; dotted: ends of cycles" if len(ends) <= MAX_CYCLES else ""
    fig, (axes, below) = figure(2, 3, title + band + dotted, **heights)
    for ax in below:
        ax.plot(steps, np.transpose(rates), color=GREY, linewidth=1)
        ax.set(xlabel="update step", ylabel="η")
    for ax in [*axes, *below]:
        for end in ends if dotted else ():
            ax.axvline(end, color=GREY, linestyle=":", linewidth=1)
    if len(names) == 1:
        for ax, name in zip(axes, outcome.train._fields, strict=True):
            curves_of_setting(ax, outcome.step, outcome, 0, name)
    else:
        _curves_of_all(axes, outcome, names)
    for ax in axes:
        ax.set_xlabel("")
        if outcome.diverged.all():
            ax.text(0.5, 0.5, "every run diverged", transform=ax.transAxes, ha="center", va="center")
    return fig


def _curves_of_all(axes, outcome, names):
    panels = {
        "training cost": outcome.train.cost,
        "validation loss": outcome.valid.loss,
        "validation accuracy": outcome.valid.accuracy,
    }
    diverged = outcome.diverged
    for ax, (name, values) in zip(axes, panels.items(), strict=True):
        converged = [of_setting[~gone] for of_setting, gone in zip(values, diverged, strict=True)]
        curves_by_setting(ax, outcome.step, names, converged, name=name)
    if not diverged.all():
        axes[0].set_yscale("log")  # the penalty at the start dwarfs what comes after
        low, high = axes[0].get_ylim()
        log_ticks(axes[0].yaxis, (1, 1.5, 2, 3, 5, 7) if high < 10 * low else (1, 2, 5) if high < 1000 * low else (1,))
    axes[-1].figure.legend(
        *some_of(*axes[-1].get_legend_handles_labels()), loc="outside right upper", frameon=False, fontsize=7
    )


def log_ticks(axis, multiples):
    """Plain numbers on a logarithmic axis, at these multiples of powers of ten."""
    axis.set_major_locator(LogLocator(subs=multiples))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


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
