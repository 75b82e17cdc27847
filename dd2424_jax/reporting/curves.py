"""Learning curves: functions that draw them on an `ax` and return it, and the figure of all metrics."""

import numpy as np
from matplotlib.ticker import PercentFormatter

from dd2424_jax import stats
from dd2424_jax.reporting import plots

SPLIT_STYLES = {"train": (plots.BLUE, "-"), "validation": (plots.VERMILION, "--")}  # readable in black and white too
MAX_CYCLES = 40  # whose ends a figure has room for
EXPLODED, SHOWN = 10, 2  # times the untrained network's: beyond the first, an axis ends at the second


def learning_curves(ax, step, train, valid, *, name: str, x: str = "update step", log: bool = False):
    """`train` and `valid` [n_seeds, n_evals] against [n_evals] steps or epochs: mean, and its 95 % band over seeds."""
    bottom = _bottom([train, valid], log)
    for label, values in (("train", train), ("validation", valid)):
        colour, style = SPLIT_STYLES[label]
        mean, low, high = stats.band(values)
        ax.plot(step, mean, style, color=colour, label=label)
        ax.fill_between(step, np.maximum(low, bottom), high, color=colour, alpha=0.25, linewidth=0)
    _finish(ax, step, name, [train, valid], x, log=log)
    return ax


def curves_of_setting(ax, step, outcome, i: int, name: str, *, x: str = "update step", log: bool = False):
    """Learning curves of one metric of setting i of an outcome, over the runs that converged."""
    ok = outcome.converged[i]
    on_train, on_valid = (getattr(split, name)[i][ok] for split in (outcome.train, outcome.valid))
    return learning_curves(ax, step, on_train, on_valid, name=name, x=x, log=log)


def curves_by_setting(ax, step, names, values, *, name: str, log: bool = False):
    """`values`, of every setting [n_seeds, n_evals], against the update step: mean and 95 % band, dark to light.

    Of more than MAX_LEGEND settings, the means alone.
    """
    bottom = _bottom(values, log)
    for setting, of_setting, (shade, marker) in zip(names, values, plots.curves_style(len(names)), strict=True):
        mean, low, high = stats.band(of_setting)
        ax.plot(step, mean, color=shade, marker=marker, label=setting)
        if len(names) <= plots.MAX_LEGEND:
            ax.fill_between(step, np.maximum(low, bottom), high, color=shade, alpha=0.12, linewidth=0)
    _finish(ax, step, name, values, log=log)
    return ax


def learning_figure(outcome, names, title: str, steps, rates, cycle: int):
    """Loss, cost and accuracy against the update step, of an outcome as `sweep.run` returns it.

    One setting: train and validation together. Several: training cost, validation loss, validation accuracy, of each
    by its name, without the bands where they are too many. Beside them, the learning rates `rates` [n_rates, n_steps]
    at some `steps` [n_steps]; everywhere, the ends of cycles of so many updates inside the training, unless there are
    none to see or they would be all there is.
    """
    band = ", mean and 95 % band" if len(names) <= plots.MAX_LEGEND else ", means"
    ends = range(cycle, steps[-1], cycle) if np.ptp(rates, axis=1).any() else ()
    ends = ends if len(ends) <= MAX_CYCLES else ()
    fig, panels = plots.figure(2, 2, title + band + ("; dotted: ends of cycles" if ends else ""), sharex=True)
    *axes, below = panels.flat
    below.plot(steps, np.transpose(rates), color=plots.GREY)
    below.set(ylabel="learning rate η", ylim=(0, None))
    if len(names) == 1:
        for ax, name in zip(axes, outcome.train._fields, strict=True):
            curves_of_setting(ax, outcome.step, outcome, 0, name)
        plots.legend(fig, axes[0])
    else:
        _curves_of_all(axes, outcome, names)
        plots.name_curves(fig, panels, names)
    for ax in panels.flat:
        ax.grid(True)
        ax.set_xlabel("update step" if ax in panels[-1] else "")
        for end in ends:
            ax.axvline(end, color=plots.GREY, linestyle=":", linewidth=1)
        if not outcome.converged.any() and ax is not below:
            ax.text(0.5, 0.5, "every run diverged", transform=ax.transAxes, ha="center", va="center")
    return fig


def _curves_of_all(axes, outcome, names):
    panels = {
        "training cost": outcome.train.cost,
        "validation loss": outcome.valid.loss,
        "validation accuracy": outcome.valid.accuracy,
    }
    for ax, (name, values) in zip(axes, panels.items(), strict=True):
        converged = [of_setting[own] for of_setting, own in zip(values, outcome.converged, strict=True)]
        # The penalty at the start dwarfs what comes after.
        curves_by_setting(ax, outcome.step, names, converged, name=name, log="cost" in name)


def _bottom(values, log: bool) -> float:
    """Where bands end: on a logarithmic axis, which has no 0, below what is seen of it."""
    return min((np.min(of_one, initial=np.inf) for of_one in values), default=0.0) / 2 if log else -np.inf


def _finish(ax, step, name, values, x="update step", *, log=False):
    """Axes that show what seeds reach, some [n_seeds, n_evals] each, and of their bands as much as can be read."""
    ax.set(xlabel=x, ylabel=name, xlim=(step[0], step[-1]))
    ax.grid(True)
    ax.xaxis.get_major_locator().set_params(integer=True)
    values = [of_one for of_one in map(np.asarray, values) if of_one.size]
    if "accuracy" in name:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    if not values:
        return
    low, high = min(of_one.min() for of_one in values), max(of_one.max() for of_one in values)
    if "accuracy" in name:
        ax.set_ylim(*plots.accuracy_limits(low, high))
        return
    untrained = max(of_one[:, 0].max() for of_one in values)
    if high > EXPLODED * untrained > 0:
        _mark_exploded(ax, step, SHOWN * untrained, high)
        low, high = min(low, untrained), SHOWN * untrained
    if log and low > 0:
        ax.set(yscale="log", ylim=(low / 1.2, high * 1.2))
        plots.log_ticks(ax.yaxis, (1, 1.5, 2, 3, 5, 7) if high < 10 * low else (1, 2, 5) if high < 1000 * low else (1,))
    else:
        room = 0.15 * (high - low) or 0.1 * high or 1.0
        ax.set_ylim(max(0.0, low - room), high + room)


def _mark_exploded(ax, step, top, high):
    """Where the curves so far leave the axes, and how far they go."""
    for line in ax.lines:
        beyond = np.flatnonzero(line.get_ydata() > top)
        if len(beyond):
            edge = {"transform": ax.get_xaxis_transform(), "clip_on": False, "color": line.get_color(), "zorder": 5}
            ax.plot(step[max(beyond[0] - 1, 0)], 1, "^", markersize=6, **edge)
    ax.text(0.97, 0.93, f"▲ leaves, up to {high:.0e}", transform=ax.transAxes, ha="right", va="top")
