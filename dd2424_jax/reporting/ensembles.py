"""Predictions by the mean of several networks' probabilities: of a seed's ends of cycles, or of several seeds."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np

from dd2424_jax import data, evaluation, network, stats
from dd2424_jax.reporting import labels, tables
from dd2424_jax.runs.result import Result
from dd2424_jax.stats import Estimate


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
