import dataclasses

import numpy as np
import pytest

from dd2424_jax import data, evaluation, losses, network, train
from tests import reference

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=20, eval_steps=(50,))
HYPERS = train.Hypers(0.01, 1e-3, 0.2)


@pytest.mark.parametrize("n", [1, 240, 1000, 1001, 2500])
def test_evaluation_is_over_the_whole_split_whatever_its_size(x64, n):
    rng = np.random.default_rng(n)
    split = data.Split(rng.integers(0, 256, (n, 12), np.uint8), rng.integers(0, 3, n, np.uint8))
    scale = data.scale(rng.integers(0, 256, (50, 12), np.uint8))
    params = train.init_state(CONFIG, HYPERS, 0).params
    metrics = evaluation.evaluate(CONFIG, split, scale, HYPERS, params)
    X = (split.X - scale.mean) / scale.sd
    plain = [(np.array(W), np.array(b)) for W, b in params]
    np.testing.assert_allclose(metrics.loss, reference.cost(plain, X, split.y, 0.0), rtol=1e-12)
    np.testing.assert_allclose(metrics.cost, reference.cost(plain, X, split.y, HYPERS.lam), rtol=1e-12)
    assert metrics.accuracy == np.mean(reference.forward(plain, X)[1].argmax(axis=1) == split.y)


def test_predictions_are_the_largest_logits(splits):
    params = train.init_state(CONFIG, HYPERS, 0).params
    logits = network.forward(params, data.standardize(splits.scale, splits.test.X))
    np.testing.assert_array_equal(
        evaluation.predict(CONFIG, splits.test, splits.scale, params), np.argmax(logits, axis=1)
    )


# Probabilities, of images as large as they are

IMAGES = train.Config(sizes=(3072, 4, 10), n_batch=20, eval_steps=(50,))
NUMPY = {"softmax": reference.softmax, "sigmoid": lambda logits: 1 / (1 + np.exp(-logits))}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (1100, 3072), np.uint8)  # more than a chunk
    return data.Split(X, rng.integers(0, 10, 1100, np.uint8)), data.scale(X[:50])


def logits_of(params, X, scale):
    plain = [(np.array(W, float), np.array(b, float)) for W, b in params]
    return reference.forward(plain, (X - scale.mean) / scale.sd)[1]


def mirrored(X):
    """Row by row of each channel."""
    return X[:, [first + 31 - column for first in range(0, 3072, 32) for column in range(32)]]


@pytest.mark.parametrize("loss", NUMPY)
@pytest.mark.parametrize("flips", [False, True])
def test_probabilities_equal_numpy_of_an_image_or_of_it_and_its_mirror_image(x64, images, loss, flips):
    split, scale = images
    config = dataclasses.replace(IMAGES, loss=losses.LOSSES[loss])
    params = train.init_state(config, HYPERS, 0).params
    expected = NUMPY[loss](logits_of(params, split.X, scale))
    if flips:
        expected = (expected + NUMPY[loss](logits_of(params, mirrored(split.X), scale))) / 2
    found = evaluation.probabilities(config, split, scale, params, flips=flips)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_loss_may_have_no_probabilities(images):
    config = dataclasses.replace(IMAGES, loss=losses.hinge)
    with pytest.raises(ValueError, match="no probabilities"):
        evaluation.probabilities(config, *images, train.init_state(config, HYPERS, 0).params)
