"""What decides the numbers of a sweep, and nothing else; it is what a run directory is known by."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dd2424_jax import configs, data, registry, train
from dd2424_jax.race import Race
from dd2424_jax.runs.identity import code, deciding_code, digest


class Plan(NamedTuple):
    """A sweep: every setting with every seed, on some images.

    experiment  its name, which is its folder's
    config      the static part of all runs
    hypers      the settings, arrays [n_settings]
    seeds       integers in [0, 2³²)
    source      which images
    folds       these images, split once or several times; `test` is None where nothing may depend on them
    race        which settings get more seeds, decided on the way; None where all get all
    """

    experiment: str
    config: train.Config
    hypers: train.Hypers
    seeds: tuple[int, ...]
    source: data.Source
    folds: tuple[data.Splits, ...]
    race: Race | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """How many settings and seeds."""
        return len(self.hypers.lam), len(self.seeds)

    @property
    def n_runs(self) -> int:
        return len(self.hypers.lam) * len(self.seeds)

    @property
    def splits(self) -> data.Splits:
        """The first fold, which is of the sizes of all."""
        return self.folds[0]

    @property
    def fold(self) -> np.ndarray:
        """Of every seed, the index of its fold [n_seeds]."""
        return np.asarray(self.seeds) % len(self.folds)

    @property
    def held_out(self) -> np.ndarray:
        """Of every seed, a checksum of the images that it is validated on: of all labels, the first and the last."""
        ends = ((fold.valid.y, fold.valid.X[0], fold.valid.X[-1], fold.train.X[0]) for fold in self.folds)
        checksums = [zlib.crc32(b"".join(a.tobytes() for a in of_fold)) for of_fold in ends]
        return np.array(checksums, np.uint32)[self.fold]

    @property
    def n_disjoint(self) -> int:
        """How many sets of validation images there can be without an image in two of them."""
        pool = data.BATCH_SIZE * len(self.source.valid_batches or self.source.train_batches)
        return max(1, pool // self.source.n_valid)

    @property
    def n_valid(self) -> int:
        """Validation images of a fold; of folds that overlap, each one's share of all."""
        n_folds = len(self.folds)
        return self.source.n_valid * min(n_folds, self.n_disjoint) // n_folds

    def settings(self) -> list[tuple[float, ...]]:
        """Every setting's hyperparameters."""
        return list(zip(*(a.tolist() for a in self.hypers.named().values()), strict=True))

    def part(self, settings, seeds) -> Plan:
        """The plan of some settings with some seeds, by index."""
        kept = np.asarray(self.seeds)[seeds]
        return self._replace(hypers=self.hypers.at(settings), seeds=tuple(kept.tolist()), race=None)

    @property
    def steps_per_epoch(self) -> float:
        return self.source.n_train / self.config.n_batch

    def facts(self) -> dict:
        """How it was trained, in the words of the flags, but for its settings and the number of its seeds."""
        config = self.config
        own = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
        own |= {name: registry.label(name, own[name]) for name in (*registry.NAMES, "augment")}
        n_cycles, steps_per_epoch = _whole(config.n_updates / (2 * config.n_s)), self.steps_per_epoch
        extent = {
            "n_cycles": n_cycles,
            "n_evals": len(config.eval_steps) / max(n_cycles, 1),
            "n_epochs": _whole(config.n_updates / steps_per_epoch, 0.5 / steps_per_epoch),
        }
        images = {name: value for name, value in self.source._asdict().items() if name not in ("name", "sha256")}
        del own["eval_steps"]
        return {
            "hidden": own.pop("sizes")[1:-1],
            **own,
            "init_std": config.init_std or 0.0,
            "snapshots": bool(config.snapshots),
            **extent,
            **images,
            "seed": self.seeds[0] if self.seeds == tuple(range(self.seeds[0], self.seeds[-1] + 1)) else self.seeds,
        }

    @property
    def dataset(self) -> dict:
        """The data as config.json and summary.json have them."""
        return self.source._asdict() | {"n_test": 0 if self.splits.test is None else len(self.splits.test.y)}

    def identity(self) -> dict:
        """All of it as JSON, however it was written; its digest names the run directory (see directory.py)."""
        return {
            "experiment": self.experiment,
            "code": code(),
            "config": registry.describe(self.config),
            "hypers": {name: a.tolist() for name, a in self.hypers.named().items()},
            "seeds": list(self.seeds),
            "dataset": self.dataset,
            "race": self.race and {**self.race._asdict(), "code": deciding_code()},
        }

    @property
    def digest(self) -> str:
        """Its identity in short."""
        return digest(self.identity())

    @property
    def kin(self) -> str:
        """What its runs have in common, in short: a run is known by that, its setting, seed, and images held out."""
        own = {"hypers": [*self.hypers.named()], "dataset": {**self.dataset, "n_splits": None}}
        return digest({**self.identity(), **own, "seeds": None, "race": None})


def _whole(number: float, tolerance: float = 0.0) -> float:
    """The whole number that it is, to a tolerance, or else itself."""
    return round(number) if abs(number - round(number)) <= tolerance else number


def from_identity(identity: Mapping, dataset: data.Dataset) -> Plan:
    """The plan that `Plan.identity` describes, on the dataset that it was made for.

    Raises:
      ValueError: it has a loss, schedule or optimizer that this package does not know.
    """
    about = dict(identity["dataset"])
    looks_at_test = about.pop("n_test") > 0
    source = data.Source(**{key: tuple(value) if isinstance(value, list) else value for key, value in about.items()})
    return Plan(
        identity["experiment"],
        registry.described(identity["config"]),
        configs.as_arrays(train.Hypers(**identity["hypers"])),
        tuple(identity["seeds"]),
        source,
        folds(source, dataset, test=looks_at_test),
        _race(identity.get("race")),
    )


def _race(numbers: Mapping | None) -> Race | None:
    if numbers is None:
        return None
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()}
    del own["code"]
    return Race(**own)


def folds(source: data.Source, dataset: data.Dataset, *, test: bool) -> tuple[data.Splits, ...]:
    """The source's splits of its images, with the test split or without."""
    return tuple(split if test else split._replace(test=None) for split in source.split(dataset))
