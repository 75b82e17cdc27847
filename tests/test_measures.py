import itertools
import math

import numpy as np
import pytest

from dd2424_jax import measures

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def runs(a):
    """(setting, seed) of every run."""
    return itertools.product(range(a.shape[0]), range(a.shape[1]))


def test_gap_and_penalty_are_of_every_evaluation(rng):
    a, b = rng.random((2, 2, 3, 4))
    for cell in np.ndindex(a.shape):
        assert measures.gap(a, b)[cell] == a[cell] - b[cell] == measures.penalty(a, b)[cell]


def test_the_norm_is_over_all_matrices(rng):
    weights = [rng.normal(size=(2, 3, *shape)).astype(np.float32) for shape in ((4, 5), (3, 4))]
    norm = measures.norm(weights)
    for i, j in runs(norm):
        squares = sum(float(w) ** 2 for W in weights for w in W[i, j].ravel())
        assert norm[i, j] == pytest.approx(math.sqrt(squares))


@pytest.mark.parametrize("n_evals", [2, 3, 7, 15])
def test_stability_is_of_differences_of_the_last_evaluations_after_training_began(rng, n_evals):
    accuracy = rng.random((2, 3, n_evals))
    stability = measures.stability(accuracy, n=5)
    for i, j in runs(accuracy):
        last = accuracy[i, j, max(1, n_evals - 5) :].tolist()
        squares = [(b - a) ** 2 / 2 for a, b in itertools.pairwise(last)]
        expected = math.sqrt(sum(squares) / len(squares)) if squares else np.nan
        np.testing.assert_allclose(stability[i, j], expected)


def test_stability_is_the_sd_of_noise_whatever_the_trend(rng):
    accuracy = 0.4 + 1e-3 * np.arange(12) + rng.normal(0, 0.01, (4, 2000, 12))
    variance = np.mean(measures.stability(accuracy) ** 2, axis=1)
    np.testing.assert_allclose(np.sqrt(variance), 0.01, rtol=0.05)


def test_the_best_evaluation_and_the_first_that_is_nearly_as_good(rng):
    accuracy, step = rng.random((2, 3, 9)), np.arange(9) * 50
    for i, j in runs(accuracy):
        curve = accuracy[i, j].tolist()
        assert measures.best_minus_last(accuracy)[i, j] == max(curve) - curve[-1]
        assert measures.at_best(accuracy, step)[i, j] == 50 * curve.index(max(curve))
        reached = next(k for k, value in enumerate(curve) if value >= 0.9 * curve[-1])
        assert measures.until(accuracy, step)[i, j] == 50 * reached
    equal = np.array([[[0.1, 0.5, 0.5, 0.5]]])
    assert measures.at_best(equal, step[:4]) == measures.until(equal, step[:4]) == 50


def test_roughness_is_over_neighbours_of_a_channel(rng):
    W = rng.normal(size=(1, 2, 3, 3072)).cumsum(axis=-1)
    for i, j in runs(W):
        of_classes = []
        for w in W[i, j]:
            image = w.reshape(3, 32, 32)
            squares = [
                (image[c, y, x] - image[c, y + dy, x + dx]) ** 2
                for c, y, x in np.ndindex(image.shape)
                for dy, dx in ((0, 1), (1, 0))
                if y + dy < 32 and x + dx < 32
            ]
            of_classes.append(np.mean(squares) / (2 * np.var(w)))
        assert measures.roughness(W)[i, j] == pytest.approx(np.mean(of_classes))


def test_white_noise_of_any_size_has_roughness_1(rng):
    W = rng.normal(size=(3, 4, 10, 3072)) * np.array([0.01, 1, 100])[:, None, None, None] + 5
    np.testing.assert_allclose(measures.roughness(W), 1, atol=0.03)


def test_likeness_is_the_mean_over_classes_of_the_largest_correlation(rng):
    W = rng.normal(size=(2, 2, 4, 30)) + rng.normal(size=30)
    for i, j in runs(W):
        others = {k: [other for other in range(4) if other != k] for k in range(4)}
        largest = [max(np.corrcoef(W[i, j, k], W[i, j, o])[0, 1] for o in others[k]) for k in range(4)]
        assert measures.likeness(W)[i, j] == pytest.approx(np.mean(largest))


def test_two_pairs_of_alike_templates_are_alike_though_all_sum_to_zero(rng):
    a, b = rng.normal(size=(2, 3072))
    pairs = np.array([a + b, a - b, -a + 0.1 * b, -a - 0.1 * b])[None, None]
    noise = rng.normal(size=(1, 1, 4, 3072))
    centred = noise - noise.mean(axis=2, keepdims=True)
    assert measures.likeness(pairs) > 0.4
    assert measures.likeness(centred) == pytest.approx(-1 / 3, abs=0.1)


def test_weights_that_overflowed_or_are_one_number_have_no_measures():
    W = np.stack([np.full((3, 3072), value, np.float32) for value in (np.inf, np.nan, 2)])[None]
    assert np.isnan(measures.roughness(W)).all()
    assert np.isnan(measures.likeness(W)).all()
    assert not np.isfinite(measures.norm([W])[0, :2]).any()
