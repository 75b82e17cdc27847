"""A sweep as several programs that know nothing of each other: each trains its shard, the last one merges.

Each keeps to a folder of its own in the run directory, on a file system that all of them see: its checkpoints, and at
its end the outcome. Lost with its host, it is started again and resumes; the others do not notice.
"""

import contextlib
import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dd2424_jax import sweep
from dd2424_jax.runs import result
from dd2424_jax.runs.directory import ResultError, checkpoints
from dd2424_jax.runs.plan import Plan


class MissingError(Exception):
    """Shards that a merge needs are not finished; the message says which."""

    status = 75  # of the command, as sysexits.h has it: the same one succeeds later


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
            return slice(0, n_settings), _even_parts(n_seeds, self.n)[self.index]
        of_seeds = _even_parts(self.n, n_seeds)  # of each seed, its shards
        seed = next(j for j, shards in enumerate(of_seeds) if self.index < shards.stop)
        shards = of_seeds[seed]
        return _even_parts(n_settings, shards.stop - shards.start)[self.index - shards.start], slice(seed, seed + 1)

    def of(self, plan: Plan) -> Plan:
        """The plan of its own runs."""
        settings, seeds = self.cells(len(plan.hypers.lam), len(plan.seeds))
        return plan._replace(hypers=plan.hypers.at(settings), seeds=plan.seeds[seeds])


WHOLE = Shard(0, 1)


def _even_parts(n: int, parts: int) -> list[slice]:
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
            _whole(f"SLURM_ARRAY_TASK_{key}", environment, default)
            for key, default in (("ID", 0), ("COUNT", 1), ("MIN", 0), ("STEP", 1))
        )
        if num_shards in (None, count):
            index, rest = divmod(task - least, max(step, 1))
            if rest or not 0 <= index < count:
                raise ValueError(
                    f"task {task} is none of a SLURM array of {count} from {least} in steps of {step}: "
                    "give --num_shards and --shard_index"
                )
            num_shards, shard_index = count, index
    if num_shards in (None, 1) and not shard_index:
        return WHOLE
    if num_shards is None:
        raise ValueError(f"--shard_index={shard_index} needs --num_shards")
    if shard_index is None or shard_index >= num_shards:
        given = "" if shard_index is None else f", not {shard_index}"
        raise ValueError(f"--num_shards={num_shards} needs a --shard_index from 0 to {num_shards - 1}{given}")
    return Shard(shard_index, num_shards)


def _whole(name: str, environment: Mapping[str, str], default: int) -> int:
    text = environment.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError(f"{name}={text} is no number of a task: give --num_shards and --shard_index")
    return int(text)


def run(shard: Shard, plan: Plan, *, directory: Path, **options) -> None:
    """Train a shard of the plan's sweep and write its outcome to `directory`, or resume what is there.

    The options are sweep.run's.
    """
    own = shard.of(plan)
    if finished(directory):
        with contextlib.suppress(ResultError):  # damaged, it is trained again
            result.read_arrays(directory, own)
            return
    outcome = sweep.run(own.config, own.hypers, own.seeds, own.splits, directory=directory, **options)
    result.write_arrays(directory, own, outcome)
    for checkpoint in checkpoints(directory):
        checkpoint.unlink()


def finished(folder: Path) -> bool:
    """Whether a shard's folder has its outcome: the file that is written last."""
    return (folder / result.PARAMS).exists()


def missing(path: Path, n: int) -> list[int]:
    """Which of n shards have no outcome in the run directory."""
    return [i for i in range(n) if not finished(path / Shard(i, n).name)]


def merge(path: Path, n: int, plan: Plan) -> sweep.Outcome:
    """The outcome of the whole sweep from those of n shards, which must be there. Their seconds are added up.

    Raises:
      ResultError: an outcome is damaged.
    """
    shards = [Shard(i, n) for i in range(n)]
    parts = [_read(path, shard, plan) for shard in shards]
    shape = len(plan.hypers.lam), len(plan.seeds)

    grids = [(part.train, part.valid, part.test, part.params) for part in parts]
    on_train, on_valid, on_test, params = sweep.assemble([shard.cells(*shape) for shard in shards], grids, shape)
    return sweep.blank(plan.config, plan.hypers, plan.seeds, tested=on_test is not None)._replace(
        train=on_train,
        valid=on_valid,
        test=on_test,
        params=params,
        compile_seconds=sum(part.compile_seconds for part in parts),
        run_seconds=sum(part.run_seconds for part in parts),
    )


def _read(path: Path, shard: Shard, plan: Plan) -> sweep.Outcome:
    try:
        return result.read_arrays(path / shard.name, shard.of(plan))
    except ResultError as error:
        raise ResultError(f"{error}: start shard {shard.index} again") from error
