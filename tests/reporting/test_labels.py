import functools

import optax
import pytest

from dd2424_jax import losses, optimizers, precisions, schedules
from dd2424_jax.reporting import labels
from tests.reporting.results import crossed, plan


@pytest.mark.parametrize(
    ("about", "symbols"),
    [
        ({"lam": [0.0, 0.1]}, ["λ"]),
        ({"lam": 0.1}, ["λ"]),
        ({"lam": [0.1, 0.1]}, ["λ"]),
        ({"lam": 0.1, "lr_max": [0.1, 0.2]}, ["η_max"]),
        ({"lam": [0.0, 0.1], "lr_max": [0.1, 0.2]}, ["λ", "η_max"]),
        ({"lam": 0.1, "lr_min": [0.0, 0.01]}, ["η_min"]),
        ({"lam": 0.1, "momentum": [0.5, 0.9]}, ["μ"]),
        ({"lam": [0.1, 0.2], "momentum": 0.9}, ["λ"]),
        ({"lam": 0.1, "lr_min": [0.1, 0.2], "lr_max": [0.1, 0.2], "schedule": schedules.constant}, ["η"]),
    ],
)
def test_only_what_varies_is_named_and_lam_where_nothing_does(about, symbols):
    planned = plan(**about)
    assert [*labels.varying(planned).values()] == symbols
    assert [*labels.columns(planned)] == symbols


def test_settings_are_called_by_what_varies():
    assert labels.settings(plan([0.0, 0.1], 0.2)) == ["λ = 0", "λ = 0.1"]
    assert labels.settings(plan([0.0, 1e-5], [0.1, 0.02])) == ["λ = 0, η_max = 0.1", "λ = 1e-05, η_max = 0.02"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.1, 0.2], ["0.1", "0.2"]),
        ([1 / 3, 2 / 3], ["0.333", "0.667"]),
        ([0.001234, 0.001235], ["0.001234", "0.001235"]),
        ([0.1234, 0.1234, 2.0], ["0.123", "0.123", "2"]),
        ([0.1, 0.1 + 2**-56], ["0.10000000000000001", "0.10000000000000002"]),
    ],
)
def test_different_numbers_have_different_texts(values, texts):
    assert labels.numbers(values) == texts


LAMS, RATES = crossed([0.0, 0.1], [0.01, 0.1, 0.2])


@pytest.mark.parametrize(
    ("lam", "lr_max", "all_pairs"),
    [
        (LAMS, RATES, True),
        (LAMS[::-1], RATES[::-1], True),
        (LAMS[:-1], RATES[:-1], False),
        ([*LAMS, 0.1], [*RATES, 0.2], False),
        ([0.0, 0.1], [0.1, 0.2], False),
        ([0.0, 0.1], 0.1, False),
        (0.1, 0.1, False),
    ],
)
def test_settings_are_crossed_where_every_pair_is_there_once(lam, lr_max, all_pairs):
    assert labels.crossed(plan(lam, lr_max)) == all_pairs


OWN = {
    "hidden": [5],
    "precision": "float32",
    "eval_train": 0,
    "snapshots": False,
    "loss": "softmax",
    "optimizer": "sgd",
    "n_batch": 4,
    "n_s": 5,
    "n_cycles": 2,
    "n_train": 40,
    "train_batches": [1],
    "seed": 0,
    "lam": [0.1],
    "lr_max": [0.1],
    "momentum": [0.9],
}


@pytest.mark.parametrize(
    ("about", "own", "said"),
    [
        ({}, {}, []),
        ({"loss": losses.hinge, "n_seeds": 2}, {}, ["hinge"]),
        ({}, {"hidden": [50, 20]}, ["hidden 5"]),
        ({}, {"n_train": 7, "n_s": 800, "seed": 3}, ["n_s = 5", "n_train = 40", "seeds from 0"]),
        ({}, {"train_batches": [1, 2]}, ["train_batches 1"]),
        ({"bias_std": 0.01}, {}, ["bias_std = 0.01"]),
        ({"precision": precisions.bfloat16}, {}, ["precision = bfloat16"]),
        ({"eval_train": 7}, {}, ["training curves of the first 7 images, but for their ends"]),
        ({"snapshots": (10,)}, {}, ["snapshots"]),
        ({"lam": [0.1, 0.2]}, {}, []),  # in a column of their own
        ({"lam": 0.3}, {}, ["λ = 0.3"]),  # of which figures have none
        ({"lam": 0.3, "lr_max": [0.1, 0.2]}, {}, ["λ = 0.3"]),
        ({"lr_max": 0.2}, {}, ["η_max = 0.2"]),
        ({"n_seeds": 3}, {"seed": 7}, ["seeds from 0"]),
        ({"momentum": 0.5, "optimizer": optimizers.OPTIMIZERS["momentum"]}, {}, ["momentum", "μ = 0.5"]),
        ({"optimizer": optax.adagrad}, {}, ["adagrad"]),
        ({"optimizer": functools.partial(optax.adam, b2=0.9)}, {}, ["adam(b2=0.9)"]),
        ({"lr_min": 0.3, "lr_max": 0.3, "schedule": schedules.constant}, {"lr": [0.1]}, ["η = 0.3"]),
    ],
)
def test_what_differs_from_the_experiments_own_values_is_said(about, own, said):
    planned = plan(**{"lam": 0.1, **about})
    assert labels.changes(planned, {**OWN, **own}) == said


def test_seeds_with_gaps_between_them_are_all_said():
    assert labels.changes(plan(0.1)._replace(seeds=(3, 8)), {"seed": 0}) == ["seeds 3, 8"]


def test_data_and_seeds_are_said():
    assert labels.data_and_seeds(plan(0.1, n_seeds=1)) == "SYNTHETIC stand-in, not CIFAR-10, 1 seed"
    cifar = plan(0.1, n_seeds=3)
    cifar = cifar._replace(source=cifar.source._replace(name="cifar10"))
    assert labels.data_and_seeds(cifar) == "CIFAR-10, 3 seeds"


def test_learning_rates_have_matplotlibs_subscripts():
    expected = r"λ = 0.1, $\eta_{\mathrm{max}}$ = 1, $\eta_{\mathrm{min}}$ = 0"
    assert labels.in_math("λ = 0.1, η_max = 1, η_min = 0") == expected
    assert labels.in_math("η = 0.1") == "η = 0.1"
