"""Where the runs of a sweep lie: a rectangle of settings and seeds, padded, and divided over devices along one axis.

Everywhere else the axes of runs are [n_settings, n_seeds, ...]. On the devices they are [n_seeds, n_settings, ...], so
that the settings of a seed, which share its batch, lie side by side: they are swapped here, and nowhere else.
"""

import operator
import time
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from dd2424_jax.parallel import processes

SETTINGS, SEEDS = 0, 1


class Placement:
    """Brings arrays to the devices and back; `devices` are this process's, the first that there is something to do for.

    shape [n_settings, n_seeds]: the axis is divided that leaves the devices the least to do, padding included. Where
    they tie, a CPU's cores share the settings, so that those of a seed fit in their caches; other devices share the
    seeds, whose settings have a batch in common. Padding repeats the last seed or setting, and never leaves this class.
    Of several processes, each has a rectangle of the same size, divided by the same rule.

    sequential  whether a device trains its seeds one after another, as a CPU does, and not all at once: what the
                settings of one seed need stays in a core's cache
    """

    def __init__(self, shape: tuple[int, int], devices: Sequence[jax.Device]):
        self.shape = shape
        self._process_axis, _, share = _divide(shape, jax.process_count(), preferred_axis=SEEDS)
        self._own = tuple(share if axis == self._process_axis else shape[axis] for axis in (SETTINGS, SEEDS))
        on_cpu = devices[0].platform == "cpu"
        divided, n, size = _divide(self._own, len(devices), preferred_axis=SETTINGS if on_cpu else SEEDS)
        self.sequential = on_cpu
        self.devices = devices[:n]
        self._indices = []  # of each axis, what this process has, with padding
        for axis in (SETTINGS, SEEDS):
            padded = np.minimum(np.arange(size * n if axis == divided else self._own[axis]), self._own[axis] - 1)
            first = jax.process_index() * share if axis == self._process_axis else 0
            self._indices.append(np.minimum(first + padded, shape[axis] - 1))
        # Auto: with explicit axes, gathering a batch by index is refused.
        mesh = jax.make_mesh((n,), ("run",), axis_types=(AxisType.Auto,), devices=self.devices)
        part, whole = PartitionSpec("run"), PartitionSpec()
        self.of_runs = NamedSharding(mesh, part if divided == SEEDS else PartitionSpec(None, "run"))
        self.of_seeds = NamedSharding(mesh, part if divided == SEEDS else whole)
        self.of_settings = NamedSharding(mesh, part if divided == SETTINGS else whole)
        self.everywhere = NamedSharding(mesh, whole)

    def put_runs(self, tree):
        """Leaves [n_settings, n_seeds, ...], which become [n_seeds, n_settings, ...]."""
        settings, seeds = self._indices
        swapped = jax.tree.map(lambda a: np.swapaxes(a[settings][:, seeds], 0, 1), tree)
        return jax.device_put(swapped, self.of_runs)

    def put_seeds(self, tree):
        """Leaves [n_seeds, ...]."""
        return jax.device_put(jax.tree.map(lambda a: a[self._indices[SEEDS]], tree), self.of_seeds)

    def put_settings(self, tree):
        """Leaves [n_settings, ...]."""
        return jax.device_put(jax.tree.map(lambda a: a[self._indices[SETTINGS]], tree), self.of_settings)

    def put_everywhere(self, tree):
        """A copy for every device."""
        return jax.device_put(tree, self.everywhere)

    def on_each_device(self, function: Callable, arguments: Sequence[NamedSharding]) -> Callable:
        """`function` of what each device has of such arguments, all at the same time; it returns leaves of runs."""
        specs = tuple(argument.spec for argument in arguments)
        # Checked, gradients with respect to what is the same on all devices would be summed over them.
        options = {"mesh": self.of_runs.mesh, "check_vma": False}
        return jax.shard_map(function, in_specs=specs, out_specs=self.of_runs.spec, **options)

    def wait(self, tree):
        """The tree, once it is computed."""
        while not all(leaf.is_ready() for leaf in jax.tree.leaves(tree)):
            time.sleep(0.001)  # a wait inside JAX would keep Ctrl-C waiting too
        return tree

    def fetch(self, tree):
        """Leaves [n_settings, n_seeds, ...], as NumPy's, from all processes' devices, without padding."""
        self.wait(tree)
        n_settings, n_seeds = self._own
        own = jax.tree.map(lambda a: np.swapaxes(np.asarray(a), 0, 1)[:n_settings, :n_seeds], tree)
        if jax.process_count() == 1:
            return own
        whole = jax.tree.map(lambda a: np.concatenate(a, axis=self._process_axis), processes.gather(own))
        return jax.tree.map(lambda a: a[: self.shape[0], : self.shape[1]], whole)


def _divide(shape: tuple[int, int], n: int, *, preferred_axis: int) -> tuple[int, int, int]:
    """(axis, parts, size): which axis to divide, into how many parts of at most n, and how long each is, padded.

    It is the preferred axis, unless the other leaves less to do.
    """

    def parts(axis):
        n_parts = min(n, shape[axis])
        size = -(-shape[axis] // n_parts)  # rounded up
        return size * shape[1 - axis], axis, n_parts, size

    return min(map(parts, (preferred_axis, 1 - preferred_axis)), key=operator.itemgetter(0))[1:]
