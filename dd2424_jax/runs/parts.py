"""Finished runs on disk, from which a plan takes those that it needs, whoever trained them.

A folder with curves.npz and, after it, params.npz has a rectangle of them, all alike: a run directory, or a part of
one, `part-<digest>`, that was trained at once. A run is the same run where its setting, its seed, the images held out
and all else that decides its numbers (`Plan.kin`) are the same.
"""

import contextlib
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import sweep
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io import files, records
from dd2424_jax.runs import interim, result
from dd2424_jax.runs.plan import Plan

UNREADABLE = (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, records.Unusable)


class Cells(NamedTuple):
    """Finished runs of a plan in a folder: where they are in it [n_settings, n_seeds], and where in the plan."""

    there: tuple[np.ndarray, np.ndarray]
    here: tuple[np.ndarray, np.ndarray]


class Index(NamedTuple):
    """By what a plan's runs are known: what they have in common, its settings, and its seeds with their images."""

    kin: str
    settings: Mapping[tuple[float, ...], int]
    seeds: Mapping[tuple[int, int], int]


class Given(NamedTuple):
    """What a folder gave, and how long all that it has took to compile."""

    folder: Path
    cells: Cells
    compile_seconds: float

    @property
    def n_runs(self) -> int:
        return len(self.cells.here[0])


def write(folder: Path, part: Plan, outcome: sweep.Outcome) -> None:
    """A part of the run whose folder it is; with its weights where the outcome has them."""
    own = folder / f"part-{part.digest}"
    own.mkdir(exist_ok=True)
    result.write_arrays(own, part, outcome)


def folders(path: Path) -> Iterator[Path]:
    """Those of a run directory that may have finished runs: itself, its parts, and its shards' parts."""
    yield path
    for folder in (path, *interim.shards(path)):
        yield from interim.parts(folder)


def blank(plan: Plan) -> sweep.Outcome:
    """The plan's outcome before anything is collected, without parameters."""
    return sweep.blank(plan.config, plan.hypers, plan.seeds, tested=plan.splits.test is not None, weights=False)


def n_runs(path: Path) -> int:
    """How many runs the parts of a run directory have, as they say themselves."""
    n = 0
    for folder in folders(path):
        with contextlib.suppress(*UNREADABLE), files.open_regular(folder / result.CURVES) as file:
            curves = np.load(file)
            n += len(curves["lam"]) * len(curves["seed"])
    return n


def collect(
    plan: Plan, places: Iterable[Path], outcome: sweep.Outcome, wanted: np.ndarray, *, weights: bool
) -> list[Given]:
    """Write the plan's runs that are wanted and lie in these folders into the outcome, in place; what each one gave.

    wanted: [n_settings, n_seeds].
    weights: runs without parameters, or with damaged ones, do not count; the parameters themselves stay where they are.
    """
    given, wanted, index = [], wanted.copy(), _index(plan)
    for folder in places:
        if wanted.any() and (read := _read(folder, index, outcome, wanted, weights)):
            cells, curves = read
            _write(outcome, cells, curves)
            wanted[cells.here] = False
            given.append(Given(folder, cells, float(curves["compile_seconds"])))
    return given


def _index(plan: Plan) -> Index:
    settings = {setting: i for i, setting in enumerate(plan.settings())}
    seeds = {seed: j for j, seed in enumerate(zip(plan.seeds, plan.held_out.tolist(), strict=True))}
    return Index(plan.kin, settings, seeds)


def _read(folder: Path, index: Index, outcome: sweep.Outcome, wanted: np.ndarray, weights: bool):
    """(cells, curves) of the runs that are wanted; None where there are none, or they are damaged."""
    try:
        with files.open_regular(folder / result.CURVES) as file:
            curves = np.load(file)  # read in part, as most folders have nothing
            if (
                "kin" not in curves
                or str(curves["kin"]) != index.kin
                or not len(_cells(index, curves, outcome, wanted).here[0])
            ):
                return None
        curves, of = records.read_any(folder / result.CURVES)
        of_params = _of_params(folder / result.PARAMS) if weights else of
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE as error:
        why = "what it has is damaged" if isinstance(error, records.Unusable) else f"it can't be read ({error})"
        print(f"WARNING: nothing is taken from {folder}: {why}", file=sys.stderr)
        return None
    fits = of_params == of and curves["train_cost"].dtype == outcome.train.cost.dtype
    return (_cells(index, curves, outcome, wanted), curves) if fits else None


def _of_params(file: Path) -> str:
    records.check(file)
    return records.mapped(file)[1]


def _cells(index: Index, curves: Mapping[str, np.ndarray], outcome: sweep.Outcome, wanted: np.ndarray) -> Cells:
    settings = zip(*(curves[name].tolist() for name in outcome.hypers.named()), strict=True)
    seeds = zip(curves["seed"].tolist(), curves["held_out"].tolist(), strict=True)
    i = np.array([index.settings.get(setting, -1) for setting in settings])
    j = np.array([index.seeds.get(seed, -1) for seed in seeds])
    same = (i[:, None] >= 0) & (j >= 0) & np.isfinite(curves["seconds"]) & wanted[np.ix_(i, j)]
    there = np.nonzero(same)
    return Cells(there, (i[there[0]], j[there[1]]))


def _write(outcome: sweep.Outcome, cells: Cells, curves: Mapping) -> None:
    pairs = [(outcome.seconds, curves["seconds"])]
    for split in ("train", "valid", "test"):
        metrics = getattr(outcome, split)
        pairs += (
            [] if metrics is None else [(getattr(metrics, key), curves[f"{split}_{key}"]) for key in Metrics._fields]
        )
    for ours, theirs in pairs:
        ours[cells.here] = theirs[cells.there]
