"""Where the runs of a sweep lie: a rectangle [n_seeds, n_settings], padded, and cut over devices along one axis."""

import operator
import time
from collections.abc import Sequence

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec


class Placement:
    """Brings arrays to the devices and back; `devices` are the first ones that there is something to do for.

    The axis is cut that leaves the devices the least to do, padding included. Where they tie, a CPU's cores share the
    settings, so that each can take the seeds in turn; other devices share the seeds, whose settings have a batch in
    common. Padding repeats the last seed or setting, and never leaves this class.

    seeds_in_turn  whether a device had better train one seed after another than all at once: what the settings of one
                   seed need stays in a core's cache
    """

    def __init__(self, shape: tuple[int, int], devices: Sequence[jax.Device]):
        def cut(axis):
            n = min(len(devices), shape[axis])
            share = -(-shape[axis] // n)  # rounded up
            return share * shape[1 - axis], axis, n, share * n

        on_cpu = devices[0].platform == "cpu"
        _, axis, n, size = min(map(cut, (1, 0) if on_cpu else (0, 1)), key=operator.itemgetter(0))
        self.seeds_in_turn = on_cpu and axis == 1
        self.shape, self.devices = shape, devices[:n]
        self._indices = [np.minimum(np.arange(size if i == axis else shape[i]), shape[i] - 1) for i in (0, 1)]
        # Auto: with explicit axes, gathering a batch by index is refused.
        mesh = jax.make_mesh((n,), ("run",), axis_types=(AxisType.Auto,), devices=self.devices)
        cut_here, whole = PartitionSpec("run"), PartitionSpec()
        self.on_runs = NamedSharding(mesh, PartitionSpec(*((None,) * axis), "run"))
        self._on_seeds = NamedSharding(mesh, whole if axis else cut_here)
        self._on_settings = NamedSharding(mesh, cut_here if axis else whole)
        self._everywhere = NamedSharding(mesh, whole)

    def put_runs(self, tree):
        """Leaves [n_seeds, n_settings, ...]."""
        seeds, settings = self._indices
        return jax.device_put(jax.tree.map(lambda a: a[seeds][:, settings], tree), self.on_runs)

    def put_seeds(self, tree):
        """Leaves [n_seeds, ...]."""
        return jax.device_put(jax.tree.map(lambda a: a[self._indices[0]], tree), self._on_seeds)

    def put_settings(self, tree):
        """Leaves [n_settings, ...]."""
        return jax.device_put(jax.tree.map(lambda a: a[self._indices[1]], tree), self._on_settings)

    def put_everywhere(self, tree):
        """A copy for every device."""
        return jax.device_put(tree, self._everywhere)

    def fetch(self, tree):
        """Leaves [n_seeds, n_settings, ...] of the devices as NumPy's, without padding."""
        while not all(leaf.is_ready() for leaf in jax.tree.leaves(tree)):
            time.sleep(0.001)  # a wait inside JAX would keep Ctrl-C waiting too
        return jax.tree.map(lambda a: np.asarray(a)[: self.shape[0], : self.shape[1]], tree)
