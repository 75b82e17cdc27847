"""Two-layer networks beside each other: accuracy against width and against seconds; and ensembles of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import jax
import numpy as np
from matplotlib.ticker import NullLocator, PercentFormatter

from dd2424_jax import data, evaluation, network, stats
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.runs.result import Result, final
from dd2424_jax.stats import Estimate

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


# Ensembles: the mean of several networks' probabilities


def networks(result: Result) -> Iterator[tuple[network.Params, ...]]:
    """Of every seed that converged: the networks at the ends of cycles, where they were kept, the last one last."""
    last, kept = result.outcome.params, result.outcome.snapshots
    for j in np.flatnonzero(result.outcome.converged[0]):
        n = 0 if kept is None else kept[0].b.shape[2]
        earlier = (jax.tree.map(lambda a, j=j, i=i: a[0, j, i], kept) for i in range(n))
        yield (*earlier, jax.tree.map(lambda a, j=j: a[0, j], last))


def probabilities(result: Result, split: data.Split, *, flips: bool) -> np.ndarray:
    """Of every seed and its networks, [n_converged, n_networks, n, K]."""
    config, scale = result.plan.config, result.plan.splits.scale
    of_network = jax.jit(lambda split, params: evaluation.probabilities(config, split, scale, params, flips=flips))
    split = jax.tree.map(jax.numpy.asarray, split)
    return np.array([[of_network(split, params) for params in of_seed] for of_seed in networks(result)])


def accuracy(P: np.ndarray, split: data.Split) -> np.ndarray:
    """Of classes that probabilities [..., n, K] say: [...]."""
    return np.mean(np.argmax(P, axis=-1) == split.y, axis=-1)


def over_cycles(result: Result, about: str) -> tuple[tables.Table, dict[str, Estimate]]:
    """Every seed's last network, and the mean of all its ends of cycles, on validation; and that minus this one."""
    split = result.plan.splits.valid
    P = probabilities(result, split, flips=False)
    last, together = accuracy(P[:, -1], split), accuracy(P.mean(axis=1), split)
    n = P.shape[1]
    caption = f"{about}: validation accuracy of one network, and of the mean prediction of the {n} ends of its cycles"
    gain = stats.paired(together, last)
    rows = [
        [name, str(own.n), tables.percent(own), tables.percent_interval(own)]
        for name, own in (("the last network", stats.estimate(last)), (f"{n} ends", stats.estimate(together)))
    ]
    rows.append(["gain, points", str(gain.n), tables.points(gain.mean), tables.points_interval(gain.low, gain.high)])
    header = ["networks", "seeds", "validation %", "95 % interval"]
    return tables.Table("cycle_ends", caption, header, rows), {"gain": gain}


def over_seeds(result: Result, about: str) -> tuple[tables.Table, dict]:
    """One network (mean ± sd over seeds), and the mean prediction of all; of images, and of mirror images too."""
    splits = {name: getattr(result.plan.splits, name) for name in ("valid", "test")}
    rows, best = [], {}
    for flips in (False, True):
        P = {name: probabilities(result, split, flips=flips)[:, -1] for name, split in splits.items()}
        alone = {name: stats.estimate(accuracy(P[name], split)) for name, split in splits.items()}
        together = {name: float(accuracy(P[name].mean(axis=0), split)) for name, split in splits.items()}
        end = ", and of mirror images" if flips else ""
        rows.append([f"one network{end}", *(tables.percent(own) for own in alone.values())])
        n = alone["test"].n
        rows.append([f"mean of {labels.count(n, 'network')}{end}", *(f"{100 * own:.2f}" for own in together.values())])
        best["with_mirror_images" if flips else "plain"] = {
            "n_networks": n,
            "one": {name: own.as_json() for name, own in alone.items()},
            "ensemble": together,
        }
    caption = f"{about}: predictions of one network, mean ± sd over seeds, and means of predictions"
    return tables.Table("ensembles", caption, ["prediction", "validation %", "test %"], rows), best


def best_published(result: Result, about: str, published: Sequence[Sequence[str]]) -> tables.Table:
    """Test accuracy beside what is published, rows of (whose, n, accuracy)."""
    own = result.settings[0].estimates["test_accuracy"]
    rows = [["this run: mean ± sd over seeds", str(own.n), tables.percent(own)], *map(list, published)]
    return tables.Table("published", f"{about}, beside published ones", ["test accuracy", "n", "%"], rows)
