"""What the benchmark counts and compares; its times are never asserted."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import accounts
import jax
import jax.numpy as jnp
import numpy as np
import peers
import pytest
import stopwatch
import workloads

from dd2424_jax import data, train

SCRIPT = Path(__file__).parent.parent / "experiments" / "benchmark.py"
N, SIZES = 120, (3072, 7, 10)
LAMS = np.array([0.0, 0.01, 0.3], np.float32)


@pytest.fixture(scope="module")
def problem():
    """A few updates from the project's own weights, on images of which some are met twice."""
    rng = np.random.default_rng(0)
    split = data.Split(rng.integers(0, 256, (N, SIZES[0]), np.uint8), rng.integers(0, 10, N, np.uint8))
    scale = jax.tree.map(np.float32, data.scale(split.X))
    config = train.Config(SIZES, 20, (5,), schedule=train.constant)
    batches = rng.integers(0, N, (5, 20))
    state = train.init_state(config, train.Hypers(0.0, 0.1, 0.1), 0)
    layers = [(np.array(W), np.array(b)) for W, b in state.params]
    expected = [train.segment(config, split, scale, train.Hypers(lam, 0.1, 0.1), state, batches) for lam in LAMS]
    given = peers.Problem(np.asarray(data.standardize(scale, split.X)), split.y, layers, batches, LAMS, 0.1)
    return given, [[a for layer in run.params for a in layer] for run in expected]


@pytest.mark.parametrize("name", [name for name in peers.PEERS if name != "scikit-learn"])
def test_peers_train_as_this_project_does(problem, name):
    needs, make = peers.PEERS[name]
    if needs and not importlib.util.find_spec(needs):
        pytest.skip(f"{needs} is not installed")
    given, expected = problem
    peer = make(given)
    found = peer.train()
    assert len(found) == peer.n_runs
    for run, other in zip(found, expected, strict=False):
        for a, b in zip(run, other, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)  # float32, five updates
    if peer.evaluate:
        loss, accuracy = peer.evaluate()
        assert loss > 0
        assert 0 <= accuracy <= 1


@pytest.mark.parametrize("sizes", [(3072, 10), (3072, 50, 10), (300, 40, 20, 10)])
def test_flops_are_what_xla_counts(sizes):
    split = data.Split(jnp.zeros((100, sizes[0]), np.uint8), jnp.zeros(100, np.uint8))
    config, hypers = train.Config(sizes, 100, (1,)), train.Hypers(0.01, 0.1, 0.1)
    state, scale = train.init_state(config, hypers, 0), data.Scale(*np.ones((2, sizes[0]), np.float32))
    step = jax.jit(lambda *args: train.train_step(config, split, scale, *args))
    counted = step.lower(hypers, state, np.arange(100)).compile().cost_analysis()["flops"]
    by_formula = workloads.step_flops(sizes, 100)
    assert by_formula <= counted <= 1.1 * by_formula  # the products, and a few per cent of the rest


def test_flops_of_two_layers_by_hand():
    n, d, m, K = 100, 3072, 50, 10
    assert workloads.step_flops((d, m, K), n) == 4 * n * d * m + 6 * n * m * K
    assert workloads.image_flops((d, m, K)) == 2 * d * m + 2 * m * K


def test_bytes_of_a_linear_step_by_hand():
    assert workloads.step_bytes((3072, 10), 100, 4) == 12 * 30730 + 100 * 3072 / 4


def test_a_race_is_round_by_round():
    called = []
    times = stopwatch.race({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=3)
    assert len(times["a"].wall) == len(times["b"].cpu) == 3
    assert sorted(called) == 4 * ["a"] + 4 * ["b"]  # the first round is not counted
    assert all(set(called[i : i + 2]) == {"a", "b"} for i in range(0, 8, 2))
    assert (times["a"].wall > 0).all()


def test_seconds_per_unit_of_work_and_cores():
    times = stopwatch.Times(np.array([4.0, 2.0, 6.0]), np.array([4.0, 4.0, 6.0])).per(2)
    assert times.summary() == {"median": 2.0, "quartiles": [1.5, 2.5], "extremes": [1.0, 3.0], "cores_busy": 1.0}


def test_a_process_tells_its_time_and_memory():
    found = stopwatch.process([sys.executable, "-c", "x = bytearray(200_000_000); print('done')"])
    assert found.stdout == "done\n"
    assert found.memory > 200e6
    assert found.wall > 0
    with pytest.raises(RuntimeError, match="no luck"):
        stopwatch.process([sys.executable, "-c", "raise SystemExit('no luck')"])


def test_shares_and_ratios_are_taken_within_a_round():
    slow = np.array([1.0, 4.0, 2.0])  # how others slow down everything in three rounds

    def times(seconds):
        return stopwatch.Times(seconds * slow, 2 * seconds * slow)

    names = ("NumPy product", "XLA product", "memory")
    shapes = ((5, 1), accounts.SEARCH)
    clocked = {
        "limits": {name: times(seconds) for name, seconds in zip(names, (2e-9, 1e-9, 1e-8), strict=True)},
        "updates": {shape: times(100.0) for shape in shapes},
        "evaluations": {shape: times(1.0) for shape in shapes},
        "peer_updates": {"torch": times(300.0), "other": times(150.0)},
        "peer_evaluations": {"torch": times(3.0)},
    }
    found = accounts.compared(clocked, (3072, 50, 10), 100)
    np.testing.assert_allclose(found["peak_flops_per_second"]["extremes"], [0.25e9, 1e9])  # the better product's
    search = found["sweeps"][1]
    flops = workloads.step_flops((3072, 50, 10), 100)
    np.testing.assert_allclose(search["update"]["share_of_peak"]["extremes"], flops / 100 / 1e9)
    np.testing.assert_allclose(search["evaluation_share"]["quartiles"], 125 / 225)
    np.testing.assert_allclose(found["peers"]["torch"]["ratio_with_evaluation"]["quartiles"], 3.0)
    np.testing.assert_allclose(found["peers"]["other"]["ratio"]["extremes"], 1.5)
    assert "with_evaluation" not in found["peers"]["other"]


def test_the_coarse_searchs_evaluations_are_its_own():
    assert accounts.EVALUATED == 9 * 50_000 / 3600
    assert accounts.EXERCISE3_EVALUATED == (11 * 20_000 + 10_000) / 1000


def finite(value) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return value is not None and (not isinstance(value, float) or math.isfinite(value))


def test_the_benchmark_runs_and_its_record_is_whole(tmp_path):
    small = ["--dataset=synthetic", "--n_train=400", "--n_valid=100", "--side=64", "--devices=2"]
    tiny = [*small, "--rounds=1", "--n_steps=4", "--growth_points=1", "--process_rounds=0", "--record_dir=records"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *tiny],
        cwd=tmp_path,
        env=os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / done.stdout.splitlines()[-1]
    assert {file.name for file in path.iterdir()} == {
        *("config.json", "summary.json", "table.md", "table.tex", "growth.png", "growth.pdf")
    }
    (file,) = (tmp_path / "records").iterdir()
    record = json.loads(file.read_text())
    assert file.stem == record["machine"]["slug"]
    for part in ("limits", "floor", "sweeps", "peers", "growth"):
        assert record[part], part
        assert finite(record[part]), part
    assert [(s["n_seeds"], s["n_settings"]) for s in record["sweeps"]] == [(1, 1), (5, 1), (1, 8), (3, 8), (8, 8)]
    assert record["peers"].keys() == peers.installed().keys()
    assert all(target["met"] in (True, False, None) for target in record["targets"])
