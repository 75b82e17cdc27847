import sys
from typing import NamedTuple

import jax
import numpy as np
import pytest

from dd2424_jax import data, train
from dd2424_jax.benchmarking import measurements, timing, workloads
from tests import reference
from tests.benchmarking.records import IdleSweep

STAND_IN = """  # of an experiment: the directory that it prints has its summary
import pathlib, sys
from dd2424_jax.io import records
experiment, out_dir, *flags = sys.argv[1:]
names = [flag.partition("=")[0] for flag in flags]
assert len({*names}) == len(names)  # as an experiment has it
if "--help" in flags:
    sys.exit()
lams = dict(flag[2:].split("=") for flag in flags).get("lam", "").split(",")
memory = {"device_bytes": 1000 * len(lams) if len(lams) > 1 else None}
summary = {"timing": {"compile_seconds": 1.5}, "memory": memory}
records.write_json(pathlib.Path(out_dir) / "summary.json", summary)
print("a table")
print(out_dir)
"""


def command(experiment, out_dir, *flags):
    return [sys.executable, "-c", STAND_IN, experiment, out_dir, *flags]


def test_whole_processes_are_clocked_cold_and_warm():
    processes = measurements.processes(2, command, ["--n_train=10"], ["--n_s=6"])
    names = ["exercise3.py --help", "exercise 3, two updates", "exercise 3", "exercise 3, compiling"]
    assert [*processes] == names
    for name in names[:-1]:
        assert processes[name]["cold"] > 0
        assert processes[name]["warm"]["median"] > 0
    assert processes[names[-1]]["cold"] == processes[names[-1]]["warm"]["median"] == 1.5


def test_memory_is_the_first_devices_or_else_the_processs():
    alone, *more = measurements.memory(64, command, [])
    assert alone["at"] == 1
    assert alone["bytes"] > 1e6
    assert more == [{"at": n, "bytes": 1000 * n} for n in (4, 16, 64)]


@pytest.fixture(scope="module")
def splits():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (80, data.DIMENSIONS), np.uint8), rng.integers(0, 10, 80, np.uint8)
    return data.Splits(data.Split(X, y), data.Split(X[:9], y[:9]), None, data.scale(X))


def test_baselines_get_the_projects_own_images_weights_and_batches(splits):
    given = measurements.problem(splits, n_steps=3)
    np.testing.assert_allclose(given.X, reference.standardize(splits.train.X, splits.train.X), atol=1e-4)
    params = train.init_state(measurements.config(), train.Hypers(0.0, 0.1, 0.1), 0).params
    for layer, (W, b) in zip(params, given.layers, strict=True):
        np.testing.assert_array_equal(layer.W, W)
        np.testing.assert_array_equal(layer.b, b)
    assert given.batches.shape == (3, 80)  # there are no 100 images
    assert all(np.array_equal(np.sort(batch), np.arange(80)) for batch in given.batches)


def test_a_machine_is_named_so_that_a_file_can_be():
    machine = measurements.machine(jax.devices()[:3])
    assert machine["devices"] == 3
    assert machine["platform"] == "cpu"
    assert set(machine["slug"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert machine["slug"].endswith(f"-{machine['cores']}-cores")


def test_parts_are_each_measured_alone_and_against_an_update_without(monkeypatch, splits):
    made = []

    class Sweep(IdleSweep):
        def __init__(self, *args):
            super().__init__(*args)
            made.append((self.shape, self.config))

    class Clocked(NamedTuple):
        wall: np.ndarray

        def per(self, n):
            return Clocked(self.wall / n)

    seconds = {"": 1.0, "flips": 1.5, "label smoothing": 1.0}
    monkeypatch.setattr(workloads, "Sweep", Sweep)
    monkeypatch.setattr(measurements, "PARTS", {"flips": {"flip": 0.5}, "label smoothing": {"smoothing": 0.1}})
    monkeypatch.setattr(timing, "race", lambda calls, n: {name: Clocked(np.full(n, seconds[name])) for name in calls})
    measured = measurements.parts(splits, jax.devices()[:2], rounds=3, n_steps=4)
    np.testing.assert_allclose([own["added"]["median"] for own in measured], 2 * [0.5, 0.0], atol=1e-12)
    assert measured[0]["seconds"]["median"] == pytest.approx(1.5 / (4 * 5))
    assert {shape for shape, _ in made} == {(1, 5), (8, 3)}
    assert [(own.flip, own.smoothing) for _, own in made] == 2 * [(0.0, 0.0), (0.5, 0.0), (0.0, 0.1)]


def test_what_grows_starts_small_and_each_family_grows_in_one_number(monkeypatch, splits):
    made = []

    class Sweep(IdleSweep):
        def __init__(self, *args):
            super().__init__(*args)
            made.append((self.shape, self.config.n_batch, self.config.sizes[1], len(self.devices)))

    monkeypatch.setattr(workloads, "Sweep", Sweep)
    options = {"max_lams": 5, "peak": 1e9, "rounds": 9, "n_steps": 4}
    grown = measurements.growth(splits, jax.devices()[:4], **options)
    sizes = {name: [point["at"] for point in points] for name, points in grown.items()}
    assert sizes["lams"] == [1, 2, 4]
    assert sizes["n_batch"] == [10, 30]  # there are no 100 images
    assert sizes["devices"] == [1, 2, 4]
    assert made == [
        *(((n, 1), 100, 50, 4) for n in sizes["lams"]),
        *(((8, 1), n, 50, 4) for n in sizes["n_batch"]),
        *(((8, 1), 100, n, 4) for n in sizes["hidden"]),
        *(((8, 3), 100, 50, n) for n in sizes["devices"]),
    ]
    assert grown["hidden"][0]["floor"] == workloads.step_flops((data.DIMENSIONS, 10, 10), 100) / 1e9
    first = measurements.growth(splits, jax.devices()[:4], points=1, **options)
    assert {name: len(points) for name, points in first.items()} == dict.fromkeys(grown, 1)
