"""All run directories there are, finished or not: what they are, how far they are, and their headline accuracy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import stats, train
from dd2424_jax.io import files
from dd2424_jax.runs import directory, interim, latest, parts
from dd2424_jax.runs.directory import CONFIG, ResultError


class Entry(NamedTuple):
    """A run directory.

    modified  seconds since the epoch: when it was finished, or when its last checkpoint was written
    state     "finished", how far it is, or that it is damaged
    config    config.json, empty where that is damaged
    summary   summary.json, empty where it is not finished
    """

    path: Path
    modified: float
    state: str
    config: Mapping
    summary: Mapping

    @property
    def experiment(self) -> str:
        return self.path.parent.name

    @property
    def dataset(self) -> str:
        return self.config.get("dataset", {}).get("name", "")

    @property
    def seeds(self) -> Sequence[int]:
        return self.config.get("identity", {}).get("seeds", ())

    @property
    def changed(self) -> Mapping[str, object]:
        """The flags that differ from the experiment's own values."""
        return self.config.get("changed", {})

    def has(self, flag: str, text: str) -> bool:
        """Whether a flag had this value, as it is typed."""
        flags = self.config.get("flags", {})
        if flag not in flags:
            return False
        values = flags[flag]
        values = values if isinstance(values, list) else [values]
        typed = text.split(",") if text else []
        return len(values) == len(typed) and all(map(_same, values, typed))


def _same(value, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        with contextlib.suppress(ValueError):
            return value == float(text)
    return str(value).lower() == text.lower()


def entries(out_dir: str | Path) -> list[Entry]:
    """All run directories in `out_dir`, the newest first; `latest` of their experiments is mended."""
    configs = files.expanded(out_dir).glob(f"*/*/{CONFIG}")
    paths = [file.parent for file in configs if not file.parent.is_symlink() and file.parent.name != latest.LATEST]
    for folder in {path.parent for path in paths}:
        latest.followed(folder / latest.LATEST)
    return sorted(map(entry, paths), key=lambda one: one.modified, reverse=True)


def entry(path: Path) -> Entry:
    """What a run directory is."""
    dated = [path / latest.SUMMARY, *path.rglob("checkpoint-*.npz"), path / CONFIG]
    modified = next((file.stat().st_mtime for file in dated if file.exists()), 0.0)
    try:
        config = directory.read_config(path)
        run = directory.Run(path)
        summary = run.summary if run.finished else {}
    except (ResultError, OSError) as error:
        return Entry(path, modified, f"damaged: {error}", {}, {})
    return Entry(path, modified, "finished" if run.finished else _how_far(path, config), config, summary)


def _how_far(path: Path, config: Mapping) -> str:
    """Of a run that is not finished."""
    identity, said = config.get("identity", {}), []
    if n_runs := parts.n_runs(path):
        said.append(f"{n_runs} of {len(identity['hypers']['lam']) * len(identity['seeds'])} runs")
    ends, checkpoints = identity.get("config", {}).get("eval_steps"), interim.checkpoints(path)
    if ends and checkpoints:
        with contextlib.suppress(*parts.UNREADABLE), np.load(checkpoints[-1]) as arrays:
            step = int(arrays["['step']"])
            said.append(f"update {step:,} of {ends[-1]:,}")
    return ", ".join(said) or "begun"


class Headline(NamedTuple):
    """The accuracy by which a run is known: on test images where it was measured, else on validation.

    setting  of a search the chosen one, else the best on validation
    """

    setting: Mapping[str, float]
    split: str
    accuracy: stats.Estimate


def headline(one: Entry) -> Headline | None:
    """That of a finished run; None where all of it diverged, or it is a range test, which trains until it is bad."""
    settings = [own for own in one.summary.get("settings", ()) if own["valid_accuracy"]["mean"] is not None]
    if not settings or "suggested" in one.summary:
        return None
    best = min(settings, key=lambda own: (own["diverged"], -own["valid_accuracy"]["mean"]))
    chosen = (one.summary.get("choice") or {}).get("best")
    if chosen:
        best = next(own for own in settings if all(own[name] == value for name, value in chosen.items()))
    split = "test" if "test_accuracy" in best else "valid"
    hypers = {name: best[name] for name in train.Hypers._fields if name in best}
    accuracy = stats.Estimate.from_json(best["n_seeds"] - best["diverged"], best[f"{split}_accuracy"])
    return Headline(hypers, split, accuracy)


def find(name: str, out_dir: str | Path) -> Path:
    """The finished run of a name as a user has it: a path, `latest`, <experiment>/<name>, or <name> alone.

    Raises:
      ResultError: there is none, or several.
    """
    folder = files.expanded(out_dir)
    places = [files.expanded(name), folder / name, folder / name / latest.LATEST]
    places += [experiment / name for experiment in folder.glob("*") if experiment.is_dir()]
    runs = {path for path in map(latest.followed, places) if (path / latest.SUMMARY).exists()}
    if len(runs) != 1:
        several = f"several: {', '.join(sorted(str(path) for path in runs))}"
        raise ResultError(f"{name} is no finished run: " + (several if runs else f"see the list of those in {out_dir}"))
    return runs.pop()
