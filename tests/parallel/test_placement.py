import itertools

import jax
import numpy as np
import pytest

from dd2424_jax import processes
from dd2424_jax.placement import Placement


@pytest.mark.parametrize(("n_seeds", "n_settings"), list(itertools.product([1, 3, 5], [1, 4, 7])))
@pytest.mark.parametrize("n_devices", [1, 2, 8])
def test_what_is_put_comes_back(n_seeds, n_settings, n_devices):
    placement = Placement((n_seeds, n_settings), jax.devices()[:n_devices])
    runs = np.arange(n_seeds * n_settings * 2.0, dtype=np.float32).reshape(n_seeds, n_settings, 2)
    np.testing.assert_array_equal(placement.fetch(placement.put_runs(runs)), runs)


@pytest.mark.parametrize(
    ("shape", "n_devices", "padded"),
    [
        ((4, 8), 2, (4, 8)),  # seeds are cut
        ((3, 8), 2, (3, 8)),  # settings are cut: nothing is padded
        ((5, 1), 2, (6, 1)),
        ((1, 5), 4, (1, 8)),
        ((1, 1), 4, (1, 1)),  # one device is enough
    ],
)
def test_the_axis_with_the_least_padding_is_cut(shape, n_devices, padded):
    placement = Placement(shape, jax.devices()[:n_devices])
    on_device = placement.put_runs(np.zeros(shape))
    assert on_device.shape == padded
    assert len(placement.devices) == min(n_devices, max(shape))
    shards = {shard.data.shape for shard in on_device.addressable_shards}
    assert shards == {(padded[0] // len(placement.devices), padded[1])} or shards == {
        (padded[0], padded[1] // len(placement.devices))
    }


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (2, 2), (1, 1), (5, 1)])
@pytest.mark.parametrize("n_processes", [2, 3])
def test_the_processes_together_have_every_run(shape, n_processes, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: n_processes)
    runs = np.arange(np.prod(shape) * 2.0, dtype=np.float32).reshape(*shape, 2)
    own = {}

    def of_process(index, gather):
        monkeypatch.setattr(jax, "process_index", lambda: index)
        monkeypatch.setattr(processes, "gather", gather)
        placement = Placement(shape, jax.devices()[:2])
        return placement.fetch(placement.put_runs(runs))

    for i in range(n_processes):  # what each has, then what the first one makes of it
        of_process(i, lambda part, i=i: own.setdefault(i, part)[None])
    assert len({part.shape for part in own.values()}) == 1
    np.testing.assert_array_equal(of_process(0, lambda _: np.stack(list(own.values()))), runs)
