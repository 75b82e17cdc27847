"""Many runs at once: every setting with every seed, over all devices, resumable.

On the devices the axes are [n_seeds, n_settings, ...]: the settings of a seed share its batch, so that their first
layers meet it in one wide matrix product. What comes out is [n_settings, n_seeds, ...].
"""

import functools
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from dd2424_jax import data, network, results, train
from dd2424_jax.progress import Progress


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

    @property
    def size(self) -> int:
        return len(self.seeds) * len(self.hypers.lam)


def run(
    config: train.Config,
    hypers: train.Hypers,
    seeds: Sequence[int],
    splits: data.Splits,
    *,
    with_test: bool = False,
    directory: Path | None = None,
    devices: Sequence[jax.Device] | None = None,
    runs_at_once: int = 256,
) -> Outcome:
    """Train every setting with every seed.

    Args:
      config: the static part of all runs.
      hypers: the settings, arrays [n_settings]; all of them share a seed's initial weights and batches.
      seeds: integers in [0, 2³²).
      splits: uint8 images. The test split is looked at only `with_test`, once, after training.
      directory: where checkpoints are written after every evaluation, and looked for; None for none.
      devices: by default all. Results do not depend on them, to rounding.
      runs_at_once: a larger sweep is trained in chunks of at most so many runs.

    Raises:
      ValueError: a setting, a seed or n_batch is out of range.
    """
    hypers = train.Hypers(*np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, float)) for a in hypers)))
    _validate(config, hypers, seeds, splits)
    programs = _Programs(config, devices or jax.devices())
    chunks = _chunks(len(hypers.lam), len(seeds), runs_at_once)
    parts, run_seconds = [], 0.0
    with Progress(len(hypers.lam) * len(seeds) * config.eval_steps[-1], "step") as progress:
        for i, (settings, which) in enumerate(chunks):
            cells = _Cells(jax.tree.map(lambda a, s=settings: a[s], hypers), np.asarray(seeds, np.uint32)[which])
            file = None if directory is None else directory / f"checkpoint-{i:03d}.npz"
            part, seconds = _train(programs, cells, splits, with_test, file, progress)
            parts.append(part)
            run_seconds += seconds
    history, test, params = _assemble(chunks, parts, (len(hypers.lam), len(seeds)))
    step = np.array([0, *config.eval_steps])
    lr = np.stack([config.schedule(config, train.Hypers(*h))(step) for h in zip(*hypers, strict=True)])
    return Outcome(hypers, np.array(seeds), step, lr, *history, test, params, programs.compile_seconds, run_seconds)


def _validate(config, hypers, seeds, splits):
    lam, lr_min, lr_max = hypers
    if not (np.all(np.isfinite(hypers)) and np.all(lam >= 0) and np.all(lr_min >= 0) and np.all(lr_min <= lr_max)):
        raise ValueError(f"{hypers}: needs finite lam >= 0 and 0 <= lr_min <= lr_max")
    if len(seeds) < 1 or min(seeds) < 0 or max(seeds) >= 2**32:
        raise ValueError(f"seeds {list(seeds)}: needs at least one, each in [0, 2^32)")
    if config.n_batch > len(splits.train.X):
        raise ValueError(f"n_batch={config.n_batch} exceeds the {len(splits.train.X)} training examples")


def _chunks(n_settings: int, n_seeds: int, runs_at_once: int) -> list[tuple[slice, slice]]:
    """The grid cut into (settings, seeds), a seed's settings kept together as far as runs_at_once allows."""
    wide = min(n_settings, max(runs_at_once, 1))
    high = max(runs_at_once // wide, 1)
    return [
        (slice(i, min(i + wide, n_settings)), slice(j, min(j + high, n_seeds)))
        for j in range(0, n_seeds, high)
        for i in range(0, n_settings, wide)
    ]


def _assemble(chunks, parts, shape):
    """The chunks' arrays [n_seeds, n_settings, ...] put together as [n_settings, n_seeds, ...]."""

    def join(*leaves):
        whole = np.empty((*shape, *leaves[0].shape[2:]), leaves[0].dtype)
        for cells, leaf in zip(chunks, leaves, strict=True):
            whole[cells] = np.swapaxes(leaf, 0, 1)
        return whole

    return jax.tree.map(join, *parts)


class _Layout(NamedTuple):
    """How a rectangle of runs lies on the devices: padded to `shape` and cut along one of its axes."""

    shape: tuple[int, int]  # (n_seeds, n_settings), padded
    runs: NamedSharding  # of [n_seeds, n_settings, ...]
    seeds: NamedSharding  # of [n_seeds, ...]
    settings: NamedSharding  # of [n_settings]
    everywhere: NamedSharding  # of what every device has a copy of

    @staticmethod
    def of(shape: tuple[int, int], devices) -> "_Layout":
        """The axis that leaves the least padding is cut; seeds rather than settings where they tie."""

        def padded(axis):
            n = min(len(devices), shape[axis])
            size = -(-shape[axis] // n) * n
            # What counts is how long the devices take: the runs of one of them.
            return size // n * shape[1 - axis], axis, n, tuple(size if i == axis else s for i, s in enumerate(shape))

        _, axis, n, size = min(padded(0), padded(1))
        mesh = jax.make_mesh((n,), ("run",), axis_types=(AxisType.Auto,), devices=devices[:n])
        specs = {
            0: (PartitionSpec("run"), PartitionSpec("run"), PartitionSpec()),
            1: (PartitionSpec(None, "run"), PartitionSpec(), PartitionSpec("run")),
        }[axis]
        return _Layout(size, *(NamedSharding(mesh, spec) for spec in (*specs, PartitionSpec())))


class _Programs:
    """The compiled parts of a sweep: one run's functions, vmapped over settings and seeds. Once for each shape."""

    def __init__(self, config: train.Config, devices: Sequence[jax.Device]):
        self.config, self.devices, self.compile_seconds = config, devices, 0.0
        self._compiled = {}

        def batched(function, settings_axes, seeds_axes):
            return jax.vmap(jax.vmap(functools.partial(function, config), settings_axes), seeds_axes)

        self._functions = {
            "init": (batched(train.init_state, (0, None), (None, 0)), ()),
            "segment": (batched(train.segment, (None, None, 0, 0, None), (None, None, None, 0, 0)), (3,)),
            "evaluate": (batched(train.evaluate, (None, None, 0, 0), (None, None, None, 0)), ()),
        }

    def __call__(self, name: str, layout: _Layout, *args):
        shapes = tuple(a.shape for a in jax.tree.leaves(args))
        if (name, shapes) not in self._compiled:
            start = time.perf_counter()
            function, donated = self._functions[name]
            jitted = jax.jit(function, out_shardings=layout.runs, donate_argnums=donated)
            self._compiled[name, shapes] = jitted.lower(*args).compile()
            self.compile_seconds += time.perf_counter() - start
        return self._compiled[name, shapes](*args)


def _train(programs: _Programs, cells: _Cells, splits: data.Splits, with_test: bool, file: Path | None, progress):
    """Train a rectangle of runs, going on from `file` where it fits.

    Returns ((train, valid) Metrics [n_seeds, n_settings, n_evals], test Metrics or None, params), and seconds.
    """
    config = programs.config
    layout = _Layout.of(cells.shape, programs.devices)
    compiled_before, began = programs.compile_seconds, time.perf_counter()
    pad_seeds, pad_settings = (
        np.minimum(np.arange(size), n - 1) for size, n in zip(layout.shape, cells.shape, strict=True)
    )
    hypers = jax.device_put(jax.tree.map(lambda a: a[pad_settings], cells.hypers), layout.settings)
    seeds = jax.device_put(cells.seeds[pad_seeds], layout.seeds)
    on_device = jax.device_put(splits._replace(test=splits.test if with_test else None), layout.everywhere)
    stream = train.BatchStream(cells.seeds[pad_seeds], len(splits.train.X), config.n_batch)

    def measure(state):
        """Metrics of train and valid, [n_seeds, n_settings] without padding."""
        found = [
            programs("evaluate", layout, split, on_device.scale, hypers, state.params)
            for split in (on_device.train, on_device.valid)
        ]
        return _to_host(found, cells.shape)

    state = programs("init", layout, hypers, seeds)
    start, history = 0, None
    if file is not None and (found := _load(file, cells, state, progress)) is not None:
        start, state, history = found
        state = jax.tree.map(lambda a: jax.device_put(a[pad_seeds][:, pad_settings], layout.runs), state)
        progress.skip(start * cells.size)
    else:
        history = [jax.tree.map(lambda a: a[..., None], m) for m in measure(state)]
    for first, last in itertools.pairwise((0, *config.eval_steps)):
        if first < start:
            continue
        batches = jax.device_put(stream(first, last), layout.seeds)
        state = programs("segment", layout, on_device.train, on_device.scale, hypers, state, batches)
        history = jax.tree.map(lambda h, m: np.concatenate([h, m[..., None]], axis=-1), history, measure(state))
        if file is not None:
            _save(file, cells, last, state, history)
        accuracy = np.nanmax(np.mean(history[1].accuracy[..., -1], axis=0))
        progress.update((last - first) * cells.size, f"validation accuracy {100 * accuracy:.1f} %")
    test = None
    if with_test:
        test = _to_host(
            programs("evaluate", layout, on_device.test, on_device.scale, hypers, state.params), cells.shape
        )
    part = (history, test, _to_host(state.params, cells.shape))
    return part, time.perf_counter() - began - (programs.compile_seconds - compiled_before)


def _to_host(tree, shape):
    """Arrays [n_seeds, n_settings, ...] as NumPy's, without padding."""
    leaves = jax.tree.leaves(tree)
    while not all(leaf.is_ready() for leaf in leaves):
        time.sleep(0.001)  # a wait inside JAX would keep Ctrl-C waiting too
    return jax.tree.map(lambda a: np.asarray(a)[: shape[0], : shape[1]], tree)


def _save(file: Path, cells: _Cells, step: int, state, history) -> None:
    leaves = jax.tree.leaves((_to_host(state, cells.shape), history))
    arrays = {f"leaf_{i}": leaf for i, leaf in enumerate(leaves)}
    results.write_npz(file, step=step, seeds=cells.seeds, **cells.hypers._asdict(), **arrays)


def _load(file: Path, cells: _Cells, state, progress: Progress):
    """(step, state, history) of a checkpoint. None if there is none or, with a word, if it can't be gone on with."""
    if not file.exists():
        return None
    found = results.read_npz(file) or {}
    shapes = [leaf.shape[2:] for leaf in jax.tree.leaves(state)]
    leaves = [found.get(f"leaf_{i}") for i in range(len(shapes) + 2 * len(train.Metrics._fields))]
    whole = found.keys() >= {"step", "seeds", *cells.hypers._fields} and not any(leaf is None for leaf in leaves)
    if not whole or [leaf.shape for leaf in leaves[: len(shapes)]] != [cells.shape + shape for shape in shapes]:
        progress.say(f"{file} is damaged: its runs start anew")
        return None
    if any(
        not np.array_equal(found[key], value) for key, value in {**cells.hypers._asdict(), "seeds": cells.seeds}.items()
    ):
        progress.say(f"{file} is of other runs: these start anew")
        return None
    metrics = train.Metrics(*[None] * len(train.Metrics._fields))
    structure = jax.tree.structure((state, [metrics._replace(**dict.fromkeys(metrics._fields, 0))] * 2))
    return int(found["step"]), *jax.tree.unflatten(structure, leaves)
