"""A sweep as several programs that know nothing of each other: each trains its shard, the last one merges.

Each keeps to a folder of its own in the run directory, on a file system that all of them see: its checkpoints, and at
its end the outcome. Lost with its host, it is started again and goes on; the others do not notice.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax import data, files, network, results, sweep, train

OUTCOME = "outcome.npz"


class Shard(NamedTuple):
    """The part `index` of `n`."""

    index: int
    n: int

    @property
    def name(self) -> str:
        """Of the shard, and of its folder."""
        return f"shard-{self.index}-of-{self.n}"

    def cells(self, n_settings: int, n_seeds: int) -> tuple[slice, slice]:
        """The settings and the seeds of this shard, a rectangle of the grid.

        As few seeds as possible are divided, since the settings of a seed share its batch: up to n_seeds shards have
        all settings of some seeds each, more than that some settings of one seed. None is empty up to a shard a run.
        """
        if self.n <= n_seeds:
            return slice(0, n_settings), _cut(n_seeds, self.n)[self.index]
        of_seeds = _cut(self.n, n_seeds)  # of each seed, its shards
        seed = next(j for j, shards in enumerate(of_seeds) if self.index < shards.stop)
        shards = of_seeds[seed]
        return _cut(n_settings, shards.stop - shards.start)[self.index - shards.start], slice(seed, seed + 1)


WHOLE = Shard(0, 1)


def _cut(n: int, parts: int) -> list[slice]:
    """range(n) in parts as even as can be."""
    edges = [i * n // parts for i in range(parts + 1)]
    return [slice(*pair) for pair in itertools.pairwise(edges)]


def chosen(num_shards: int | None, shard_index: int | None, environment: Mapping[str, str]) -> Shard:
    """The shard that the flags name; where they leave it open, that of a SLURM job array's task; else the whole.

    Raises:
      ValueError: they don't name one.
    """
    if "SLURM_ARRAY_TASK_ID" in environment and shard_index is None:
        task, count, least, step = (
            int(environment.get(f"SLURM_ARRAY_TASK_{key}", default))
            for key, default in (("ID", 0), ("COUNT", 1), ("MIN", 0), ("STEP", 1))
        )
        if num_shards in (None, count):
            num_shards, shard_index = count, (task - least) // max(step, 1)
            if shard_index >= count:
                raise ValueError(
                    f"task {task} of a SLURM array of {count} is not one of an even spacing: give --shard_index"
                )
    if num_shards in (None, 1) and not shard_index:
        return WHOLE
    if num_shards is None:
        raise ValueError(f"--shard_index={shard_index} needs --num_shards")
    if shard_index is None or shard_index >= num_shards:
        given = "" if shard_index is None else f", not {shard_index}"
        raise ValueError(f"--num_shards={num_shards} needs a --shard_index from 0 to {num_shards - 1}{given}")
    return Shard(shard_index, num_shards)


def run(
    shard: Shard,
    config: train.Config,
    hypers: train.Hypers,
    seeds: Sequence[int],
    splits: data.Splits,
    *,
    directory: Path,
    **options,
) -> None:
    """Train a shard of the sweep and write its outcome to `directory`, or go on with what is there.

    hypers: arrays [n_settings]; the options are sweep.run's.
    """
    if (directory / OUTCOME).exists():
        return
    settings, of_seeds = shard.cells(len(hypers.lam), len(seeds))
    hypers = train.Hypers(*(a[settings] for a in hypers))
    outcome = sweep.run(config, hypers, seeds[of_seeds], splits, directory=directory, **options)
    grids = {"train": np.stack(outcome.train, axis=-1), "valid": np.stack(outcome.valid, axis=-1)}
    grids["lr"] = np.broadcast_to(outcome.lr[:, None], grids["train"].shape[:3])
    if outcome.test is not None:
        grids["test"] = np.stack(outcome.test, axis=-1)
    for i, layer in enumerate(outcome.params, 1):
        grids |= {f"W{i}": layer.W, f"b{i}": layer.b}
    seconds = outcome.compile_seconds, outcome.run_seconds
    files.write_npz(directory / OUTCOME, step=outcome.step, seconds=seconds, **grids)
    for checkpoint in directory.glob("checkpoint-*"):
        checkpoint.unlink()


def missing(path: Path, n: int) -> list[int]:
    """Which of n shards have no outcome in the run directory."""
    return [i for i in range(n) if not (path / Shard(i, n).name / OUTCOME).exists()]


def merge(path: Path, n: int, hypers: train.Hypers, seeds: Sequence[int]) -> sweep.Outcome:
    """The outcome of the whole sweep from those of n shards, which must be there. Their seconds are added up.

    Raises:
      ResultError: an outcome is damaged.
    """
    shards = [Shard(i, n) for i in range(n)]
    parts = [_read(path, shard) for shard in shards]

    def join(key):
        """[n_settings, n_seeds, ...]"""
        whole = np.empty((len(hypers.lam), len(seeds), *parts[0][key].shape[2:]), parts[0][key].dtype)
        for shard, part in zip(shards, parts, strict=True):
            whole[shard.cells(*whole.shape[:2])] = part[key]
        return whole

    def metrics(key):
        return train.Metrics(*np.moveaxis(join(key), -1, 0))

    n_layers = sum(key.startswith("W") for key in parts[0])
    compile_seconds, run_seconds = np.sum([part["seconds"] for part in parts], axis=0)
    return sweep.Outcome(
        hypers,
        np.asarray(seeds, np.uint32),
        step=parts[0]["step"],
        lr=join("lr")[:, 0],
        train=metrics("train"),
        valid=metrics("valid"),
        test=metrics("test") if "test" in parts[0] else None,
        params=tuple(network.Layer(join(f"W{i}"), join(f"b{i}")) for i in range(1, n_layers + 1)),
        compile_seconds=float(compile_seconds),
        run_seconds=float(run_seconds),
    )


def _read(path: Path, shard: Shard) -> dict[str, np.ndarray]:
    file = path / shard.name / OUTCOME
    found = files.read_npz(file)
    if found is None:
        raise results.ResultError(f"{file} is damaged: remove it, and start shard {shard.index} again")
    return found
