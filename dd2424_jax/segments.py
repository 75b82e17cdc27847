"""A rectangle of runs, trained segment by segment, with a checkpoint to resume from at least every minute.

Segments end where an evaluation is due, and earlier where that would take long; the numbers do not depend on it.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import data, memory, network, registry, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io import checkpoints, records
from dd2424_jax.io.progress import Progress
from dd2424_jax.parallel import processes
from dd2424_jax.parallel.placement import Placement
from dd2424_jax.programs import Programs, Runs

FLOPS_ON_CPU, FLOPS = 5e12, 5e14  # of the first segment: some 20 seconds on two cores, and on an accelerator
BYTES_OF_INDICES = 2**26  # which examples the updates of a segment meet
SECONDS = 30.0  # a segment that took longer has shorter ones after it
CHECKPOINT_SECONDS = 60.0  # between checkpoints, at most, besides those of evaluations


class Cells(NamedTuple):
    """A rectangle of runs: settings (Hypers of arrays [n_settings]) and seeds [n_seeds]."""

    hypers: train.Hypers
    seeds: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.hypers.lam), len(self.seeds)

    @property
    def n_runs(self) -> int:
        return len(self.hypers.lam) * len(self.seeds)

    def at(self, chunk: tuple[slice, slice]) -> "Cells":
        """Those of a chunk."""
        return Cells(self.hypers.at(chunk[0]), self.seeds[chunk[1]])


class History(NamedTuple):
    """What is recorded on the way; NaN where it is not there yet.

    train      Metrics of all evaluations, arrays [n_settings, n_seeds, n_evals]
    valid      the same on the validation split
    snapshots  layers of arrays [n_settings, n_seeds, n_snapshots, ...]; None where no weights are kept on the way
    """

    train: Metrics
    valid: Metrics
    snapshots: network.Params | None


class Trained(NamedTuple):
    """What a rectangle of runs comes to."""

    history: History
    test: Metrics | None
    params: network.Params


def run(
    programs: Programs,
    placement: Placement,
    cells: Cells,
    splits: data.Splits,
    checkpoint: Path | None,
    progress: Progress,
) -> Trained:
    """Train a rectangle of runs, from its checkpoint where there is one that fits."""
    config, runs = programs.config, Runs(programs, placement, cells.hypers, cells.seeds, splits)
    state = runs.fresh()
    done, history = 0, _empty_history(cells, config, state)
    if checkpoint and (resumed := _resume(checkpoint, config, cells, state, history, progress)):
        done, host_state, history = resumed
        state = placement.put_runs(host_state)
        progress.skip(done * cells.n_runs)
    else:
        _record(history, 0, *runs.evaluated(state, 0))
    longest, saved = _longest_segment(config, cells, placement), processes.clock()
    for i, evaluated in enumerate(config.eval_steps, 1):
        while done < evaluated:
            n = math.ceil((evaluated - done) / math.ceil((evaluated - done) / longest))  # as even as can be
            began = processes.clock()
            state = placement.wait(runs.updated(state, done, done + n))
            done, seconds = done + n, processes.clock() - began
            if done == evaluated:
                _record(history, i, *runs.evaluated(state, done))
            if done in config.snapshots:
                _keep(history, config.snapshots.index(done), placement.fetch(state.params))
            if checkpoint and (done == evaluated or began + seconds - saved > CHECKPOINT_SECONDS):
                _save(checkpoint, config, cells, done, placement.fetch(state), history)
                saved = processes.clock()
            if seconds > SECONDS:
                longest = max(1, n // 2)
            accuracy = history.valid.accuracy[..., i if done == evaluated else i - 1].mean(axis=1).max()
            progress.update(n * cells.n_runs, f"validation accuracy {100 * accuracy:.1f} %")
    return Trained(history, runs.tested(state), placement.fetch(state.params))


def _longest_segment(config: train.Config, cells: Cells, placement: Placement) -> int:
    """How many updates the first segment may have."""
    cpu = placement.devices[0].platform == "cpu"
    flops = 6 * config.n_batch * memory.n_weights(config.sizes) * cells.n_runs  # of an update
    indices = 4 * config.n_batch * len(cells.seeds)  # bytes
    return max(1, int(min((FLOPS_ON_CPU if cpu else FLOPS) / flops, BYTES_OF_INDICES / indices)))


def _empty_history(cells: Cells, config: train.Config, state: train.TrainState) -> History:
    shape, dtype = (*cells.shape, 1 + len(config.eval_steps)), state.params[0].W.dtype
    metrics = (Metrics(*(np.full(shape, np.nan, dtype) for _ in range(3))) for _ in range(2))
    if not config.snapshots:
        return History(*metrics, snapshots=None)
    kept = (*cells.shape, len(config.snapshots))
    return History(*metrics, jax.tree.map(lambda a: np.full((*kept, *a.shape[2:]), np.nan, a.dtype), state.params))


def _record(history: History, i: int, on_train: Metrics, on_valid: Metrics) -> None:
    """Write the metrics [n_settings, n_seeds] of evaluation i into the history, in place."""
    for metric, value in zip([*history.train, *history.valid], [*on_train, *on_valid], strict=True):
        metric[..., i] = value


def _keep(history: History, k: int, params: network.Params) -> None:
    """Write the weights [n_settings, n_seeds, ...] of snapshot k into the history, in place."""
    for kept, own in zip(jax.tree.leaves(history.snapshots), jax.tree.leaves(params), strict=True):
        kept[:, :, k] = own


def _save(checkpoint: Path, config: train.Config, cells: Cells, step: int, state, history: History) -> None:
    """What every process has fetched, written by the first."""
    if processes.first():
        checkpoints.save(checkpoint, _describe(config, cells), step=np.array(step), state=state, history=history)


def _resume(checkpoint: Path, config: train.Config, cells: Cells, state, history: History, progress: Progress):
    """(step, state, history) of the checkpoint. None where there is none or, after saying so, where it does not fit.

    state and history are fresh ones, of the shapes that it must have.
    """
    state = jax.tree.map(lambda a: np.empty((*cells.shape, *a.shape[2:]), a.dtype), state)
    like = {"step": np.array(0), "state": state, "history": history}
    # The first process may be alone in having the file.
    content = processes.broadcast(checkpoints.read(checkpoint, **like) if processes.first() else b"")
    if not content:
        return None
    try:
        trees = checkpoints.load(content, _describe(config, cells), **like)
        if not 0 < trees["step"] <= config.n_updates:
            raise records.Unusable("is damaged")
    except records.Unusable as error:
        progress.say(f"{checkpoint} {error}: its runs start from scratch")
        return None
    progress.say(f"resumed from update {trees['step']:,} of {config.n_updates:,}")
    return int(trees["step"]), trees["state"], trees["history"]


def _describe(config: train.Config, cells: Cells) -> str:
    """Which runs a checkpoint is of."""
    hypers = {name: a.tolist() for name, a in cells.hypers.named().items()}
    return json.dumps([registry.describe(config), hypers, cells.seeds.tolist()])
