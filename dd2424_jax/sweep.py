"""Many runs at once: every setting with every seed, over all devices, resumable.

The settings of a seed share its initial weights and its batches, which they meet in one wide matrix product.
"""

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import chunks, data, network, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io import checkpoints
from dd2424_jax.io.progress import Progress
from dd2424_jax.parallel import processes
from dd2424_jax.parallel.placement import Placement
from dd2424_jax.programs import Programs, Runs


class Outcome(NamedTuple):
    """What a sweep brings to the host.

    hypers  the settings, arrays [n_settings]
    seeds   [n_seeds]
    step    [n_evals]: the update after which each evaluation was; the first is 0, before training
    lr      [n_settings, n_evals]: the learning rate there
    train   Metrics of arrays [n_settings, n_seeds, n_evals]
    valid   the same on the validation split
    test    Metrics of arrays [n_settings, n_seeds] after training, or None
    params  layers of W [n_settings, n_seeds, fan_out, fan_in] and b [n_settings, n_seeds, fan_out]
    """

    hypers: train.Hypers
    seeds: np.ndarray
    step: np.ndarray
    lr: np.ndarray
    train: Metrics
    valid: Metrics
    test: Metrics | None
    params: network.Params
    compile_seconds: float
    run_seconds: float

    @property
    def diverged(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether a run's cost was ever infinite or not a number."""
        return ~np.all(np.isfinite(self.train.cost) & np.isfinite(self.valid.cost), axis=-1)


class _Cells(NamedTuple):
    """A rectangle of runs: settings (Hypers of arrays [n_settings]) and seeds [n_seeds]."""

    hypers: train.Hypers
    seeds: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.hypers.lam), len(self.seeds)

    @property
    def n_runs(self) -> int:
        return len(self.hypers.lam) * len(self.seeds)

    def at(self, chunk: tuple[slice, slice]) -> "_Cells":
        """Those of a chunk."""
        return _Cells(self.hypers.at(chunk[0]), self.seeds[chunk[1]])


class _History(NamedTuple):
    """Metrics of all evaluations, arrays [n_settings, n_seeds, n_evals]; NaN where there was none yet."""

    train: Metrics
    valid: Metrics


class _Trained(NamedTuple):
    """What a rectangle of runs comes to."""

    history: _History
    test: Metrics | None
    params: network.Params


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
    """
    began = time.perf_counter()
    cells = _Cells(train.as_arrays(hypers), _checked(seeds))
    programs = Programs(config)
    devices = devices or jax.local_devices()
    cuts = chunks.cut(config, cells.shape, devices, runs_at_once)
    parts = []
    with Progress(cells.n_runs * config.eval_steps[-1], "update", quiet=not processes.first()) as progress:
        for i, chunk in enumerate(map(cells.at, cuts)):
            if i == 0 and len(cuts) > 1:
                progress.say(f"{cells.n_runs:,} runs in {len(cuts)} chunks of at most {chunk.n_runs}")
            checkpoint = None if directory is None else directory / f"checkpoint-{i:03d}.npz"
            parts.append(_train(programs, Placement(chunk.shape, devices), chunk, splits, checkpoint, progress))
    trained = assemble(cuts, parts, cells.shape)
    step = np.array([0, *config.eval_steps])
    return Outcome(
        cells.hypers,
        cells.seeds,
        step=step,
        lr=learning_rates(config, cells.hypers, step),
        train=trained.history.train,
        valid=trained.history.valid,
        test=trained.test,
        params=trained.params,
        compile_seconds=programs.seconds,
        run_seconds=time.perf_counter() - began - programs.seconds,
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


def _train(
    programs: Programs,
    placement: Placement,
    cells: _Cells,
    splits: data.Splits,
    checkpoint: Path | None,
    progress: Progress,
) -> _Trained:
    """Train a rectangle of runs, from its checkpoint where there is one that fits."""
    config, runs = programs.config, Runs(programs, placement, cells.hypers, cells.seeds, splits)
    state = runs.fresh()
    done, history = 0, _empty_history(cells, config, state)
    if checkpoint and (resumed := _resume(checkpoint, config, cells, state, history, progress)):
        done, host_state, history = resumed
        state = placement.put_runs(host_state)
        progress.skip(done * cells.n_runs)
    else:
        _record(history, 0, *runs.evaluated(state))
    for i, (start, stop) in enumerate(itertools.pairwise((0, *config.eval_steps)), 1):
        if start < done:
            continue
        state = runs.updated(state, start, stop)
        _record(history, i, *runs.evaluated(state))
        if checkpoint:
            _save(checkpoint, config, cells, stop, placement.fetch(state), history)
        accuracy = history.valid.accuracy[..., i].mean(axis=1).max()
        progress.update((stop - start) * cells.n_runs, f"validation accuracy {100 * accuracy:.1f} %")
    return _Trained(history, runs.tested(state), placement.fetch(state.params))


def _empty_history(cells: _Cells, config: train.Config, state: train.TrainState) -> _History:
    shape, dtype = (*cells.shape, 1 + len(config.eval_steps)), state.params[0].W.dtype
    return _History(*(Metrics(*(np.full(shape, np.nan, dtype) for _ in range(3))) for _ in range(2)))


def _record(history: _History, i: int, on_train: Metrics, on_valid: Metrics) -> None:
    """Write the metrics [n_settings, n_seeds] of evaluation i into the history, in place."""
    for metric, value in zip(jax.tree.leaves(history), [*on_train, *on_valid], strict=True):
        metric[..., i] = value


def _save(checkpoint: Path, config: train.Config, cells: _Cells, step: int, state, history: _History) -> None:
    """What every process has fetched, written by the first."""
    if processes.first():
        checkpoints.save(checkpoint, _describe(config, cells), step=np.array(step), state=state, history=history)


def _resume(checkpoint: Path, config: train.Config, cells: _Cells, state, history: _History, progress: Progress):
    """(step, state, history) of the checkpoint. None where there is none or, after saying so, where it does not fit.

    state and history are fresh ones, of the shapes that it must have.
    """
    # The first process may be alone in having the file.
    content = processes.broadcast(checkpoint.read_bytes() if processes.first() and checkpoint.exists() else b"")
    if not content:
        return None
    state = jax.tree.map(lambda a: np.empty((*cells.shape, *a.shape[2:]), a.dtype), state)
    try:
        trees = checkpoints.load(content, _describe(config, cells), step=np.array(0), state=state, history=history)
        if trees["step"] not in config.eval_steps:
            raise checkpoints.CheckpointError("is damaged")
    except checkpoints.CheckpointError as error:
        progress.say(f"{checkpoint} {error}: its runs start from scratch")
        return None
    progress.say(f"resumed from update {trees['step']:,} of {config.eval_steps[-1]:,}")
    return int(trees["step"]), trees["state"], trees["history"]


def _describe(config: train.Config, cells: _Cells) -> str:
    """Which runs a checkpoint is of."""
    hypers = {name: a.tolist() for name, a in cells.hypers.named().items()}
    return json.dumps([train.describe(config), hypers, cells.seeds.tolist()])
