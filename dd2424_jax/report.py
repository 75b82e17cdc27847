"""What a sweep's outcome becomes: estimates over seeds, the files of a run directory, a report to read."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dd2424_jax import files, plots, stats, sweep, tables, train


class Setting(NamedTuple):
    """One setting and what its seeds say: `estimates` has train_loss, train_cost, ... over those that converged."""

    lam: float
    lr_min: float
    lr_max: float
    diverged: int
    estimates: Mapping[str, stats.Estimate]

    def as_json(self) -> dict:
        n_seeds = self.diverged + self.estimates["train_loss"].n
        numbers = {key: estimate.as_json() for key, estimate in self.estimates.items()}
        return {"lam": self.lam, "lr_min": self.lr_min, "lr_max": self.lr_max, "n_seeds": n_seeds} | {
            "diverged": self.diverged,
            **numbers,
        }


class Report(NamedTuple):
    """Tables, remarks to stand under them, figures by file name, and what summary.json is to have besides."""

    tables: Sequence[tables.Table]
    remarks: Sequence[str]
    figures: Mapping[str, Figure]
    summary: Mapping = MappingProxyType({})


def final(outcome: sweep.Outcome) -> dict[str, np.ndarray]:
    """train_loss, train_cost, train_accuracy, valid_..., test_... after training, each [n_settings, n_seeds]."""
    last = {key: a[..., -1] for key, a in _named(train=outcome.train, valid=outcome.valid).items()}
    return last | (_named(test=outcome.test) if outcome.test is not None else {})


def _named(**splits: train.Metrics) -> dict[str, np.ndarray]:
    """train_loss, train_cost, ...: the splits' metrics by the names that files have for them."""
    return {f"{split}_{key}": a for split, metrics in splits.items() for key, a in metrics._asdict().items()}


def settings(outcome: sweep.Outcome) -> list[Setting]:
    """The estimates of every setting; diverged runs are counted and left out."""
    numbers = final(outcome)
    return [
        Setting(
            *(float(a[i]) for a in outcome.hypers),
            int(diverged.sum()),
            {key: stats.estimate(a[i][~diverged]) for key, a in numbers.items()},
        )
        for i, diverged in enumerate(outcome.diverged)
    ]


def ranking(settings: Sequence[Setting], key: str) -> list[int]:
    """Indices of the settings by the mean of `key`, the highest first.

    A mean over the seeds that survived is too good: settings of which fewer runs diverged come first, and those of
    which all did not at all.
    """
    alive = [i for i, setting in enumerate(settings) if setting.estimates[key].n > 0]
    return sorted(alive, key=lambda i: (settings[i].diverged, -settings[i].estimates[key].mean))


def write_numbers(directory: Path, outcome: sweep.Outcome, *, dataset: str, steps_per_epoch: float) -> None:
    """runs.csv, curves.npz, params.npz: every number of every seed, and the name of the data."""
    numbers, hypers = final(outcome), outcome.hypers
    rows = []
    for i, j in itertools.product(range(len(hypers.lam)), range(len(outcome.seeds))):
        status = "diverged" if outcome.diverged[i, j] else "ok"
        rows.append(
            [*(float(a[i]) for a in hypers), int(outcome.seeds[j])]
            + [float(a[i, j]) for a in numbers.values()]
            + [status, dataset]
        )
    files.write_csv(directory / "runs.csv", [*hypers._fields, "seed", *numbers, "status", "dataset"], rows)
    axes = {**hypers._asdict(), "seed": outcome.seeds, "dataset": dataset}
    curves = _named(train=outcome.train, valid=outcome.valid)
    epoch = outcome.step / steps_per_epoch
    files.write_npz(directory / "curves.npz", step=outcome.step, epoch=epoch, lr=outcome.lr, **curves, **axes)
    layers = {f"{key}{i}": a for i, layer in enumerate(outcome.params, 1) for key, a in layer._asdict().items()}
    files.write_npz(directory / "params.npz", **layers, **axes)


def write_report(directory: Path, report: Report) -> None:
    """table.md (all tables, and the remarks), table.tex, and every figure as PNG and PDF."""
    parts = [tables.markdown(table) for table in report.tables] + [f"{remark}\n" for remark in report.remarks]
    files.write_text(directory / "table.md", "\n".join(parts))
    files.write_text(directory / "table.tex", "\n".join(map(tables.latex, report.tables)))
    for name, fig in report.figures.items():
        for form in ("png", "pdf"):
            files.write_bytes(directory / f"{name}.{form}", plots.render(fig, form))
