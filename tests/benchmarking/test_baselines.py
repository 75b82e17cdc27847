import importlib.util

import jax
import numpy as np
import pytest

from dd2424_jax import data, schedules, train
from dd2424_jax.benchmarking import baselines
from tests import reference

N, SIZES, N_BATCH = 120, (3072, 7, 10), 20
LAMS = np.array([0.0, 0.01, 0.3], np.float32)


@pytest.fixture(scope="module")
def problem():
    """A few updates from the project's own weights, on images of which some are met twice."""
    rng = np.random.default_rng(0)
    split = data.Split(rng.integers(0, 256, (N, SIZES[0]), np.uint8), rng.integers(0, 10, N, np.uint8))
    scale = jax.tree.map(np.float32, data.scale(split.X))
    config = train.Config(SIZES, N_BATCH, (5,), schedule=schedules.constant)
    batches = rng.integers(0, N, (5, N_BATCH))
    state = train.init_state(config, train.Hypers(0.0, 0.1, 0.1), 0)
    segment = jax.jit(
        lambda lam: train.segment(config, split, scale, train.Hypers(lam, 0.1, 0.1), state, 0, 0, batches)
    )
    layers = [(np.array(W), np.array(b)) for W, b in state.params]
    given = baselines.Problem(np.asarray(data.standardize(scale, split.X)), split.y, layers, batches, LAMS, 0.1)
    return given, [[a for layer in segment(lam).params for a in layer] for lam in LAMS]


@pytest.mark.parametrize("name", [name for name in baselines.BASELINES if name != "scikit-learn"])
def test_baselines_train_and_evaluate_as_this_project_does(problem, name):
    needs, make = baselines.BASELINES[name]
    if needs and not importlib.util.find_spec(needs):
        pytest.skip(f"{needs} is not installed")
    given, expected = problem
    baseline = make(given)
    for runs in (baseline.train(), baseline.train()):  # from the start each time
        assert len(runs) == baseline.n_runs
        for run, other in zip(runs, expected, strict=False):
            for a, b in zip(run, other, strict=True):
                np.testing.assert_allclose(a, b, atol=2e-5)  # float32, five updates
    if baseline.evaluate:
        loss, accuracy = baseline.evaluate()
        _, logits = reference.forward(given.layers, given.X)
        assert loss == pytest.approx(reference.cost(given.layers, given.X, given.y, 0.0), rel=1e-4)
        assert accuracy == pytest.approx(np.mean(logits.argmax(axis=1) == given.y))


def test_scikit_learn_trains_a_network_of_the_same_shape(problem):
    pytest.importorskip("sklearn")
    given, expected = problem
    (run,) = baselines.sklearn_classifier(given).train()
    assert [a.shape for a in run] == [a.shape for a in expected[0]]


def test_only_baselines_whose_packages_are_installed_are_raced(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else name)
    assert [*baselines.installed()] == [name for name in baselines.BASELINES if "torch" not in name]
