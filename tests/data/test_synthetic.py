"""The stand-in must be a problem in which what the experiments vary makes a difference."""

import numpy as np
import pytest

from dd2424_jax import data, schedules, sweep, train
from tests.conftest import compiled_for_speed


@pytest.fixture(scope="module")
def dataset():
    return data.load("synthetic")


@pytest.fixture(scope="module")
def linear_and_two_layer(dataset):
    """Validation accuracy of the two assignments' standard settings, trained on 10,000 images."""
    splits = data.split(dataset, (1,), (2,), n_train=10_000, n_valid=10_000)
    linear = train.Config((3072, 10), 100, (2000,), init_std=0.01, schedule=schedules.constant)
    two_layer = train.Config((3072, 50, 10), 100, (1000,), n_s=500)
    with compiled_for_speed():
        outcomes = [
            sweep.run(linear, train.Hypers(0.1, 0.001, 0.001), [0], splits),
            sweep.run(two_layer, train.Hypers(0.01, 1e-5, 0.1), [0], splits),
        ]
    return [float(outcome.valid.accuracy[0, 0, -1]) for outcome in outcomes]


def test_a_linear_model_gets_about_forty_per_cent(linear_and_two_layer):
    assert 0.35 < linear_and_two_layer[0] < 0.45


def test_a_hidden_layer_is_worth_several_points(linear_and_two_layer):
    linear, two_layer = linear_and_two_layer
    assert 0.04 < two_layer - linear < 0.20


@pytest.mark.usefixtures("optimized")
def test_the_best_lam_lies_inside_the_grid(dataset):
    splits = data.split(dataset, n_train=20_000, n_valid=5_000)
    config = train.Config((3072, 50, 10), 100, (900,), n_s=450)
    outcome = sweep.run(config, train.Hypers(np.array([1e-5, 0.0268, 0.1]), 1e-5, 0.1), [0], splits)
    low, middle, high = outcome.valid.accuracy[:, 0, -1]
    assert middle > low + 0.02
    assert middle > high + 0.02
