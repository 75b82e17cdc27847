"""Earlier searches: the newest that fits a command line, what it chose, and the seeds that searches have used."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dd2424_jax import data, registry, stats, train
from dd2424_jax.runs import directory, latest
from dd2424_jax.runs.directory import ResultError

SEARCHES = ("coarse_search", "fine_search")
ALIKE = {  # of the configuration, for which a setting is chosen, and the flags of it
    "sizes": "hidden",
    **{name: name for name in ("activation", "init", "init_std", "loss", "smoothing", "dropout", "input_dropout")},
    **{name: name for name in ("flip", "shift", "shift_padding", "optimizer", "precision", "n_batch")},
    **{name: name for name in ("schedule", "decay", "n_decay")},
}


EXTENT = (  # flags of how much was trained, and on what
    *("n_train", "n_valid", "train_batches", "valid_batches"),
    *("n_s", "n_cycles", "n_evals", "n_seeds", "n_splits", "looks", "preset"),
)


class Search(NamedTuple):
    """A finished search: its directory, its plan's identity, its summary, and its flags.

    changed  those of the flags that were not its script's own
    """

    path: Path
    identity: Mapping
    summary: Mapping
    flags: Mapping = MappingProxyType({})
    changed: Mapping = MappingProxyType({})

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    def __str__(self) -> str:
        finished = datetime.datetime.fromtimestamp((self.path / latest.SUMMARY).stat().st_mtime)
        return f"{self.path}, finished {finished:%Y-%m-%d %H:%M}"

    @property
    def choice(self) -> Mapping:
        return self.summary["choice"]

    def values(self, hyper: str) -> set[float]:
        """Which values of a hyperparameter it tried."""
        return set(self.identity["hypers"].get(hyper, ()))

    def has_chosen(self, hyper: str) -> bool:
        """Whether it tried several values of a hyperparameter, or took the choice of a search that did."""
        return len(self.values(hyper)) > 1 or hyper in (self.choice or {}).get("followed", ())

    def score(self, setting: Mapping) -> stats.Estimate:
        """Validation accuracy of a setting, {"lam": ..., ...}."""
        return score(self.summary, setting)


class Wanted(NamedTuple):
    """What a search must have been about to be followed.

    values  of each hyperparameter but λ, those of the command line or its defaults
    given   which of them, and of ALIKE's flags, are the command line's; of the others, a search may have made a choice
    extent  of EXTENT's flags, those that are the command line's; of the others, a search must have had its script's own
    """

    config: train.Config
    dataset: data.Dataset
    values: Mapping[str, Sequence[float]]
    given: Sequence[str]
    extent: Mapping[str, object] = MappingProxyType({})

    def fits(self, search: Search) -> bool:
        own, theirs = registry.describe(self.config), search.identity["config"]
        return (
            self.is_of_the_data(search)
            and all(search.flags.get(name) == value for name, value in self.extent.items())
            and not any(name in search.changed for name in EXTENT if name not in self.extent)
            and all(own[key] == theirs[key] for key in ALIKE)
            and all(
                search.values(name) == set(values) or (name not in self.given and search.has_chosen(name))
                for name, values in self.values.items()
            )
        )

    def is_of_the_data(self, search: Search) -> bool:
        return search.identity["dataset"]["sha256"] == self.dataset.sha256


def score(summary: Mapping, setting: Mapping) -> stats.Estimate:
    """Validation accuracy of a setting, as a summary has it."""
    of_setting = next(own for own in summary["settings"] if all(own[name] == value for name, value in setting.items()))
    return stats.Estimate.from_json(of_setting["n_seeds"] - of_setting["diverged"], of_setting["valid_accuracy"])


def read(path: Path) -> Search | None:
    """The finished search of a run directory; None where it is something else."""
    config = directory.read_config(path)
    if not config:
        raise ResultError(f"{path} has no {directory.CONFIG}: it is no run's directory, or damaged")
    identity, summary = config["identity"], directory.Run(path).summary
    if "choice" not in summary or "hypers" not in identity:
        return None
    search = Search(path, identity, summary, config.get("flags", {}), config.get("changed", {}))
    try:
        _check(search)
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        raise ResultError(f"{path} is of another version of this program: search again") from error
    return search


def _check(search: Search) -> None:
    """That it has what is read of it, or an error of any kind."""
    _ = [search.identity["config"][key] for key in ALIKE], search.identity["dataset"]["sha256"]
    _ = {*search.identity["seeds"]}, search.identity["race"], [*map(search.values, search.identity["hypers"])]
    if search.choice is not None:
        for key in ("best", "one_se"):
            search.score(search.choice[key])
        _ = [search.choice[key] for key in ("lam", "one_se_lam", "indistinguishable", "expected_selection_bias")]


def finished(experiment: str, out_dir: str) -> list[Search]:
    """The finished searches of an experiment, the newest first; of those that are damaged, it says so."""
    searches = []
    for path in latest.finished(out_dir, experiment):
        try:
            searches.append(read(path))
        except ResultError as error:
            print(f"WARNING: left out: {error}", file=sys.stderr)
    return [search for search in searches if search is not None]


def find(experiment: str, out_dir: str, wanted: Wanted, *, path: str | None, instead: str) -> Search:
    """The newest finished search that is as wanted, or the one in `path`, on the same data and with what is given.

    Raises:
      ResultError: there is none, or it chose nothing. `instead` says what else the user can do.
    """
    if path:
        folder = latest.followed(path)
        if not (folder / latest.SUMMARY).exists():
            raise ResultError(f"--search={path} is no finished run's directory; {instead}")
        search = read(folder)
        if search is None:
            raise ResultError(f"--search={path} is no search for λ; {instead}")
        if not wanted.is_of_the_data(search):
            raise ResultError(f"--search={path} was on other data; {instead}")
        theirs, own = search.identity["config"], registry.describe(wanted.config)
        if own["optimizer"] != theirs["optimizer"]:
            raise ResultError(f"--search={path} was with --optimizer={theirs['optimizer']}: give that, or {instead}")
        for key, flag in ALIKE.items():
            if flag in wanted.given and own[key] != theirs[key]:
                raise ResultError(f"--search={path} was with another --{flag}: give that, or {instead}")
        for name in wanted.given:
            if name in wanted.values and search.values(name) != set(wanted.values[name]):
                tried = ",".join(f"{value:g}" for value in sorted(search.values(name)))
                raise ResultError(
                    f"--search={path} tried --{name}={tried or 'nothing'}: leave that to it, or {instead}"
                )
    else:
        search = next(filter(wanted.fits, finished(experiment, out_dir)), None)
        if search is None:
            target, alike = experiment.replace("_", "-"), ", ".join([*ALIKE.values(), *wanted.values, *EXTENT])
            raise ResultError(
                f"there is no finished {experiment} in {out_dir} on the same data with the same {alike}: run "
                f"make {target} first, with the same ARGS, or {instead}, or name another by --search"
            )
    if search.choice is None:
        raise ResultError(f"every run of {search.path} diverged; {instead}")
    return search


def check_fresh(seeds: Sequence[int], out_dir: str, search: Search | None) -> None:
    """No seed may have been used by a search, or the score would be of runs that helped to choose the setting.

    Raises:
      ResultError: one was.
    """
    searches = [other for experiment in SEARCHES for other in finished(experiment, out_dir)]
    used = {seed for other in [*searches, *([search] if search else [])] for seed in other.identity["seeds"]}
    if stale := used & set(seeds):
        raise ResultError(f"seed {min(stale)} was used by a search: choose a --seed above {max(used)}")
