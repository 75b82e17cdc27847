"""Update for update, against formulas in NumPy and, where it is installed, against torch."""

import dataclasses

import numpy as np
import optax
import pytest

from dd2424_jax import data, names, optimizers, sweep, train
from tests import reference

N_UPDATES, HYPERS = 30, train.Hypers(0.01, 1e-3, 0.05, 0.9)


@pytest.fixture
def problem(splits, x64):
    """Initial parameters, z-scored images, labels, batches, and the parameters after every update of an optimizer."""
    config = train.Config((12, 5, 3), 20, (N_UPDATES,), n_s=7)
    (batches,) = train.batch_indices([1], 0, N_UPDATES, 240, 20)

    def params_after_every_update(optimizer, hypers=HYPERS):
        own = dataclasses.replace(config, optimizer=optimizer)
        state, trained = train.init_state(own, hypers, 1), []
        for step, indices in enumerate(batches):
            key = train.update_key(1, step)
            state = train.train_step(own, splits.train, splits.scale, hypers, state, indices, key)
            trained.append([np.array(a) for layer in state.params for a in layer])
        return trained

    start = [(np.array(W), np.array(b)) for W, b in train.init_state(config, HYPERS, 1).params]
    X = data.standardize(splits.scale, splits.train.X)
    return start, X, splits.train.y, batches, params_after_every_update


def rates():
    return [reference.triangular(t, HYPERS.lr_min, HYPERS.lr_max, 7) for t in range(N_UPDATES)]


def by_formula(name, start, X, y, batches):
    """Parameters after every update, W and b of every layer in one list."""
    weights = [a.copy() for layer in start for a in layer]
    velocity, square = ([np.zeros_like(a) for a in weights] for _ in range(2))
    for t, (batch, lr) in enumerate(zip(batches, rates(), strict=True), 1):
        layers = list(zip(weights[::2], weights[1::2], strict=True))
        lam = 0.0 if name == "adamw" else HYPERS.lam
        gradients = [g for layer in reference.gradients(layers, X[batch], y[batch], lam) for g in layer]
        for i, g in enumerate(gradients):
            mu = HYPERS.momentum
            if name in ("adam", "adamw"):
                velocity[i] = mu * velocity[i] + (1 - mu) * g
                square[i] = 0.999 * square[i] + 0.001 * g**2
                step = velocity[i] / (1 - mu**t) / (np.sqrt(square[i] / (1 - 0.999**t)) + 1e-8)
            else:
                velocity[i] = mu * velocity[i] + g
                step = {"sgd": g, "momentum": velocity[i], "nesterov": g + mu * velocity[i]}[name]
            if name == "adamw" and i % 2 == 0:  # W, and not b
                step = step + 2 * HYPERS.lam * weights[i]
            weights[i] = weights[i] - lr * step
        yield [a.copy() for a in weights]


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_every_update_is_the_formulas(problem, name):
    *given, params_after_every_update = problem
    hypers = HYPERS if name in names.WITH_MOMENTUM else HYPERS._replace(momentum=None)
    trained = params_after_every_update(optimizers.OPTIMIZERS[name], hypers)
    for own, expected in zip(trained, by_formula(name, *given), strict=True):
        for a, b in zip(own, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


def groups(tensors):
    """Of AdamW: W, which decays, and b, which does not."""
    decays = ((tensors[::2], 2 * HYPERS.lam), (tensors[1::2], 0.0))
    return [{"params": own, "weight_decay": decay} for own, decay in decays]


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_every_update_is_torchs(problem, name):
    torch = pytest.importorskip("torch")
    start, X, y, batches, params_after_every_update = problem
    mu = HYPERS.momentum
    make = {
        "sgd": lambda tensors: torch.optim.SGD(tensors, lr=1.0),
        "momentum": lambda tensors: torch.optim.SGD(tensors, lr=1.0, momentum=mu),
        "nesterov": lambda tensors: torch.optim.SGD(tensors, lr=1.0, momentum=mu, nesterov=True),
        "adam": lambda tensors: torch.optim.Adam(tensors, lr=1.0, betas=(mu, 0.999), eps=1e-8),
        "adamw": lambda tensors: torch.optim.AdamW(groups(tensors), lr=1.0, betas=(mu, 0.999), eps=1e-8),
    }[name]
    tensors = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for layer in start for a in layer]
    optimizer = make(tensors)
    hypers = HYPERS if name in names.WITH_MOMENTUM else HYPERS._replace(momentum=None)
    trained = params_after_every_update(optimizers.OPTIMIZERS[name], hypers)
    for batch, lr, own in zip(batches, rates(), trained, strict=True):
        W1, b1, W2, b2 = tensors
        logits = torch.relu(torch.tensor(X[batch]) @ W1.T + b1) @ W2.T + b2
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(y[batch]).long())
        cost = loss + (name != "adamw") * HYPERS.lam * (W1.square().sum() + W2.square().sum())
        optimizer.zero_grad()
        cost.backward()
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()
        for a, b in zip(own, tensors, strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("optimizer", [optax.adagrad, optax.lion])
def test_anything_of_optax_trains_a_sweep(splits, optimizer):
    config = train.Config((12, 5, 3), 20, (30, 60), n_s=30, optimizer=optimizer)
    outcome = sweep.run(config, train.Hypers([0.0, 0.01], 1e-3, 0.02), range(2), splits)
    assert np.all(outcome.train.cost[..., -1] < outcome.train.cost[..., 0])


def test_momentum_is_swept_like_any_other_number(splits, x64):
    config = train.Config((12, 5, 3), 20, (40,), n_s=20, optimizer=optimizers.momentum)
    both = sweep.run(config, train.Hypers(0.01, 1e-3, 0.02, [0.0, 0.9]), [0, 1], splits)
    plain = dataclasses.replace(config, optimizer=optimizers.sgd)
    without = sweep.run(plain, train.Hypers(0.01, 1e-3, 0.02), [0, 1], splits)
    np.testing.assert_allclose(both.valid.cost[0], without.valid.cost[0], rtol=1e-10)  # no momentum is momentum 0
    assert np.all(np.abs(both.valid.cost[1, :, -1] - without.valid.cost[0, :, -1]) > 1e-3)
