"""What came out of a plan: the numbers of every run, their estimates over seeds, and the files that hold them."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import network, stats, sweep, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io import files
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.plan import Plan

RUNS, CURVES, PARAMS = "runs.csv", "curves.npz", "params.npz"


class Setting(NamedTuple):
    """One setting and what its seeds say: `estimates` has train_loss, train_cost, ... over those that converged."""

    hypers: train.Hypers
    diverged: int
    estimates: Mapping[str, stats.Estimate]

    @property
    def n_seeds(self) -> int:
        return self.diverged + self.estimates["train_loss"].n

    def as_json(self) -> dict:
        numbers = {key: estimate.as_json() for key, estimate in self.estimates.items()}
        return {**self.hypers.named(), "n_seeds": self.n_seeds, "diverged": self.diverged, **numbers}


class Result(NamedTuple):
    """What a report is drawn from."""

    plan: Plan
    outcome: sweep.Outcome
    settings: Sequence[Setting]
    path: Path


def conclude(plan: Plan, outcome: sweep.Outcome, path: Path) -> Result:
    """The result of a plan, with the estimates of every setting."""
    return Result(plan, outcome, settings(outcome), path)


def settings(outcome: sweep.Outcome) -> list[Setting]:
    """The estimates of every setting; diverged runs are counted and left out."""
    numbers = final(outcome)
    return [
        Setting(
            train.Hypers(**{name: float(a[i]) for name, a in outcome.hypers.named().items()}),
            int(diverged.sum()),
            {key: stats.estimate(a[i][~diverged]) for key, a in numbers.items()},
        )
        for i, diverged in enumerate(outcome.diverged)
    ]


def ranking(settings: Sequence[Setting], key: str) -> list[int]:
    """Indices of the settings, those with the fewest diverged runs first, then by the mean of `key`, the highest first.

    A mean over the seeds that survived is too good. Settings of which all runs diverged are left out.
    """
    converged = [i for i, setting in enumerate(settings) if setting.estimates[key].n > 0]
    return sorted(converged, key=lambda i: (settings[i].diverged, -settings[i].estimates[key].mean))


def final(outcome: sweep.Outcome) -> dict[str, np.ndarray]:
    """train_loss, train_cost, train_accuracy, valid_..., test_... after training, each [n_settings, n_seeds]."""
    last = {key: a[..., -1] for key, a in _named(train=outcome.train, valid=outcome.valid).items()}
    return last | ({} if outcome.test is None else _named(test=outcome.test))


def _named(**splits: Metrics) -> dict[str, np.ndarray]:
    """train_loss, train_cost, ...: the splits' metrics by the names that files have for them."""
    return {f"{split}_{key}": a for split, metrics in splits.items() for key, a in metrics._asdict().items()}


def write_runs(directory: Path, outcome: sweep.Outcome, *, dataset: str) -> None:
    """runs.csv: a row a setting and seed, and the name of the data."""
    numbers, hypers = final(outcome), outcome.hypers.named()
    rows = []
    for i, j in itertools.product(range(len(outcome.hypers.lam)), range(len(outcome.seeds))):
        status = "diverged" if outcome.diverged[i, j] else "ok"
        rows.append(
            [*(float(a[i]) for a in hypers.values()), int(outcome.seeds[j])]
            + [float(a[i, j]) for a in numbers.values()]
            + [status, dataset]
        )
    files.write_csv(directory / RUNS, [*hypers, "seed", *numbers, "status", "dataset"], rows)


def write_arrays(directory: Path, outcome: sweep.Outcome, *, dataset: str, steps_per_epoch: float) -> None:
    """curves.npz and, after it, params.npz: every number of every run."""
    axes = {**outcome.hypers.named(), "seed": outcome.seeds, "dataset": dataset}
    curves = _named(train=outcome.train, valid=outcome.valid)
    tested = {} if outcome.test is None else _named(test=outcome.test)
    seconds = {"compile_seconds": outcome.compile_seconds, "run_seconds": outcome.run_seconds}
    steps = {"step": outcome.step, "epoch": outcome.step / steps_per_epoch, "lr": outcome.lr}
    files.write_npz(directory / CURVES, **steps, **curves, **tested, **axes, **seconds)
    layers = {f"{key}{i}": a for i, layer in enumerate(outcome.params, 1) for key, a in layer._asdict().items()}
    files.write_npz(directory / PARAMS, **layers, **axes)


def read_arrays(directory: Path) -> sweep.Outcome:
    """The outcome that `write_arrays` wrote.

    Raises:
      ResultError: a file is missing or damaged.
    """
    curves, params = (_read(directory / name) for name in (CURVES, PARAMS))
    n_layers = sum(key.startswith("W") for key in params)
    arrays = train.Hypers._field_defaults | curves

    def metrics(split):
        return Metrics(*(curves[f"{split}_{key}"] for key in Metrics._fields))

    try:
        return sweep.Outcome(
            train.Hypers(*(arrays[name] for name in train.Hypers._fields)),
            curves["seed"],
            step=curves["step"],
            lr=curves["lr"],
            train=metrics("train"),
            valid=metrics("valid"),
            test=metrics("test") if "test_loss" in curves else None,
            params=tuple(network.Layer(params[f"W{i}"], params[f"b{i}"]) for i in range(1, n_layers + 1)),
            compile_seconds=float(curves["compile_seconds"]),
            run_seconds=float(curves["run_seconds"]),
        )
    except KeyError as error:
        raise ResultError(f"{directory} is damaged: it has no {error}") from error


def _read(file: Path) -> dict[str, np.ndarray]:
    arrays = files.read_npz(file)
    if arrays is None:
        raise ResultError(f"{file} is damaged")
    return arrays
