"""What a learning rate range test reports: the suggested learning rates, and accuracy and loss against the rate."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from dd2424_jax import stats
from dd2424_jax.lr_range import SHARE, Suggestion, suggest
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result

RULE = (
    "η_max is where the mean validation accuracy over seeds is highest before any seed diverges; η_min is where it has "
    f"first risen by {100 * SHARE:g} % of its rise from before training to there (after Smith, 2017)."
)
MARKS = {"color": "white", "markeredgecolor": "black", "linestyle": "", "zorder": 5}


def draw(result: Result, title: str) -> Report:
    """The learning rates suggested for every setting, in words what to do with them, and the curves."""
    outcome = result.outcome
    finite = np.isfinite(outcome.train.cost) & np.isfinite(outcome.valid.cost)
    suggested = [suggest(*of_one) for of_one in zip(outcome.valid.accuracy, finite, strict=True)]
    about = f"{title}: {labels.about(result)}"
    figures = {"curves": _figure(result, suggested, about)}
    summary = {"suggested": [_as_json(result, i, own) for i, own in enumerate(suggested)]}
    return Report([_table(result, suggested, about)], _remarks(result, suggested), figures, summary, omits=False)


def _table(result: Result, suggested: Sequence[Suggestion], about: str) -> tables.Table:
    names, rows = labels.columns(result.plan), []
    for i, own in enumerate(suggested):
        ends = np.sort(result.outcome.lr[i, own.of_seeds])[[0, -1]]
        accuracy = "–" if own.highest is None else tables.percent(_accuracy(result, i, own))
        cells = [
            _rate(result, i, own.lowest),
            _rate(result, i, own.highest),
            accuracy,
            "{:.3g} to {:.3g}".format(*ends),
        ]
        rows.append([*(column[i] for column in names.values()), *cells, _rate(result, i, own.diverged)])
    header = ["suggested η_min", "suggested η_max", "validation %", "η_max of single seeds", "diverged at η"]
    caption = f"{about}; validation accuracy at the suggested η_max, mean ± sd over seeds"
    return tables.Table("suggested", caption, [*names, *header], rows)


def _rate(result: Result, i: int, evaluation: int | None) -> str:
    """The learning rate of an evaluation of setting i."""
    return "–" if evaluation is None else f"{result.outcome.lr[i, evaluation]:.3g}"


def _flag(name: str, rates: Sequence[str]) -> str:
    """As it is typed: one for all settings where they are equal, as lists are paired with λ's."""
    return f"--{name}={','.join(rates if len({*rates}) > 1 else rates[:1])}"


def _accuracy(result: Result, i: int, own: Suggestion) -> stats.Estimate:
    return stats.estimate(result.outcome.valid.accuracy[i, :, own.highest])


def _remarks(result: Result, suggested: Sequence[Suggestion]) -> list[str]:
    remarks = [RULE]
    if all(own.highest is not None for own in suggested):
        lowest = [_rate(result, i, own.lowest) for i, own in enumerate(suggested)]
        highest = [_rate(result, i, own.highest) for i, own in enumerate(suggested)]
        order = ", in the order of the table" if len({*lowest}) + len({*highest}) > 2 else ""
        remarks.append(f"To train with{order}: {_flag('lr_min', lowest)} {_flag('lr_max', highest)}")
    names = np.array(labels.settings(result.plan))
    flat = np.array([own.highest is None for own in suggested])
    unfinished = ~flat & [not own.falls for own in suggested]
    if flat.any():
        until = "before the range ends or a seed diverges"
        remarks.append(f"No suggestion, as accuracy does not rise significantly {until}: {'; '.join(names[flat])}.")
    if unfinished.any():
        what = f"by more than {100 * SHARE:g} % of its rise: raise --lr_max"
        remarks.append(f"The range ends before accuracy falls {what}. So it is for {'; '.join(names[unfinished])}.")
    return remarks


def _figure(result: Result, suggested: Sequence[Suggestion], about: str):
    """Validation accuracy and training loss against the learning rate, of every setting until a run diverges."""
    outcome, names = result.outcome, [labels.in_math(name) for name in labels.settings(result.plan)]
    banded = len(names) <= plots.MAX_LEGEND
    title = f"{about}; mean{' and 95 % band' if banded else ''}; circle: suggested η_min, star: η_max"
    fig, axes = plots.figure(2, 1, title, height=2.8, sharex=True)
    axes = axes[:, 0]
    panels = {"validation accuracy": outcome.valid.accuracy, "training loss": outcome.train.loss}
    for ax, (label, values) in zip(axes, panels.items(), strict=True):
        for i, (own, (shade, marker)) in enumerate(zip(suggested, plots.curves_style(len(names)), strict=True)):
            shown = slice(1, own.diverged)  # before training, the rate is lr_min, which may be 0
            mean, low, high = stats.band(values[i][:, shown])
            ax.plot(outcome.lr[i, shown], mean, color=shade, marker=marker, label=names[i])
            if banded:
                ax.fill_between(
                    outcome.lr[i, shown], low, high, color=shade, alpha=0.2 / len(names) ** 0.5, linewidth=0
                )
            if own.highest is not None:
                for at, mark, size in ((own.lowest, "o", 9), (own.highest, "*", 14)):
                    ax.plot(outcome.lr[i, at], values[i, :, at].mean(), mark, markersize=size, **MARKS)
        ax.set(xscale="log", ylabel=label)
        ax.grid(True)
    accuracy = outcome.valid.accuracy
    axes[0].set_ylim(*plots.accuracy_limits(accuracy.min(), accuracy.max(), 0.05))
    axes[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    losses = [outcome.train.loss[i, :, : own.diverged] for i, own in enumerate(suggested) if own.diverged != 0]
    if losses:  # what explodes leaves the axis
        axes[1].set_ylim(0.95 * min(map(np.min, losses)), 1.2 * max(loss[:, 0].max() for loss in losses))
    axes[1].set(xlabel="learning rate η", xlim=(outcome.lr[:, 1].min() / 1.1, outcome.lr.max() * 1.1))
    plots.log_ticks(axes[1].xaxis, (1, 2, 5))
    plots.name_curves(fig, axes, names)
    return fig


def _as_json(result: Result, i: int, own: Suggestion) -> dict:
    lr = result.outcome.lr[i]
    rates = {"lr_min": own.lowest, "lr_max": own.highest, "diverged": own.diverged}
    rates = {name: None if at is None else float(lr[at]) for name, at in rates.items()}
    accuracy = None if own.highest is None else _accuracy(result, i, own).as_json()
    of_seeds = {"lr_max_of_seeds": lr[own.of_seeds].tolist(), "falls": own.falls}
    return {"setting": result.settings[i].hypers.named(), **rates, "valid_accuracy": accuracy, **of_seeds}
