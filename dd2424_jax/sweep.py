"""Many runs at once: every setting with every seed, over all devices, resumable.

On the devices the axes are [n_seeds, n_settings, ...]: the settings of a seed share its batch, so that their first
layers meet it in one wide matrix product. What comes out is [n_settings, n_seeds, ...].
"""

import functools
import io
import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import data, files, network, processes, train
from dd2424_jax.placement import Placement
from dd2424_jax.progress import Progress

MOST_AT_ONCE = 1024  # more gain nothing, and a checkpoint holds them all
COPIES = 8  # of its weights that a run may need: parameters, gradient, update, optimizer, and a checkpoint on its way
WEIGHTS_OF_A_CORE = 10 * 2**20  # bytes, of one seed; with four times as many, an update takes a quarter longer


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
    train: train.Metrics
    valid: train.Metrics
    test: train.Metrics | None
    params: network.Params
    compile_seconds: float
    run_seconds: float

    @property
    def diverged(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether a run's cost was ever infinite or not a number."""
        return ~np.all(np.isfinite(self.train.cost) & np.isfinite(self.valid.cost), axis=-1)


class _Cells(NamedTuple):
    """A rectangle of the grid: settings (Hypers of arrays [n_settings]) and seeds [n_seeds]."""

    hypers: train.Hypers
    seeds: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.seeds), len(self.hypers.lam)


class _Trained(NamedTuple):
    """A rectangle's results. Axes of metrics: loss, cost, accuracy."""

    history: np.ndarray  # [n_seeds, n_settings, train and valid, metrics, n_evals]
    test: np.ndarray | None  # [n_seeds, n_settings, metrics]
    params: network.Params


def run(
    config: train.Config,
    hypers: train.Hypers,
    seeds: Sequence[int],
    splits: data.Splits,
    *,
    with_test: bool = False,
    directory: Path | None = None,
    devices: Sequence[jax.Device] | None = None,
    runs_at_once: int | None = None,
) -> Outcome:
    """Train every setting with every seed.

    Args:
      config: the static part of all runs.
      hypers: the settings, arrays [n_settings]; all of them share a seed's initial weights and batches.
      seeds: integers in [0, 2³²).
      splits: uint8 images. The test split is looked at only `with_test`, once, after training.
      directory: where checkpoints are written after every evaluation, and looked for; None for none. Of several
        processes (see processes.py) only the first one's counts.
      devices: of this process, by default all. Results do not depend on them, to rounding.
      runs_at_once: a larger sweep is trained in chunks of at most so many runs; by default as many as fit in memory.

    Raises:
      ValueError: a setting, a seed or n_batch is out of range.
    """
    began = time.perf_counter()
    hypers = train.as_arrays(hypers)
    seeds = _validated(hypers, seeds)
    programs = Programs(config)
    devices = devices or jax.local_devices()
    chunks = cut(config, (len(hypers.lam), len(seeds)), devices, runs_at_once)
    parts = []
    n_updates = len(hypers.lam) * len(seeds) * config.eval_steps[-1]
    with Progress(n_updates, "update", quiet=not processes.first()) as progress:
        if len(chunks) > 1:
            settings, of_seeds = chunks[0]
            size = (settings.stop - settings.start) * (of_seeds.stop - of_seeds.start)
            progress.say(f"{len(hypers.lam) * len(seeds):,} runs in {len(chunks)} chunks of at most {size}")
        for i, (settings, of_seeds) in enumerate(chunks):
            cells = _Cells(train.Hypers(*(a[settings] for a in hypers)), seeds[of_seeds])
            placement = Placement(cells.shape, devices)
            file = None if directory is None else directory / f"checkpoint-{i:03d}.npz"
            parts.append(_train(programs, placement, cells, splits, with_test, file, progress))
    trained = _assemble(chunks, parts, (len(hypers.lam), len(seeds)))
    step = np.array([0, *config.eval_steps])
    on_train, on_valid = np.moveaxis(trained.history, (2, 3), (0, 1))
    return Outcome(
        hypers,
        seeds,
        step=step,
        lr=_learning_rates(config, hypers, step),
        train=train.Metrics(*on_train),
        valid=train.Metrics(*on_valid),
        test=train.Metrics(*np.moveaxis(trained.test, 2, 0)) if with_test else None,
        params=trained.params,
        compile_seconds=programs.seconds,
        run_seconds=time.perf_counter() - began - programs.seconds,
    )


def _validated(hypers, seeds) -> np.ndarray:
    lam, lr_min, lr_max = hypers
    if not (np.all(np.isfinite(hypers)) and np.all(lam >= 0) and np.all(lr_min >= 0) and np.all(lr_min <= lr_max)):
        raise ValueError(f"{hypers}: needs finite lam >= 0 and 0 <= lr_min <= lr_max")
    if len(seeds) < 1 or min(seeds) < 0 or max(seeds) >= 2**32:
        raise ValueError(f"seeds {list(seeds)}: needs at least one, each in [0, 2^32)")  # JAX would wrap in silence
    return np.asarray(seeds, np.uint32)


def _learning_rates(config: train.Config, hypers: train.Hypers, step: np.ndarray) -> np.ndarray:
    schedules = (config.schedule(config, train.Hypers(*point)) for point in zip(*hypers, strict=True))
    return np.array([np.broadcast_to(schedule(step), step.shape) for schedule in schedules])


def cut(
    config: train.Config, shape: tuple[int, int], devices: Sequence[jax.Device], runs_at_once: int | None = None
) -> list[tuple[slice, slice]]:
    """The grid [n_settings, n_seeds] cut into chunks (settings, seeds) that are trained one after another.

    A seed's settings are kept together as far as runs_at_once and, on a CPU, its cores' caches allow.
    """
    n_settings, n_seeds = shape
    runs_at_once = runs_at_once or runs_that_fit(config, devices)
    wide = min(n_settings, runs_at_once)
    if devices[0].platform == "cpu":
        most = max(1, WEIGHTS_OF_A_CORE // _weight_bytes(config))
        wide = min(wide, jax.process_count() * len(devices) * most)
    wide = -(-n_settings // -(-n_settings // wide))  # all chunks alike, as each shape is compiled
    high = runs_at_once // wide
    return [
        (slice(i, min(i + wide, n_settings)), slice(j, min(j + high, n_seeds)))
        for j in range(0, n_seeds, high)
        for i in range(0, n_settings, wide)
    ]


def runs_that_fit(config: train.Config, devices: Sequence[jax.Device]) -> int:
    """How many runs may be trained at once: by formula, in half of the memory there is; at most MOST_AT_ONCE.

    It is of all memory, not of what happens to be free, so that a killed sweep is gone on with in the same chunks.
    """
    stats = devices[0].memory_stats()  # a CPU has none
    room = len(devices) * stats["bytes_limit"] if stats else _host_memory()
    evaluated = 2 * 4 * train.EVALUATION_CHUNK * sum(config.sizes[1:])
    return int(min(max(1, room / 2 // (COPIES * _weight_bytes(config) + evaluated)), MOST_AT_ONCE))


def _host_memory() -> int:
    """Bytes of this machine; 8 GiB where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):
        return 8 * 2**30


def _weight_bytes(config: train.Config) -> int:
    return 4 * sum(m * d for d, m in itertools.pairwise(config.sizes))


def _assemble(chunks, parts: Sequence[_Trained], shape: tuple[int, int]) -> _Trained:
    """The chunks' arrays [n_seeds, n_settings, ...] put together as [n_settings, n_seeds, ...]."""

    def join(*leaves):
        whole = np.empty((*shape, *leaves[0].shape[2:]), leaves[0].dtype)
        for cells, leaf in zip(chunks, leaves, strict=True):
            whole[cells] = np.swapaxes(leaf, 0, 1)
        return whole

    return jax.tree.map(join, *parts)


class Programs:
    """The functions of one run, vmapped over settings, then seeds, and compiled once for each shape."""

    def __init__(self, config: train.Config):
        self.config, self.seconds = config, 0.0
        self._compiled = {}

        def batched(function, over_settings, over_seeds):
            return jax.vmap(jax.vmap(functools.partial(function, config), over_settings), over_seeds)

        of_settings = jax.vmap(functools.partial(train.segment, config), (None, None, 0, 0, None))

        def in_turn(split, scale, hypers, states, batches):
            return jax.lax.map(lambda of_seed: of_settings(split, scale, hypers, *of_seed), (states, batches))

        self._functions = {  # name: function, donated arguments
            "init": (batched(train.init_state, (0, None), (None, 0)), ()),
            "segment": (batched(train.segment, (None, None, 0, 0, None), (None, None, None, 0, 0)), (3,)),
            "segment, seeds in turn": (in_turn, (3,)),
            "evaluate": (batched(train.evaluate, (None, None, 0, 0), (None, None, None, 0)), ()),
        }

    def __call__(self, name: str, placement: Placement, *args):
        if name == "segment" and placement.seeds_in_turn:
            name = "segment, seeds in turn"
        key = (name, placement.shape, *(a.shape for a in jax.tree.leaves(args)))
        if key not in self._compiled:
            began = time.perf_counter()
            function, donated = self._functions[name]
            jitted = jax.jit(function, out_shardings=placement.on_runs, donate_argnums=donated)
            self._compiled[key] = jitted.lower(*args).compile()
            self.seconds += time.perf_counter() - began
        return self._compiled[key](*args)


def _train(
    programs: Programs,
    placement: Placement,
    cells: _Cells,
    splits: data.Splits,
    with_test: bool,
    file: Path | None,
    progress: Progress,
) -> _Trained:
    """Train a rectangle of runs, from the checkpoint `file` where there is one that fits."""
    config, n_runs = programs.config, len(cells.seeds) * len(cells.hypers.lam)
    hypers, seeds = placement.put_settings(cells.hypers), placement.put_seeds(cells.seeds)
    there = placement.put_everywhere(splits if with_test else splits._replace(test=None))
    stream = train.BatchStream(cells.seeds, len(splits.train.X), config.n_batch)

    def measure(state, *on):
        """[n_seeds, n_settings, splits, metrics]"""
        found = [programs("evaluate", placement, split, there.scale, hypers, state.params) for split in on]
        return np.stack([np.stack(placement.fetch(metrics), axis=-1) for metrics in found], axis=2)

    state = programs("init", placement, hypers, seeds)
    start, history = 0, None
    if file is not None and (found := _load(file, cells, state, progress)):
        start, state, history = found[0], placement.put_runs(found[1]), found[2]
        progress.skip(start * n_runs)
        progress.say(f"going on from update {start:,} of {config.eval_steps[-1]:,}")
    else:
        history = measure(state, there.train, there.valid)[..., None]
    for first, last in itertools.pairwise((0, *config.eval_steps)):
        if first < start:
            continue
        batches = placement.put_seeds(stream(first, last))
        state = programs("segment", placement, there.train, there.scale, hypers, state, batches)
        history = np.concatenate([history, measure(state, there.train, there.valid)[..., None]], axis=-1)
        if file is not None:
            whole = placement.fetch(state)  # by every process
            if processes.first():
                _save(file, cells, last, whole, history)
        accuracy = history[:, :, 1, train.Metrics._fields.index("accuracy"), -1].mean(axis=0).max()
        progress.update((last - first) * n_runs, f"validation accuracy {100 * accuracy:.1f} %")
    test = measure(state, there.test)[:, :, 0] if with_test else None
    return _Trained(history, test, placement.fetch(state.params))


def _save(file: Path, cells: _Cells, step: int, state: train.TrainState, history: np.ndarray) -> None:
    leaves = {f"state_{i}": leaf for i, leaf in enumerate(jax.tree.leaves(state))}
    files.write_npz(file, step=step, seeds=cells.seeds, **cells.hypers._asdict(), history=history, **leaves)


def _load(file: Path, cells: _Cells, state: train.TrainState, progress: Progress):
    """(step, state, history) of a checkpoint. None if there is none or, with a word, if it can't be gone on with."""
    # The first process may be alone in having the file.
    content = processes.tell(file.read_bytes() if processes.first() and file.exists() else b"")
    if not content:
        return None
    found = files.read_npz(io.BytesIO(content))
    leaves, structure = jax.tree.flatten(state)
    names = [f"state_{i}" for i in range(len(leaves))]
    own = {"seeds": cells.seeds, **cells.hypers._asdict()}
    if found is None or not found.keys() >= {"step", "history", *own, *names}:
        progress.say(f"{file} is damaged: its runs start anew")
        return None
    if not all(np.array_equal(found[key], value) for key, value in own.items()):
        progress.say(f"{file} is of other runs: these start anew")
        return None
    return int(found["step"]), jax.tree.unflatten(structure, [found[name] for name in names]), found["history"]
