import numpy as np
import pytest

from dd2424_jax import data
from dd2424_jax.gradients import cases, draws
from dd2424_jax.gradients.cases import Case


@pytest.fixture(scope="module")
def batch():
    """Of 230 images of 30 pixels."""
    rng = np.random.default_rng(0)
    return data.Split(rng.integers(0, 256, (230, 30), np.uint8), rng.integers(0, 10, 230))


def drawn(case, batch, seed, name="two-layer", loss="softmax"):
    return draws.draw(case, name, loss, batch, data.scale(batch.X), seed)


def test_the_first_draw_has_the_first_images_and_pixels_in_the_scale_of_the_batch(batch):
    first = drawn(Case("", 4, 5, 0.0, 1e-6), batch, 0)
    pixels = batch.X.astype(float)
    np.testing.assert_allclose(first.X, ((pixels - pixels.mean(axis=0)) / pixels.std(axis=0))[:4, :5])
    np.testing.assert_array_equal(first.Y.argmax(axis=1), batch.y[:4])
    assert first.Y.sum() == 4
    assert first.masks == ()


def test_weights_are_drawn_by_layers_as_they_are_trained_from(batch):
    rng = np.random.default_rng(3)
    for W, b in drawn(Case("", 1, 30, 0.0, 1e-6), batch, 3).params:
        np.testing.assert_allclose(W, rng.standard_normal(W.shape) / np.sqrt(W.shape[1]))
        np.testing.assert_allclose(b, 0.01 * rng.standard_normal(len(b)))


def test_every_draw_has_other_images_and_other_parameters(batch):
    case = Case("", 40, 30, 0.0, 1e-6, activation="gelu", dropout=0.5)  # five blocks, and 30 images left over
    several = [drawn(case, batch, seed) for seed in range(6)]
    first = several[0]
    for i, other in enumerate(several[1:], 1):
        assert not np.isclose(other.params[0].W, first.params[0].W).any()
        assert not np.array_equal(other.masks, first.masks)
        np.testing.assert_array_equal(other.Y.argmax(axis=1), batch.y[40 * (i % 5) :][:40])
        assert np.array_equal(other.X, first.X) == (i == 5)
    again = drawn(case, batch, 3)
    np.testing.assert_array_equal(again.params[0].W, several[3].params[0].W)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_images_stay_away_from_kinks(batch, dropout):
    case = Case("", 100, 20, 1.0, 1e-6, dropout=dropout)
    for seed in range(5):
        one = drawn(case, batch, seed, "four-layer", "hinge")
        H, (*hidden, (W, b)) = one.X, one.params
        for i, layer in enumerate(hidden):
            S = H @ layer.W.T + layer.b
            assert np.abs(S).min() > draws.CLEARANCE
            H = np.maximum(S, 0) * (one.masks[i] if dropout else 1)
        logits = H @ W.T + b
        margins = logits - (logits * one.Y).sum(axis=1, keepdims=True) + 1
        assert np.abs(margins[one.Y == 0]).min() > draws.CLEARANCE
    assert 10 * max(case.h for case in cases.CASES) <= draws.CLEARANCE


def test_uniform_parameters_fill_their_range(batch):
    for W, _ in drawn(Case("", 2, 30, 0.1, 1e-5, uniform=True), batch, 0).params:
        assert -2 <= W.min() < -1.9
        assert 1.9 < W.max() <= 2


def test_masks_keep_units_with_their_probability(batch):
    (mask,) = drawn(Case("", 200, 20, 0.1, 1e-6, activation="gelu", dropout=0.75), batch, 0).masks
    assert mask.shape == (200, 50)
    assert {*np.unique(mask)} == {0.0, 4.0}
    assert abs((mask > 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / mask.size)
