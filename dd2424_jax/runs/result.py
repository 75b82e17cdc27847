"""What came out of a plan: the numbers of every run, their estimates over seeds, and the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from dd2424_jax import data, evaluation, registry, stats, sweep, train
from dd2424_jax.io import files, records
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.plan import Plan

RUNS, CURVES, PARAMS = "runs.csv", "curves.npz", "params.npz"
PREDICTING = ("sizes", "activation", "loss")  # of a configuration, what predictions depend on
FACTS = (  # of a plan, that have a column in runs.csv
    *("activation", "init", "init_std", "bias_std", "loss", "smoothing", "dropout", "input_dropout"),
    *("flip", "shift", "shift_padding", "augment", "optimizer", "precision", "schedule", "decay", "n_decay"),
    *("n_batch", "n_s", "n_cycles", "n_evals", "n_epochs", "eval_train", "snapshots"),
    *("train_batches", "valid_batches", "n_train", "n_valid", "n_splits"),
)


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
    """What a report is drawn from.

    own  the experiment's own values of its flags: a report says where the plan differs from them
    """

    plan: Plan
    outcome: sweep.Outcome
    settings: Sequence[Setting]
    path: Path
    own: Mapping[str, object] = MappingProxyType({})


def conclude(plan: Plan, outcome: sweep.Outcome, path: Path) -> Result:
    """The result of a plan, with the estimates of every setting."""
    return Result(plan, outcome, settings(outcome, plan.fold), path)


def settings(outcome: sweep.Outcome, fold: np.ndarray) -> list[Setting]:
    """The estimates of every setting; diverged runs are counted and left out. `fold`: of every seed, [n_seeds]."""
    numbers, diverged = final(outcome), outcome.diverged
    return [
        Setting(
            train.Hypers(**{name: float(a[i]) for name, a in outcome.hypers.named().items()}),
            int(diverged[i].sum()),
            {key: stats.nested(a[i][converged], fold[converged]) for key, a in numbers.items()},
        )
        for i, converged in enumerate(outcome.converged)
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


def _named(**splits: evaluation.Metrics) -> dict[str, np.ndarray]:
    """train_loss, train_cost, ...: the splits' metrics by the names that files have for them."""
    return {f"{split}_{key}": a for split, metrics in splits.items() for key, a in metrics._asdict().items()}


def write_runs(directory: Path, plan: Plan, outcome: sweep.Outcome) -> None:
    """runs.csv: a row a setting and seed, and what tells these runs from those of other files."""
    numbers, hypers, facts = final(outcome), outcome.hypers.named(), plan.facts()
    alike = {"run": directory.name, "experiment": plan.experiment, "dataset": plan.source.name}
    alike |= {"sizes": "-".join(map(str, plan.config.sizes))} | {name: facts.get(name) for name in FACTS}
    alike = {name: " ".join(map(str, value)) if isinstance(value, tuple) else value for name, value in alike.items()}
    rows, fold, diverged = [], plan.fold.tolist(), outcome.diverged
    for i, j in np.argwhere(outcome.trained).tolist():
        status = "diverged" if diverged[i, j] else "ok"
        rows.append(
            [*alike.values(), *(float(a[i]) for a in hypers.values()), int(outcome.seeds[j]), fold[j]]
            + [float(a[i, j]) for a in numbers.values()]
            + [status]
        )
    files.write_csv(directory / RUNS, [*alike, *hypers, "seed", "split", *numbers, "status"], rows)


def write_arrays(directory: Path, plan: Plan, outcome: sweep.Outcome) -> None:
    """curves.npz and, after it, params.npz where there are parameters: every number of every run of the plan."""
    records.write_arrays(directory / CURVES, plan.digest, _curves(plan, outcome))
    if outcome.params is not None:
        write_params(directory, plan, outcome.weights.named())


def write_params(directory: Path, plan: Plan, weights: Mapping[str, np.ndarray | records.Pieces]) -> None:
    """params.npz, of weights by name."""
    records.write_arrays(directory / PARAMS, plan.digest, _params(plan, weights))


def read(plan: Plan, path: Path, *, weights: bool = True) -> Result:
    """The result of a plan from its run directory, with or without its parameters.

    Raises:
      ResultError: a file is missing, damaged, or of another plan.
    """
    return conclude(plan, read_arrays(path, plan, weights=weights), path)


def read_arrays(directory: Path, plan: Plan, *, weights: bool = True) -> sweep.Outcome:
    """The outcome that `write_arrays` wrote for the plan, with or without its parameters.

    Raises:
      ResultError: a file is missing, damaged, or of another plan.
    """
    tested = plan.splits.test is not None
    expected = sweep.blank(plan.config, plan.hypers, plan.seeds, tested=tested, weights=False)
    curves = _read(records.read_arrays, directory / CURVES, plan, _curves(plan, expected))

    def metrics(split):
        return evaluation.Metrics(*(curves[f"{split}_{key}"] for key in evaluation.Metrics._fields))

    return expected._replace(
        train=metrics("train"),
        valid=metrics("valid"),
        test=expected.test and metrics("test"),
        seconds=curves["seconds"],
        compile_seconds=float(curves["compile_seconds"]),
        **(read_params(directory, plan)._asdict() if weights else {}),
    )


def read_params(directory: Path, plan: Plan) -> sweep.Weights:
    """The weights of a plan's runs; they stay in the file, and are read where they are used.

    Raises:
      ResultError: the file is missing, damaged, or of another plan.
    """
    expected = sweep.shapes(plan.config, plan.shape)
    return expected.of(_read(records.map_arrays, directory / PARAMS, plan, _params(plan, expected.named())))


def _axes(plan: Plan) -> dict[str, np.ndarray]:
    seeds = np.asarray(plan.seeds, np.uint32)
    of_runs = {"seed": seeds, "split": plan.fold, "held_out": plan.held_out, "kin": np.array(plan.kin)}
    return {**plan.hypers.named(), **of_runs, "dataset": np.array(plan.source.name)}


def _curves(plan: Plan, outcome: sweep.Outcome) -> dict[str, np.ndarray]:
    curves = _named(train=outcome.train, valid=outcome.valid)
    tested = {} if outcome.test is None else _named(test=outcome.test)
    seconds = {key: np.array(getattr(outcome, key), float) for key in ("compile_seconds", "seconds")}
    steps = {"step": outcome.step, "epoch": outcome.step / plan.steps_per_epoch, "lr": outcome.lr}
    return {**steps, **curves, **tested, **_axes(plan), **seconds}


def _params(plan: Plan, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All that classifies images: weights, PREDICTING, the pixels' mean and sd [d], of several splits [n_splits, d]."""
    described = registry.describe(plan.config)
    config = {"config": np.array(json.dumps({name: described[name] for name in PREDICTING}))}
    snapshots = {"snapshot": np.array(plan.config.snapshots)} if plan.config.snapshots else {}
    scales = [fold.scale for fold in plan.folds]
    scale = scales[0] if len(scales) == 1 else data.Scale(*(np.stack(a) for a in zip(*scales, strict=True)))
    return {**weights, **snapshots, **scale._asdict(), **config, **_axes(plan)}


def _read(reader: Callable, file: Path, plan: Plan, expected: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    try:
        return reader(file, plan.digest, expected)
    except FileNotFoundError as error:
        raise ResultError(f"{file} is missing") from error
    except records.Unusable as error:
        raise ResultError(f"{file} {error}") from error
