"""The benchmark's figures, as functions that draw arrays on an `ax` and return it."""

import textwrap

import numpy as np
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from dd2424_jax.reporting.plots import BLUE, GREY, VERMILION, some_of


def growth(ax, sizes, values, floor, *, x: str, y: str):
    """`values` [n_sizes, low, median, high] against what grows, log-log; `floor` [n_sizes], or None, is the least."""
    low, median, high = np.transpose(values)
    ax.loglog(sizes, median, "o-", color=BLUE, label="measured: median, quartiles")
    ax.fill_between(sizes, low, high, color=BLUE, alpha=0.25, linewidth=0)
    if floor is not None:
        ax.loglog(sizes, floor, "--", color=VERMILION, label="arithmetic at the peak")
    lines = [*low, *high, *(median if floor is None else floor)]
    ax.set(xlabel=x, ylabel=y, ylim=(0.6 * min(lines), 1.7 * max(lines)))
    ax.set_xticks(*some_of(sizes, [str(size) for size in sizes], n=6))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(True)
    return ax


def bars(ax, values, *, floor: float, x: str):
    """Named values as bars, the first one hatched, with a line at the least that is possible."""
    names = list(values)
    colours = [BLUE] + [GREY] * (len(names) - 1)
    wrapped, hatch = [textwrap.fill(name, 19) for name in names], ["//"] + [""] * (len(names) - 1)
    drawn = ax.barh(wrapped, list(values.values()), color=colours, hatch=hatch)
    ax.bar_label(drawn, fmt="%.0f", fontsize="small", padding=2)
    ax.axvline(floor, color=VERMILION, linestyle="--", label="arithmetic at the peak")
    ax.invert_yaxis()
    ax.set(xlabel=x)
    ax.tick_params("y", labelsize="small")
    ax.margins(x=0.2)
    return ax
