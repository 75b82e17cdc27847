"""Many runs at once: every setting with every seed, over all devices, resumable.

The settings of a seed share its initial weights and its batches, which they meet in one wide matrix product.
"""

import functools
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dd2424_jax import chunks, configs, data, memory, network, segments, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.io.progress import Progress
from dd2424_jax.parallel import processes
from dd2424_jax.parallel.placement import Placement
from dd2424_jax.programs import Programs
from dd2424_jax.segments import Cells


class Weights(NamedTuple):
    """Those that are kept of every run.

    params     after training: layers of W [n_settings, n_seeds, fan_out, fan_in] and b [n_settings, n_seeds, fan_out]
    snapshots  after the updates config.snapshots: the same, but [n_settings, n_seeds, n_snapshots, ...]; None if none
    """

    params: network.Params | None
    snapshots: network.Params | None

    def named(self) -> dict[str, np.ndarray]:
        """W1, b1, ..., snapshots_W1, ...: the arrays in the order of leaves, by the names that files have for them."""
        layers = [("", *numbered) for numbered in enumerate(self.params, 1)]
        layers += [("snapshots_", *numbered) for numbered in enumerate(self.snapshots or (), 1)]
        return {f"{prefix}{key}{k}": a for prefix, k, layer in layers for key, a in layer._asdict().items()}

    def of(self, named: Mapping[str, np.ndarray]) -> "Weights":
        """The same of other arrays, by name."""
        return jax.tree.unflatten(jax.tree.structure(self), [named[name] for name in self.named()])


class Outcome(NamedTuple):
    """What a sweep brings to the host.

    hypers     the settings, arrays [n_settings]
    seeds      [n_seeds]
    step       [n_evals]: the update after which each evaluation was; the first is 0, before training
    lr         [n_settings, n_evals]: the learning rate there
    train      Metrics of arrays [n_settings, n_seeds, n_evals]
    valid      the same on the validation split
    test       Metrics of arrays [n_settings, n_seeds] after training, or None
    params     the Weights' params; None if left out
    seconds    [n_settings, n_seeds]: of training, each run's share; NaN where there is no such run, as in all numbers
    snapshots  the Weights' snapshots; None if left out, or none were kept
    """

    hypers: train.Hypers
    seeds: np.ndarray
    step: np.ndarray
    lr: np.ndarray
    train: Metrics
    valid: Metrics
    test: Metrics | None
    params: network.Params | None
    seconds: np.ndarray
    compile_seconds: float
    snapshots: network.Params | None = None

    @property
    def trained(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether there is such a run."""
        return np.isfinite(self.seconds)

    @property
    def converged(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether there is such a run, and its cost was always finite."""
        return self.trained & np.all(np.isfinite(self.train.cost) & np.isfinite(self.valid.cost), axis=-1)

    @property
    def diverged(self) -> np.ndarray:
        """[n_settings, n_seeds]: whether a run's cost was ever infinite or not a number."""
        return self.trained & ~self.converged

    @property
    def scores(self) -> np.ndarray:
        """[n_settings, n_seeds]: validation accuracy after training; NaN where a run diverged, or there is none."""
        return np.where(self.converged, self.valid.accuracy[..., -1], np.nan)

    @property
    def weights(self) -> Weights:
        return Weights(self.params, self.snapshots)

    def without_weights(self) -> "Outcome":
        return self._replace(params=None, snapshots=None)

    def put(self, settings, seeds, part: "Outcome") -> None:
        """Write the runs of a part, in place: of some settings with some seeds, by index."""
        cells = np.ix_(settings, seeds)
        part = part if self.params is not None else part.without_weights()
        own, theirs = ((one.train, one.valid, one.test, *one.weights, one.seconds) for one in (self, part))
        for whole, some in zip(jax.tree.leaves(own), jax.tree.leaves(theirs), strict=True):
            whole[cells] = some


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
    cells = Cells(configs.as_arrays(hypers), _checked(seeds))
    devices = devices or jax.local_devices()
    outcome = blank(config, *cells, tested=splits.test is not None)
    cuts = chunks.cut(config, cells.shape, devices, runs_at_once)
    parts = each(config, [(cells.at(cut), splits) for cut in cuts], directory, devices)
    for (settings, seeds), part in zip(cuts, parts, strict=True):
        outcome.put(np.r_[settings], np.r_[seeds], part)
        outcome = outcome._replace(compile_seconds=outcome.compile_seconds + part.compile_seconds)
    return outcome


def each(
    config: train.Config,
    rectangles: Sequence[tuple[Cells, data.Splits] | None],
    directory: Path | None,
    devices: Sequence[jax.Device],
) -> Iterator[Outcome]:
    """Train rectangles of runs one after another, each on its images: the outcome of each, once it is there.

    The checkpoint of a rectangle has its place among them in its name; None holds the place of one that is finished.
    """
    memory.keep_freed()
    programs = Programs(config)
    todo = {i: rectangle for i, rectangle in enumerate(rectangles) if rectangle is not None}
    sizes = [cells.n_runs for cells, _ in todo.values()]
    cores = min(len(devices), max(sizes, default=0)) if devices[0].platform == "cpu" else 0
    with Progress(sum(sizes) * config.n_updates, "update", quiet=not processes.first(), cores=cores) as progress:
        if len(todo) > 1:
            progress.say(f"{sum(sizes):,} runs in {len(todo)} chunks of at most {max(sizes)}")
        for i, (cells, splits) in todo.items():
            began, compiled = time.perf_counter(), programs.seconds
            checkpoint = None if directory is None else checkpoint_of(directory, i)
            trained = segments.run(programs, Placement(cells.shape, devices), cells, splits, checkpoint, progress)
            compiled = programs.seconds - compiled
            seconds = (time.perf_counter() - began - compiled) / cells.n_runs
            yield blank(config, *cells, tested=splits.test is not None, weights=False)._replace(
                train=trained.history.train,
                valid=trained.history.valid,
                test=trained.test,
                params=trained.params,
                seconds=np.full(cells.shape, seconds),
                compile_seconds=compiled,
                snapshots=trained.history.snapshots,
            )


def checkpoint_of(directory: Path, i: int) -> Path:
    """The file of rectangle number i's checkpoint."""
    return directory / f"checkpoint-{i:03d}.npz"


def blank(
    config: train.Config, hypers: train.Hypers, seeds: Sequence[int], *, tested: bool, weights: bool = True
) -> Outcome:
    """What is known before training; the other arrays have their shapes and types, and are NaN throughout."""
    shape, step = (len(hypers.lam), len(seeds)), np.array([0, *config.eval_steps])
    kept = shapes(config, shape)
    own = jax.tree.map(lambda a: np.full(a.shape, np.nan, a.dtype), kept) if weights else Weights(None, None)

    def metrics(*more):
        return Metrics(*(np.full((*shape, *more), np.nan, kept.params[0].W.dtype) for _ in Metrics._fields))

    return Outcome(
        hypers,
        np.asarray(seeds, np.uint32),
        step=step,
        lr=learning_rates(config, hypers, step),
        train=metrics(len(step)),
        valid=metrics(len(step)),
        test=metrics() if tested else None,
        seconds=np.full(shape, np.nan),
        compile_seconds=0.0,
        **own._asdict(),
    )


def shapes(config: train.Config, shape: tuple[int, int]) -> Weights:
    """The weights that are kept of so many settings and seeds, of which only shapes and types are there."""
    of, n_snapshots = functools.partial(jax.ShapeDtypeStruct, dtype=jnp.result_type(float)), len(config.snapshots)

    def layers(*axes):
        return tuple(network.Layer(of((*axes, m, d)), of((*axes, m))) for d, m in itertools.pairwise(config.sizes))

    return Weights(layers(*shape), layers(*shape, n_snapshots) if n_snapshots else None)


def _checked(seeds: Sequence[int]) -> np.ndarray:
    if len(seeds) < 1 or min(seeds) < 0 or max(seeds) >= 2**32:
        raise ValueError(f"seeds {list(seeds)}: needs at least one, each in [0, 2^32)")  # JAX would wrap in silence
    return np.asarray(seeds, np.uint32)


def learning_rates(config: train.Config, hypers: train.Hypers, step: np.ndarray) -> np.ndarray:
    """Of every setting [n_settings] at some updates: [n_settings, len(step)]."""
    return np.asarray(_learning_rates(config, hypers, step))


@functools.partial(jax.jit, static_argnums=0)
def _learning_rates(config, hypers, step):
    return jax.vmap(lambda own: jnp.broadcast_to(config.schedule(config, own)(step), step.shape))(hypers)
