import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dd2424_jax import activations, data, losses, network
from dd2424_jax.gradients import cases, checks, draws
from dd2424_jax.gradients.cases import Case

CASE = Case("", 10, 8, 1.0, 1e-6)


@pytest.fixture(scope="module")
def batch():
    """Of 200 images of 20 pixels."""
    rng = np.random.default_rng(0)
    return data.Split(rng.integers(0, 256, (200, 20), np.uint8), rng.integers(0, 10, 200))


def check(case, batch, loss="softmax", seed=0):
    return checks.check(case, "two-layer", loss, draws.draw(case, "two-layer", loss, batch, data.scale(batch.X), seed))


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


@pytest.fixture
def mistaken(monkeypatch):
    """Makes the closed form another, in some draws."""
    right = checks.four_ways

    def by(wrong, seeds=(0,)):
        def four_ways(case, drawn, loss, *parts):
            closed, *others = right(case, drawn, loss, *parts)
            at = drawn.params, drawn.X, drawn.Y, case.lam
            return wrong(*at, loss) if drawn.seed in seeds else closed, *others

        monkeypatch.setattr(checks, "four_ways", four_ways)

    return by


@pytest.mark.parametrize("wrong", [half_penalty, penalised_bias, mean_over_classes, sum_over_examples, no_mask])
def test_the_classic_mistakes_fail_in_every_comparison(x64, batch, mistaken, wrong):
    mistaken(wrong)
    rows = check(CASE, batch)
    assert not all(row.passed for row in rows)
    for way in ("autodiff", "centred", "forward"):
        assert not all(getattr(row, way).within for row in rows)


@pytest.fixture
def x64_on_all_threads():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.usefixtures("x64_on_all_threads")
def test_a_mistake_in_one_draw_alone_fails_there(batch, mistaken, monkeypatch):
    monkeypatch.setattr(cases, "CASES", (CASE,))
    mistaken(half_penalty, seeds=[6])
    rows = checks.check_all(batch, ["two-layer"], ["softmax"], range(5, 8))
    assert {(row.seed, row.parameter) for row in rows if not row.passed} == {(6, "W1"), (6, "W2")}
    assert len(rows) == 3 * 4


def test_the_right_gradient_passes(x64, batch):
    for loss in losses.LOSSES:
        rows = check(CASE, batch, loss)
        assert all(row.passed for row in rows)
        assert [row.parameter for row in rows] == ["W1", "b1", "W2", "b2"]
        assert all(row.named()["passed"] for row in rows)


def test_a_row_says_what_reports_print(x64, batch):
    """With a loss that is flat, a gradient is 2 λ W, and a forward difference's error λ h."""
    case = CASE._replace(n=1, h=1e-4, uniform=True)
    drawn = draws.draw(case, "two-layer", "softmax", batch, data.scale(batch.X), 0)
    flat = losses.Loss(lambda S, Y: 0 * jnp.sum(S, axis=1), lambda S, Y: 0 * S)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(losses.LOSSES, "softmax", flat)
        W1, b1, *_ = checks.check(case, "two-layer", "softmax", drawn)
    g = 2 * drawn.params[0].W
    np.testing.assert_allclose(W1.gradient, (np.abs(g).max(), g.mean(), g.std()))
    np.testing.assert_allclose(W1.bias[1:], (1e-4, 0), atol=1e-10)
    assert (b1.gradient, b1.error, b1.bias) == ((0, 0, 0),) * 3
    named = W1.named()
    assert (named["gradient_mean"], named["seed"], named["centred_within"]) == (W1.gradient[1], 0, True)
    assert all(np.isscalar(value) for value in named.values())


def test_dropout_and_smoothing_are_checked_with_the_masks_that_were_drawn(x64, batch):
    """And are not: without masks, or with sharp labels, the closed form is another."""
    case = next(one for one in cases.CASES if one.smoothing)
    assert all(row.passed for row in check(case, batch))
    one = draws.draw(case, "two-layer", "softmax", batch, data.scale(batch.X), 0)
    own = {"activation": activations.gelu, "loss": losses.smoothed(losses.softmax, case.smoothing)}
    right = network.gradients(*one[1:4], case.lam, masks=one.masks, **own)
    for other in ({**own}, {**own, "masks": one.masks, "loss": losses.softmax}):
        assert not np.allclose(right[0].W, network.gradients(*one[1:4], case.lam, **other)[0].W, atol=1e-4)


def test_every_network_meets_every_loss_in_every_case_that_is_of_them_in_every_draw(batch, monkeypatch):
    met = []
    monkeypatch.setattr(draws, "draw", lambda case, name, loss, batch, scale, seed: seed)
    monkeypatch.setattr(checks, "check", lambda case, name, loss, seed: [met.append((name, loss, case, seed))])
    rows = checks.check_all(batch, ["linear", "two-layer"], ["softmax", "hinge"], range(2))
    every = itertools.product(["linear", "two-layer"], ["softmax", "hinge"], cases.CASES)
    of = [one for one in every if one[2].is_of(*one[:2])]
    assert {*met} == {(name, loss, case, seed) for name, loss, case in of for seed in case.seeds(name, range(2))}
    assert len(rows) == len(met) == len({*met})


def test_real_data_closed_form_is_autodiff(x64, real_data):
    batch = data.load("cifar10", real_data).batches[0]
    for case in (cases.CASES[3], cases.CASES[-1]):
        drawn = draws.draw(case, "linear", "softmax", batch, data.scale(batch.X), 0)
        for row in checks.check(case, "linear", "softmax", drawn):
            assert row.passed
            assert row.autodiff.absolute < 1e-12
            assert row.single.absolute < 1e-5
