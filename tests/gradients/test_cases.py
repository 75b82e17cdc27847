import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import activations, data, losses, network
from dd2424_jax.gradients import cases

CASE = cases.Case("", 10, 8, 1.0, 1e-6)


def problem(case):
    rng = np.random.default_rng(0)
    return rng.standard_normal((case.n, case.d)), np.eye(10)[rng.integers(0, 10, case.n)]


def half_penalty(params, X, Y, lam, loss):
    return network.gradients(params, X, Y, lam / 2, loss=loss)


def penalised_bias(params, X, Y, lam, loss):
    layers = zip(network.gradients(params, X, Y, lam, loss=loss), params, strict=True)
    return tuple(network.Layer(g.W, g.b + 2 * lam * layer.b) for g, layer in layers)


def mean_over_classes(params, X, Y, lam, loss):
    wrong = losses.Loss(loss.value, lambda S, Y: loss.derivative(S, Y) / Y.shape[1])
    return network.gradients(params, X, Y, lam, loss=wrong)


def sum_over_examples(params, X, Y, lam, loss):
    wrong = losses.Loss(loss.value, lambda S, Y: loss.derivative(S, Y) * len(Y))
    return network.gradients(params, X, Y, lam, loss=wrong)


def no_mask(params, X, Y, lam, loss):
    (W1, _), (W2, _) = params
    G = loss.derivative(network.forward(params, X), Y) / len(Y) @ W2
    return network.Layer(G.T @ X + 2 * lam * W1, jnp.sum(G, axis=0)), network.gradients(params, X, Y, lam, loss=loss)[1]


@pytest.mark.parametrize("wrong", [half_penalty, penalised_bias, mean_over_classes, sum_over_examples, no_mask])
def test_the_classic_mistakes_fail_in_every_comparison(x64, monkeypatch, wrong):
    right = cases.four_ways

    def four_ways(params, X, Y, lam, h, loss, *parts):
        return wrong(params, X, Y, lam, loss), *right(params, X, Y, lam, h, loss, *parts)[1:]

    monkeypatch.setattr(cases, "four_ways", four_ways)
    rows = cases.check(CASE, "two-layer", "softmax", *problem(CASE), 0)
    assert not all(row.passed for row in rows)
    for way in ("autodiff", "centred", "forward"):
        assert not all(getattr(row, way).within for row in rows)


def test_the_right_gradient_passes(x64):
    for loss in losses.LOSSES:
        rows = cases.check(CASE, "two-layer", loss, *problem(CASE), 0)
        assert all(row.passed for row in rows)
        assert [row.parameter for row in rows] == ["W1", "b1", "W2", "b2"]
        assert all(row.as_json()["passed"] for row in rows)


def test_parameters_stay_away_from_kinks(x64):
    case = cases.Case("", 100, 20, 1.0, 1e-6)
    X, Y = problem(case)
    for seed in range(5):
        (W1, b1), (W2, b2) = cases.draw_parameters(case, "two-layer", "hinge", X, Y, seed)
        S = X @ W1.T + b1
        logits = np.maximum(S, 0) @ W2.T + b2
        margins = logits - (logits * Y).sum(axis=1, keepdims=True) + 1
        assert np.abs(S).min() > cases.CLEARANCE
        assert np.abs(margins[Y == 0]).min() > cases.CLEARANCE
    assert 10 * max(case.h for case in cases.CASES) <= cases.CLEARANCE


def test_uniform_parameters_fill_their_range():
    case = cases.Case("", 2, 300, 0.1, 1e-5, uniform=True)
    for W, _ in cases.draw_parameters(case, "two-layer", "softmax", *problem(case), 0):
        assert -2 <= W.min() < -1.9
        assert 1.9 < W.max() <= 2


def test_a_case_has_its_first_images_and_pixels_in_the_scale_of_the_batch():
    rng = np.random.default_rng(0)
    batch = data.Split(rng.integers(0, 256, (30, 9), np.uint8), rng.integers(0, 10, 30))
    X, Y = cases.images(batch, cases.Case("", 4, 5, 0.0, 1e-6))
    pixels = batch.X.astype(float)
    np.testing.assert_allclose(X, ((pixels - pixels.mean(axis=0)) / pixels.std(axis=0))[:4, :5])
    np.testing.assert_array_equal(Y.argmax(axis=1), batch.y[:4])
    assert Y.sum() == 4


def test_dropout_and_smoothing_are_checked_with_the_masks_that_were_drawn(x64):
    """And are not: without masks, or with sharp labels, the closed form is another."""
    case = next(one for one in cases.CASES if one.smoothing)
    X, Y = problem(case)
    assert all(row.passed for row in cases.check(case, "two-layer", "softmax", X, Y, 0))
    (mask,) = cases.draw_masks(case, "two-layer", 0)
    assert set(np.unique(mask)) == {0.0, 2.0}
    params = cases.draw_parameters(case, "two-layer", "softmax", X, Y, 0)
    own = {"activation": activations.gelu, "loss": losses.smoothed(losses.softmax, case.smoothing)}
    right = network.gradients(params, X, Y, case.lam, masks=[mask], **own)
    for other in ({**own}, {**own, "masks": [mask], "loss": losses.softmax}):
        assert not np.allclose(right[0].W, network.gradients(params, X, Y, case.lam, **other)[0].W, atol=1e-4)


def test_every_network_meets_every_loss_in_every_case_that_is_of_them(monkeypatch):
    met = []
    monkeypatch.setattr(cases, "check", lambda case, name, loss, X, Y, seed: [met.append((name, loss, case)) or seed])
    batch = data.Split(np.arange(200, dtype=np.uint8)[:, None].repeat(9, axis=1), np.arange(200) % 10)
    rows = cases.check_all(batch, ["linear", "two-layer"], ["softmax", "hinge"], 3)
    every = itertools.product(["linear", "two-layer"], ["softmax", "hinge"], cases.CASES)
    assert {*met} == {(name, loss, case) for name, loss, case in every if case.is_of(name, loss)}
    of_parts = {(name, loss) for name, loss, case in met if case.dropout and case.smoothing}
    assert of_parts == {("two-layer", "softmax")}
    assert rows == [3] * len(met)


def test_real_data_closed_form_is_autodiff(x64, real_data):
    batch = data.load("cifar10", real_data).batches[0]
    for case in (cases.CASES[3], cases.CASES[-1]):
        for row in cases.check(case, "linear", "softmax", *cases.images(batch, case), 0):
            assert row.passed
            assert row.autodiff.absolute < 1e-12
            assert row.single.absolute < 1e-5
