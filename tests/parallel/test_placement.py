import itertools

import jax
import numpy as np
import pytest

from dd2424_jax.parallel import placement, processes
from dd2424_jax.parallel.placement import SEEDS, SETTINGS, Placement

SHAPES = list(itertools.product([1, 4, 7], [1, 3, 5]))  # settings, seeds


def numbered(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_devices", [1, 2, 8])
def test_what_is_put_comes_back(shape, n_devices):
    placed = Placement(shape, jax.devices()[:n_devices])
    runs = {"W": numbered(*shape, 2), "b": numbered(*shape)}
    back = placed.fetch(placed.put_runs(runs))
    jax.tree.map(np.testing.assert_array_equal, back, runs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_devices", [1, 2, 8])
def test_on_the_devices_every_run_meets_its_seed_and_its_setting(shape, n_devices):
    placed = Placement(shape, jax.devices()[:n_devices])
    settings, seeds = 10 * numbered(shape[0]), numbered(shape[1])
    runs = placed.put_runs(settings[:, None] + seeds)
    met = placed.put_seeds(seeds)[:, None] + placed.put_settings(settings)
    np.testing.assert_array_equal(np.asarray(met), np.asarray(runs))  # [n_seeds, n_settings], padded alike
    assert met.shape[0] >= shape[1]


@pytest.mark.parametrize(
    ("shape", "n_devices", "of_a_device"),
    [
        ((8, 4), 2, (4, 4)),  # either axis would do: a CPU divides the settings
        ((8, 3), 2, (3, 4)),
        ((3, 8), 2, (4, 3)),  # seeds: nothing is padded
        ((1, 5), 2, (3, 1)),
        ((5, 1), 4, (1, 2)),
        ((1, 1), 4, (1, 1)),  # one device is enough
    ],
)
def test_the_axis_with_the_least_padding_is_divided(shape, n_devices, of_a_device):
    placed = Placement(shape, jax.devices()[:n_devices])
    on_device = placed.put_runs(np.zeros(shape))
    assert {shard.data.shape for shard in on_device.addressable_shards} == {of_a_device}  # [n_seeds, n_settings]
    assert len(placed.devices) == min(n_devices, max(shape))


@pytest.mark.parametrize(
    ("shape", "preferred", "divided"),
    [
        ((8, 4), SETTINGS, (SETTINGS, 2, 4)),
        ((8, 4), SEEDS, (SEEDS, 2, 2)),
        ((8, 3), SEEDS, (SETTINGS, 2, 4)),
        ((3, 8), SETTINGS, (SEEDS, 2, 4)),
    ],
)
def test_the_preferred_axis_is_divided_unless_the_other_leaves_less_to_do(shape, preferred, divided):
    assert placement._divide(shape, 2, preferred_axis=preferred) == divided


def test_a_copy_for_every_device_is_whole():
    placed = Placement((4, 2), jax.devices()[:2])
    copies = placed.put_everywhere(numbered(3)).addressable_shards
    assert len(copies) == 2
    for copy in copies:
        np.testing.assert_array_equal(copy.data, numbered(3))


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (1, 1)])
def test_every_device_computes_its_own_part_and_is_given_what_belongs_to_it(shape):
    placed = Placement(shape, jax.devices()[:2])
    settings, seeds = 10 * numbered(shape[0]), numbered(shape[1])

    def of_device(settings, seeds, runs, one):
        assert runs.shape == (len(seeds), len(settings))
        return runs + seeds[:, None] * settings + one

    arguments = (placed.of_settings, placed.of_seeds, placed.of_runs, placed.everywhere)
    runs = placed.put_runs(np.ones(shape, np.float32))
    args = placed.put_settings(settings), placed.put_seeds(seeds), runs, np.float32(1)
    found = placed.fetch(jax.jit(placed.on_each_device(of_device, arguments))(*args))
    np.testing.assert_array_equal(found, 2 + settings[:, None] * seeds)


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (2, 2), (1, 1), (1, 5)])
@pytest.mark.parametrize("n_processes", [2, 3])
def test_the_processes_together_have_every_run(shape, n_processes, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: n_processes)
    runs = numbered(*shape, 2)
    own = {}

    def of_process(index, gather):
        monkeypatch.setattr(jax, "process_index", lambda: index)
        monkeypatch.setattr(processes, "gather", gather)
        placed = Placement(shape, jax.devices()[:2])
        return placed.fetch(placed.put_runs(runs))

    for i in range(n_processes):  # what each has, then what the first one makes of it
        of_process(i, lambda part, i=i: own.setdefault(i, part)[None])
    assert len({part.shape for part in own.values()}) == 1
    np.testing.assert_array_equal(of_process(0, lambda _: np.stack(list(own.values()))), runs)
