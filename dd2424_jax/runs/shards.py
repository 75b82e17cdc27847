"""A sweep as several programs that know nothing of each other: each trains its shard, the last one merges.

Each keeps to a folder of its own in the run directory, on a file system that all of them see: its checkpoint, and the
parts that it has finished. Lost with its host, it is started again and resumes; the others do not notice.
"""

import itertools
import re
from collections.abc import Mapping
from typing import NamedTuple

from dd2424_jax.io.terminal import Mendable


class MissingError(Mendable):
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
