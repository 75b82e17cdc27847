"""The functions of one run as programs for many: vmapped over settings, then seeds, and compiled for the devices."""

import functools
import time
from collections.abc import Callable

import jax
import numpy as np

from dd2424_jax import data, evaluation, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.parallel.placement import Placement


class Programs:
    """`init`, `segment` and `evaluate` for the runs of a placement, each compiled once for every shape.

    seconds  spent compiling
    """

    def __init__(self, config: train.Config):
        self.config, self.seconds = config, 0.0
        self._compiled = {}

        def of_settings(function, in_axes):
            return jax.vmap(functools.partial(function, config), in_axes)

        def of_runs(function, over_settings, over_seeds):
            return jax.vmap(of_settings(function, over_settings), over_seeds)

        # split, scale, hypers, state, seed, start, batches
        segment_axes = (None, None, 0, 0, None, None, None)
        segment_of_settings = of_settings(train.segment, segment_axes)

        def sequentially(split, scale, hypers, states, seeds, start, batches):
            def of_seed(own):
                state, seed, own_batches = own
                return segment_of_settings(split, scale, hypers, state, seed, start, own_batches)

            return jax.lax.map(of_seed, (states, seeds, batches))

        self._init = of_runs(train.init_state, (0, None), (None, 0))
        self._segment = of_runs(train.segment, segment_axes, (None, None, None, 0, 0, None, 0))
        self._segment_sequentially = sequentially
        self._evaluate = of_runs(evaluation.evaluate, (None, None, 0, 0), (None, None, None, 0))

    def init(self, placement: Placement, hypers, seeds) -> train.TrainState:
        return self._call(self._init, placement, hypers, seeds)

    def segment(self, placement: Placement, split, scale, hypers, state, seeds, start: int, batches):
        """The state after the updates; `state` is donated. batches [n_seeds, n_steps, n_batch]."""
        function = self._segment_sequentially if placement.sequential else self._segment
        args = (split, scale, hypers, state, seeds, np.int32(start), batches)
        return self._call(function, placement, *args, donate=(3,))

    def evaluate(self, placement: Placement, split, scale, hypers, params) -> Metrics:
        return self._call(self._evaluate, placement, split, scale, hypers, params)

    def _call(self, function: Callable, placement: Placement, *args, donate: tuple[int, ...] = ()):
        layout = ((a.shape, a.dtype) for a in jax.tree.leaves(args))
        key = (function, placement.shape, tuple(placement.devices), *layout)
        if key not in self._compiled:
            began = time.perf_counter()
            jitted = jax.jit(function, out_shardings=placement.of_runs, donate_argnums=donate)
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

    def fresh(self) -> train.TrainState:
        """The state before the first update."""
        return self._programs.init(self._placement, self._hypers, self._seeds)

    def updated(self, state: train.TrainState, start: int, stop: int) -> train.TrainState:
        """The state after the updates start, ..., stop - 1; the one before is donated: it can't be used again."""
        split, scale = self._splits.train, self._splits.scale
        n, n_batch, seeds = len(split.y), self._programs.config.n_batch, self._seeds_on_host
        batches = self._placement.put_seeds(train.batch_indices(seeds, start, stop, n, n_batch, orders=self._orders))
        return self._programs.segment(self._placement, split, scale, self._hypers, state, self._seeds, start, batches)

    def evaluated(self, state: train.TrainState) -> tuple[Metrics, Metrics]:
        """On the training and on the validation split, each of arrays [n_settings, n_seeds] of NumPy."""
        return self._measured(self._splits.train, state), self._measured(self._splits.valid, state)

    def tested(self, state: train.TrainState) -> Metrics | None:
        """The same on the test split, where there is one."""
        return None if self._splits.test is None else self._measured(self._splits.test, state)

    def _measured(self, split: data.Split, state: train.TrainState) -> Metrics:
        evaluate = self._programs.evaluate
        return self._placement.fetch(evaluate(self._placement, split, self._splits.scale, self._hypers, state.params))
