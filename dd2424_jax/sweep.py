"""Many runs at once: every setting with every seed, over all devices, resumable.

The settings of a seed share its initial weights and its batches, which they meet in one wide matrix product.
"""

import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import chunks, data, network, segments, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io.progress import Progress
from dd2424_jax.parallel import processes
from dd2424_jax.parallel.placement import Placement
from dd2424_jax.programs import Programs
from dd2424_jax.segments import Cells


class Outcome(NamedTuple):
    """What a sweep brings to the host.

    hypers  the settings, arrays [n_settings]
    seeds   [n_seeds]
    step    [n_evals]: the update after which each evaluation was; the first is 0, before training
    lr      [n_settings, n_evals]: the learning rate there
    train   Metrics of arrays [n_settings, n_seeds, n_evals]
    valid   the same on the validation split
    test    Metrics of arrays [n_settings, n_seeds] after training, or None
    params  layers of W [n_settings, n_seeds, fan_out, fan_in] and b [n_settings, n_seeds, fan_out]; None if left out
    """

    hypers: train.Hypers
    seeds: np.ndarray
    step: np.ndarray
    lr: np.ndarray
    train: Metrics
    valid: Metrics
    test: Metrics | None
    params: network.Params | None
    compile_seconds: float
    run_seconds: float

    @property
    def diverged(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether a run's cost was ever infinite or not a number."""
        return ~np.all(np.isfinite(self.train.cost) & np.isfinite(self.valid.cost), axis=-1)


def run(
    config: train.Config,
    hypers: train.Hypers,
    seeds: Sequence[int],
    splits: data.Splits,
    *,
    directory: Path | None = None,
    devices: Sequence[jax.Device] | None = None,
    runs_at_once: int | None = None,
) -> Outcome:
    """Train every setting with every seed.

    Args:
      config: the static part of all runs.
      hypers: the settings, arrays [n_settings]; single numbers are those of all settings.
      seeds: integers in [0, 2³²).
      splits: uint8 images. The test split, where there is one, is looked at once, after training.
      directory: where checkpoints are written after every evaluation, and looked for; None for none. Of several
        processes (see parallel/processes.py) only the first one's counts.
      devices: of this process, by default all. Results do not depend on them, to rounding.
      runs_at_once: a larger sweep is trained in chunks of at most so many runs; by default as many as fit in memory. On
        a CPU they have no more settings than its caches hold (see chunks.py).

    Raises:
      ValueError: a setting, a seed or n_batch is out of range.
      memory.TooLarge: the runs do not fit.
    """
    began = time.perf_counter()
    cells = Cells(train.as_arrays(hypers), _checked(seeds))
    programs = Programs(config)
    devices = devices or jax.local_devices()
    cuts = chunks.cut(config, cells.shape, devices, runs_at_once)
    parts = []
    cores = min(len(devices), cells.n_runs) if devices[0].platform == "cpu" else 0
    n_updates, quiet = cells.n_runs * config.eval_steps[-1], not processes.first()
    with Progress(n_updates, "update", quiet=quiet, cores=cores) as progress:
        for i, chunk in enumerate(map(cells.at, cuts)):
            if i == 0 and len(cuts) > 1:
                progress.say(f"{cells.n_runs:,} runs in {len(cuts)} chunks of at most {chunk.n_runs}")
            checkpoint = None if directory is None else directory / f"checkpoint-{i:03d}.npz"
            placement = Placement(chunk.shape, devices)
            parts.append(segments.run(programs, placement, chunk, splits, checkpoint, progress))
    trained = assemble(cuts, parts, cells.shape)
    return blank(config, cells.hypers, cells.seeds, tested=splits.test is not None)._replace(
        train=trained.history.train,
        valid=trained.history.valid,
        test=trained.test,
        params=trained.params,
        compile_seconds=programs.seconds,
        run_seconds=time.perf_counter() - began - programs.seconds,
    )


def blank(config: train.Config, hypers: train.Hypers, seeds: Sequence[int], *, tested: bool) -> Outcome:
    """What is known before training; the other arrays are not filled, but have their shapes and types."""
    shape, step = (len(hypers.lam), len(seeds)), np.array([0, *config.eval_steps])
    one = jax.eval_shape(functools.partial(train.init_state, config), hypers.at(0), 0).params

    def metrics(*more):
        return Metrics(*(np.empty((*shape, *more), one[0].W.dtype) for _ in Metrics._fields))

    return Outcome(
        hypers,
        np.asarray(seeds, np.uint32),
        step=step,
        lr=learning_rates(config, hypers, step),
        train=metrics(len(step)),
        valid=metrics(len(step)),
        test=metrics() if tested else None,
        params=jax.tree.map(lambda a: np.empty((*shape, *a.shape), a.dtype), one),
        compile_seconds=0.0,
        run_seconds=0.0,
    )


def _checked(seeds: Sequence[int]) -> np.ndarray:
    if len(seeds) < 1 or min(seeds) < 0 or max(seeds) >= 2**32:
        raise ValueError(f"seeds {list(seeds)}: needs at least one, each in [0, 2^32)")  # JAX would wrap in silence
    return np.asarray(seeds, np.uint32)


def learning_rates(config: train.Config, hypers: train.Hypers, step: np.ndarray) -> np.ndarray:
    """Of every setting [n_settings] at some updates: [n_settings, len(step)]."""
    schedules = (config.schedule(config, hypers.at(i)) for i in range(len(hypers.lam)))
    return np.array([np.broadcast_to(schedule(step), step.shape) for schedule in schedules])


def assemble(cuts: Sequence[tuple[slice, slice]], parts: Sequence, shape: tuple[int, int]):
    """Trees of arrays, of rectangles of the runs, put together as one of arrays [n_settings, n_seeds, ...]."""

    def join(*leaves):
        whole = np.empty((*shape, *leaves[0].shape[2:]), leaves[0].dtype)
        for cut, leaf in zip(cuts, leaves, strict=True):
            whole[cut] = leaf
        return whole

    return jax.tree.map(join, *parts)
