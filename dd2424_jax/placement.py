"""Where the runs of a sweep lie: a rectangle [n_seeds, n_settings], padded, and cut over devices along one axis."""

import operator
import time
from collections.abc import Sequence

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from dd2424_jax import processes


class Placement:
    """Brings arrays to the devices and back; `devices` are this process's, the first that there is something to do for.

    The axis is cut that leaves the devices the least to do, padding included. Where they tie, a CPU's cores share the
    settings, so that each can take the seeds in turn; other devices share the seeds, whose settings have a batch in
    common. Padding repeats the last seed or setting, and never leaves this class.
    Of several processes, each has a rectangle of the same size, cut out by the same rule.

    seeds_in_turn  whether a device had better train one seed after another than all at once: what the settings of one
                   seed need stays in a core's cache
    """

    def __init__(self, shape: tuple[int, int], devices: Sequence[jax.Device]):
        self.shape = shape
        self._among, _, share = _cut(shape, jax.process_count(), 0)
        self._own = tuple(share if i == self._among else shape[i] for i in (0, 1))
        on_cpu = devices[0].platform == "cpu"
        axis, n, size = _cut(self._own, len(devices), 1 if on_cpu else 0)
        self.seeds_in_turn = on_cpu and axis == 1
        self.devices = devices[:n]
        self._indices = []
        for i in (0, 1):
            here = np.minimum(np.arange(size * n if i == axis else self._own[i]), self._own[i] - 1)
            first = jax.process_index() * share if i == self._among else 0
            self._indices.append(np.minimum(first + here, shape[i] - 1))
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
        """Leaves [n_seeds, n_settings, ...] of the devices, of all processes, as NumPy's, without padding."""
        while not all(leaf.is_ready() for leaf in jax.tree.leaves(tree)):
            time.sleep(0.001)  # a wait inside JAX would keep Ctrl-C waiting too
        own = jax.tree.map(lambda a: np.asarray(a)[: self._own[0], : self._own[1]], tree)
        if jax.process_count() == 1:
            return own
        whole = jax.tree.map(lambda a: np.concatenate(a, axis=self._among), processes.gather(own))
        return jax.tree.map(lambda a: a[: self.shape[0], : self.shape[1]], whole)


def _cut(shape: tuple[int, int], n: int, rather: int) -> tuple[int, int, int]:
    """(axis, parts, size): which axis to cut, into how many parts of at most n, and how long each is, padded.

    The axis `rather`, if the other does not leave less to do.
    """

    def parts(axis):
        n_parts = min(n, shape[axis])
        size = -(-shape[axis] // n_parts)  # rounded up
        return size * shape[1 - axis], axis, n_parts, size

    return min(map(parts, (rather, 1 - rather)), key=operator.itemgetter(0))[1:]
