"""Finished runs against each other: the accuracies of what they share, and how far these differ."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import stats, train
from dd2424_jax.io import records
from dd2424_jax.runs import catalogue, result
from dd2424_jax.runs.catalogue import Entry
from dd2424_jax.runs.directory import ResultError


class Scored(NamedTuple):
    """A run and its final accuracies: by split, [n_settings, n_seeds], NaN where a run diverged.

    Of a search on several sets of images held out, means over the seeds of each, [n_settings, n_sets].
    """

    name: str
    entry: Entry
    settings: Sequence[Mapping[str, float]]
    accuracy: Mapping[str, np.ndarray]

    def of(self, setting: Mapping[str, float], split: str) -> np.ndarray:
        """[n_seeds]"""
        return self.accuracy[split][self.settings.index(setting)]


class Row(NamedTuple):
    """One setting of one run: its accuracy, and that minus the first run's, None for the first run itself.

    paired  whether by seed; else Welch's, of different seeds or data
    """

    run: Scored
    setting: Mapping[str, float]
    accuracy: np.ndarray
    difference: tuple[float, float, float] | None = None
    paired: bool = False


def read(path: Path) -> Scored:
    """The accuracies of a finished run.

    Raises:
      ResultError: it has none, or they are damaged.
    """
    entry = catalogue.entry(path)
    try:
        arrays, of = records.read_any(path / result.CURVES)
    except (OSError, records.Unusable) as error:
        why = getattr(error, "strerror", None) or error
        raise ResultError(f"{path / result.CURVES}: {why}; a run without accuracies can't be compared") from error
    if of != entry.config.get("digest") or not {"valid_accuracy", "split"} <= arrays.keys():
        raise ResultError(f"{path} has no accuracies of its runs")
    names = [name for name in train.Hypers._fields if name in arrays]
    columns = (arrays[name].tolist() for name in names)
    settings = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    diverged = ~np.all(np.isfinite(arrays["train_cost"]) & np.isfinite(arrays["valid_cost"]), axis=-1)
    last = {"valid": arrays["valid_accuracy"][..., -1]}
    last |= {"test": arrays["test_accuracy"]} if "test_accuracy" in arrays else {}
    converged = {split: np.where(diverged, np.nan, a).astype(float) for split, a in last.items()}
    if len(set(arrays["split"].tolist())) > 1:  # where images vary too, seeds of one set are no units of their own
        converged = {split: stats.by_fold(a, arrays["split"]) for split, a in converged.items()}
    return Scored(f"{entry.experiment}/{path.name}", entry, settings, converged)


def named(runs: Iterable[Scored]) -> list[Scored]:
    """By their experiment and name or, where that is not enough, by their paths."""
    runs = list(runs)
    short = collections.Counter(run.name for run in runs)
    return [run._replace(name=str(run.entry.path)) if short[run.name] > 1 else run for run in runs]


def compare(runs: Sequence[Scored]) -> tuple[str, list[Row]]:
    """The split that all have measured, and a row for every run and setting that they share, else for its headline.

    The intervals of differences are simultaneous at 95 % (Bonferroni).

    Raises:
      ResultError: they are of different datasets.
    """
    first, *others = runs
    split = "test" if all("test" in run.accuracy for run in runs) else "valid"
    for other in others:
        if other.entry.dataset != first.entry.dataset:
            raise ResultError(f"{other.name} is on {other.entry.dataset}, {first.name} on {first.entry.dataset}")
    shared = [setting for setting in first.settings if all(setting in run.settings for run in others)]
    chosen = [shared or [dict(_headline(run))] for run in runs]
    confidence = 1 - 0.05 / (len(others) * len(chosen[0]))
    rows = []
    for settings in zip(*chosen, strict=True):
        for run, setting in zip(runs, settings, strict=True):
            scores, baseline = run.of(setting, split), first.of(settings[0], split)
            differs = () if run is first else _difference(run, first, scores, baseline, confidence)
            rows.append(Row(run, setting, scores, *differs))
    return split, rows


def _headline(run: Scored) -> Mapping[str, float]:
    headline = catalogue.headline(run.entry)
    if headline is None:
        raise ResultError(f"{run.name}: every run diverged, or it is a range test")
    return headline.setting


def _difference(run: Scored, first: Scored, scores, baseline, confidence: float) -> tuple[tuple, bool]:
    """Mean and interval of scores − baseline, by seed where seeds and data agree, and whether so."""
    if list(run.entry.seeds) == list(first.entry.seeds) and _images(run) == _images(first):
        difference = stats.paired(scores, baseline, confidence)
        return (difference.mean, difference.low, difference.high), True
    a, b = (stats.estimate(values[np.isfinite(values)]) for values in (scores, baseline))
    return stats.welch(a, b, confidence), False


def _images(run: Scored) -> Mapping:
    return {name: value for name, value in run.entry.config["identity"]["dataset"].items() if name != "n_test"}
