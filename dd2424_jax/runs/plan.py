"""What decides the numbers of a sweep, and nothing else; it is what a run directory is known by."""

from collections.abc import Mapping
from typing import NamedTuple

from dd2424_jax import data, registry, train
from dd2424_jax.runs.identity import code, digest


class Plan(NamedTuple):
    """A sweep: every setting with every seed, on some images.

    experiment  its name, which is its folder's
    config      the static part of all runs
    hypers      the settings, arrays [n_settings]
    seeds       integers in [0, 2³²)
    source      which images
    splits      these images; `test` is None where nothing may depend on them
    """

    experiment: str
    config: train.Config
    hypers: train.Hypers
    seeds: tuple[int, ...]
    source: data.Source
    splits: data.Splits

    @property
    def n_runs(self) -> int:
        return len(self.hypers.lam) * len(self.seeds)

    @property
    def steps_per_epoch(self) -> float:
        return self.source.n_train / self.config.n_batch

    def facts(self) -> dict:
        """How it was trained, in the words of the flags, but for its settings and the number of its seeds."""
        config, n_updates = self.config, self.config.eval_steps[-1]
        named = {name: registry.label(name, getattr(config, name)) for name in ("loss", "optimizer", "augment")}
        images = {name: getattr(self.source, name) for name in ("train_batches", "valid_batches", "n_train", "n_valid")}
        if config.schedule is train.constant:
            extent = {"n_epochs": _whole(n_updates / self.steps_per_epoch, 0.5 / self.steps_per_epoch)}
        else:
            n_cycles = _whole(n_updates / (2 * config.n_s))
            extent = {"n_s": config.n_s, "n_cycles": n_cycles, "n_evals": len(config.eval_steps) / n_cycles}
        return {
            "hidden": config.sizes[1:-1],
            "init_std": config.init_std or 0.0,
            "bias_std": config.bias_std,
            **named,
            "n_batch": config.n_batch,
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
        }

    @property
    def digest(self) -> str:
        """Its identity in short."""
        return digest(self.identity())


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
    splits = source.split(dataset)
    return Plan(
        identity["experiment"],
        registry.described(identity["config"]),
        train.as_arrays(train.Hypers(**identity["hypers"])),
        tuple(identity["seeds"]),
        source,
        splits if looks_at_test else splits._replace(test=None),
    )
