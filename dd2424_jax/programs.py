"""The functions of one run as programs for many: vmapped over settings, then seeds, and compiled for the devices."""

import functools
import time
from collections.abc import Callable

import jax
import numpy as np

from dd2424_jax import data, evaluation, memory, precisions, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.parallel.placement import Placement


class Programs:
    """`init`, `segment` and `evaluate` for the runs of a placement, each compiled once for every shape.

    seconds  spent compiling
    """

    def __init__(self, config: train.Config):
        self.config, self.seconds = config, 0.0
        self._compiled = {}

    def init(self, placement: Placement, hypers, seeds) -> train.TrainState:
        of_run = functools.partial(train.init_state, self.config)
        of_runs = jax.vmap(jax.vmap(of_run, (0, None)), (None, 0))
        return self._call("init", of_runs, placement, hypers, seeds)

    def segment(self, placement: Placement, split, scale, hypers, state, seeds, start: int, batches):
        """The state after the updates; `state` is donated. batches [n_seeds, n_steps, n_batch]."""

        def of_device(split, scale, hypers, states, seeds, start, batches):
            def of_run(hypers, state, seed, batches):
                return train.segment(self.config, split, scale, hypers, state, seed, start, batches)

            def of_seed(own):
                return jax.vmap(of_run, (0, 0, None, None))(hypers, *own)

            over_seeds = jax.lax.map if placement.sequential else lambda f, own: jax.vmap(f)(own)
            return over_seeds(of_seed, (states, seeds, batches))

        whole, of_settings, of_seeds = placement.everywhere, placement.of_settings, placement.of_seeds
        arguments = (whole, whole, of_settings, placement.of_runs, of_seeds, whole, of_seeds)
        on_devices = placement.on_each_device(of_device, arguments)
        args = (split, scale, hypers, state, seeds, np.int32(start), batches)
        return self._call("segment", on_devices, placement, *args, donate=(3,))

    def evaluate(self, placement: Placement, split, scale, hypers, params, *, fresh: bool = False) -> Metrics:
        """Metrics of every run. `fresh`: before training, when the settings of a seed share their parameters."""
        shared = fresh and placement.shape[0] > 1

        def of_runs(split, scale, hypers, params):
            def of_run(hypers, params):
                return evaluation.evaluate(self.config, split, scale, hypers, params)

            of_seed = jax.vmap(of_run, (0, None if shared else 0))
            own = jax.tree.map(lambda a: a[:, 0], params) if shared else params
            return jax.vmap(of_seed, (None, 0))(hypers, own)

        return self._call(f"evaluate {shared}", of_runs, placement, split, scale, hypers, params)

    def pack(self, placement: Placement, scale, X):
        """Images as z-scores in bfloat16, packed, on every device."""

        def packed(scale, X):
            return precisions.pack(data.standardize(scale, X))

        return self._call("pack", packed, placement, scale, X, out=placement.everywhere)

    def _call(self, name: str, function: Callable, placement: Placement, *args, donate: tuple[int, ...] = (), out=None):
        """`function`, which is always the same under a name for a placement, of the arguments."""
        layout = ((a.shape, a.dtype) for a in jax.tree.leaves(args))
        key = (name, placement.shape, tuple(placement.devices), *layout)
        if key not in self._compiled:
            began = time.perf_counter()
            jitted = jax.jit(function, out_shardings=out or placement.of_runs, donate_argnums=donate)
            self._compiled[key] = jitted.lower(*args).compile()
            self.seconds += time.perf_counter() - began
        return self._compiled[key](*args)


class Runs:
    """The runs of a placement: its programs, called with their settings, seeds and images, which are on the devices."""

    def __init__(self, programs: Programs, placement: Placement, hypers: train.Hypers, seeds, splits: data.Splits):
        self._programs, self._placement, self._seeds_on_host = programs, placement, seeds
        # A segment begins in the epoch in which the last one ended.
        self._orders = functools.lru_cache(maxsize=1)(
            lambda epoch: np.asarray(train.epoch_orders(seeds, epoch, len(splits.train.y)))
        )
        self._hypers, self._seeds = placement.put_settings(hypers), placement.put_seeds(seeds)
        self._splits = placement.put_everywhere(splits)
        config, X = programs.config, self._splits.train.X
        packs = config.precision is precisions.bfloat16 and not config.augments
        if packs and memory.fits_packed(X, placement.devices):  # else every update rounds its images
            packed = programs.pack(placement, self._splits.scale, X)
            self._splits = self._splits._replace(train=self._splits.train._replace(X=packed))
        self._fewer = self._splits.train
        if config.eval_train:
            self._fewer = jax.tree.map(lambda a: a[: config.eval_train], self._fewer)

    def fresh(self) -> train.TrainState:
        """The state before the first update."""
        return self._programs.init(self._placement, self._hypers, self._seeds)

    def updated(self, state: train.TrainState, start: int, stop: int) -> train.TrainState:
        """The state after the updates start, ..., stop - 1; the one before is donated: it can't be used again."""
        split, scale = self._splits.train, self._splits.scale
        n, n_batch, seeds = len(split.y), self._programs.config.n_batch, self._seeds_on_host
        batches = self._placement.put_seeds(train.batch_indices(seeds, start, stop, n, n_batch, orders=self._orders))
        return self._programs.segment(self._placement, split, scale, self._hypers, state, self._seeds, start, batches)

    def evaluated(self, state: train.TrainState, step: int) -> tuple[Metrics, Metrics]:
        """After update number `step`, on the training and on the validation split: arrays [n_settings, n_seeds].

        Between the ends of the runs, `config.eval_train` says how many training images are looked at.
        """
        at_an_end = step in (0, self._programs.config.n_updates)
        train_split = self._splits.train if at_an_end else self._fewer
        splits = train_split, self._splits.valid
        return self._placement.fetch(tuple(self._measured(split, state, fresh=step == 0) for split in splits))

    def tested(self, state: train.TrainState) -> Metrics | None:
        """The same on the test split, where there is one."""
        return None if self._splits.test is None else self._placement.fetch(self._measured(self._splits.test, state))

    def _measured(self, split: data.Split, state: train.TrainState, *, fresh: bool = False) -> Metrics:
        args = (split, self._splits.scale, self._hypers, state.params)
        return self._programs.evaluate(self._placement, *args, fresh=fresh)
