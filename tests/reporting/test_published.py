import dataclasses

import pytest

from dd2424_jax import configs, data, losses, optimizers, precisions, train
from dd2424_jax.reporting import published
from dd2424_jax.runs.plan import Plan
from dd2424_jax.stats import estimate


def test_accuracy_over_seeds_stands_beside_that_over_authors():
    table = published.comparison("caption", estimate([0.45, 0.46, 0.47]), published.EXERCISE3)
    ours, theirs, official = table.rows
    assert ours[1:] == ["3", "46.00 ± 1.00", "43.52 to 48.48"]
    assert theirs[1:] == ["22", "45.99 ± 0.51", "45.7 to 46.1"]
    assert "interquartile range" in theirs[0]
    assert official[1:] == ["2", "45.85 and 46.29", "–"]


@pytest.mark.parametrize("others", [published.EXERCISE3, published.EXERCISE4, published.FINAL])
def test_published_numbers_agree_with_each_other(others):
    low, high = others.interquartile
    assert low < others.mean < high
    assert high - low < 3 * others.sd


def plan_of(setting, source="cifar10", **changes):
    """A plan of a published setting, of which nothing is made."""
    numbers = {"lam": 0.02, "lr_min": 0.001, "lr_max": 0.001, **setting.hypers}
    hypers = configs.as_arrays(train.Hypers(**{**numbers, **changes.pop("hypers", {})}))
    config = dataclasses.replace(setting.config, **changes)
    about = data.Source(source, "0" * 64, (1,), (2,), changes.pop("n_train", setting.n_train), 1000)
    return Plan("experiment", config, hypers, (0,), about, None)


@pytest.mark.parametrize("others", [published.EXERCISE3, published.EXERCISE4, published.FINAL])
def test_numbers_of_others_are_of_their_setting_alone(others):
    of = others.of
    last = of.config.n_updates
    assert of.is_of(plan_of(of), 0)
    assert of.is_of(plan_of(of, eval_steps=(1, 7, last), snapshots=(7,)), 0)
    assert of.is_of(plan_of(of, eval_train=99, precision=precisions.highest), 0)
    assert of.is_of(plan_of(of, hypers={"lam": 0.3}), 0) == (others is published.FINAL)
    for changes in (
        {"source": "synthetic"},
        {"loss": losses.hinge},
        {"sizes": (3072, 100, 10)},
        {"eval_steps": (last // 100,)},
        {"n_batch": 50},
        {"init_std": 0.1},
        {"hypers": {"lr_max": 0.2}},
        {"optimizer": optimizers.adam},
        {"precision": precisions.bfloat16},
    ):
        assert not of.is_of(plan_of(of, **changes), 0), changes
    smaller = plan_of(of)
    assert not of.is_of(smaller._replace(source=smaller.source._replace(n_train=400)), 0)


def test_assignment_1_has_its_ranges_by_lam_and_eta():
    setting = published.Setting(published.LINEAR, 10_000, {"lam": 0.1, "lr_max": 0.001})
    authors = (24, 39.0, 39.3, 39.21, 0.26)
    assert published.assignment1(plan_of(setting), 0) == authors
    assert published.assignment1(plan_of(setting, bias_std=0.01), 0) == authors
    assert published.assignment1(plan_of(setting, n_s=2000), 0) == (
        24,
        39.0,
        39.3,
        39.21,
        0.26,
    )  # as epochs are one cycle
    assert published.assignment1(plan_of(setting, eval_steps=(100,)), 0) is None
    assert published.assignment1(plan_of(setting, hypers={"lam": 0.2}), 0) is None
    assert published.assignment1(plan_of(setting, source="synthetic"), 0) is None


def test_best_linear_classifiers_stand_beside_ours_and_the_aim_is_the_largest():
    ours = {"linear": ("all", estimate([0.42, 0.43, 0.44])), "hinge": ("SVM loss", estimate([]))}
    table = published.beside_best("caption", ours)
    assert [row[1:3] for row in table.rows] == [
        ["3", "43.00 ± 1.00"],
        ["17", "41.1 ± 0.7"],
        ["0", "diverged"],
        ["10", "36.2 ± 3.2"],
    ]
    assert published.reached(*ours["linear"]).startswith("all: 43.00 % on test, the mean over seeds, 0.70 points above")
    assert "0.30 points below" in published.reached("all", estimate([0.42, 0.42]))
    assert published.reached(*ours["hinge"]) == "SVM loss diverged."
