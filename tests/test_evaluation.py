import numpy as np
import pytest

from dd2424_jax import data, evaluation, network, train
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
