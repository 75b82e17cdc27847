"""What earlier searches found: the newest that fits the flags, its choice, and the seeds that are used up."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import common
from dd2424_jax import data, files, results, stats

SEARCHES = ("coarse_search", "fine_search")
ALIKE = ("hidden", "init_std", "loss", "lr_min", "lr_max", "n_batch")  # a λ is found for these


class Search(NamedTuple):
    """A finished search: its directory, flags and summary."""

    path: Path
    flags: Mapping
    summary: Mapping

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def seeds(self) -> range:
        return range(self.flags["seed"], self.flags["seed"] + self.flags["n_seeds"])

    def score(self, lam: float) -> stats.Estimate:
        """Validation accuracy of a λ."""
        return estimate(self.summary, lam)


def read(path: Path) -> Search:
    try:
        flags, summary = files.read_json(path / results.CONFIG)["flags"], files.read_json(path / results.SUMMARY)
    except (OSError, ValueError, KeyError) as error:
        raise common.UsageError(f"{path} is damaged; remove it, or choose another --out_dir") from error
    return Search(path, flags, summary)


def estimate(summary: Mapping, lam: float) -> stats.Estimate:
    """Validation accuracy of the setting λ, as a summary has it."""
    (setting,) = (setting for setting in summary["settings"] if setting["lam"] == lam)
    found = setting["valid_accuracy"]
    numbers = [float("nan") if n is None else n for n in (found["mean"], found["sd"], *found["ci95"])]
    return stats.Estimate(setting["n_seeds"] - setting["diverged"], *numbers)


def newest(experiment: str, given: SimpleNamespace, dataset: data.Dataset, instead: str) -> Search:
    """The newest finished search on these data with these flags, or the one that --search names.

    Raises:
      UsageError: there is none, or it chose nothing. `instead` says what else the user can do.
    """
    if given.search:
        path = Path(given.search).expanduser().resolve()
        if not (path / results.SUMMARY).exists():
            raise common.UsageError(f"--search={given.search} is no finished run's directory; {instead}")
        search = read(path)
        if "choice" not in search.summary:
            raise common.UsageError(f"--search={given.search} is no search for λ; {instead}")
        if not _same_data(search, dataset):
            raise common.UsageError(f"--search={given.search} was on other data; {instead}")
    else:
        every = map(read, results.finished(given.out_dir, experiment))
        search = next((search for search in every if _fits(search, given, dataset)), None)
        if search is None:
            target, flags = experiment.replace("_", "-"), ", ".join(ALIKE)
            raise common.UsageError(
                f"there is no finished {experiment} in {given.out_dir} on the same data with the same {flags}: run "
                f"make {target} first, with the same ARGS, or {instead}"
            )
    if search.summary["choice"] is None:
        raise common.UsageError(f"every run of {search.path} diverged; {instead}")
    return search


def _fits(search: Search, given: SimpleNamespace, dataset: data.Dataset) -> bool:
    """Whether a search was on these data with these flags, and by code that chose."""
    alike = all(search.flags.get(flag) == vars(given)[flag] for flag in ALIKE)
    return alike and _same_data(search, dataset) and "choice" in search.summary


def _same_data(search: Search, dataset: data.Dataset) -> bool:
    return search.summary["dataset"]["sha256"] == dataset.sha256


def check_fresh(given: SimpleNamespace, search: Search | None) -> None:
    """No seed may have been used by a search, or the score would be of runs that helped to choose λ."""
    found = [read(path) for experiment in SEARCHES for path in results.finished(given.out_dir, experiment)]
    used = {seed for other in [*found, *([search] if search else [])] for seed in other.seeds}
    stale = used & {*range(given.seed, given.seed + given.n_seeds)}
    if stale:
        raise common.UsageError(f"seed {min(stale)} was used by a search: choose a --seed above {max(used)}")
