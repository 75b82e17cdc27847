import dataclasses
import json

import numpy as np
import pytest

from dd2424_jax import activations, configs, initializers, losses, optimizers, schedules, train
from dd2424_jax.runs.plan import from_identity
from tests.runs.examples import CONFIG, DATASET, HYPERS, PLAN, SOURCE, assert_same, with_momentum, without_test


@pytest.mark.parametrize("plan", [PLAN, without_test(PLAN), with_momentum(PLAN)], ids=["all", "no test", "momentum"])
def test_a_plan_is_made_again_from_its_identity_by_way_of_json(plan):
    identity = json.loads(json.dumps(plan.identity()))
    again = from_identity(identity, DATASET)
    assert again.identity() == plan.identity()
    assert (again.experiment, again.config, again.seeds, again.source) == plan[:2] + plan[3:5]
    assert_same((again.hypers, again.splits), (plan.hypers, plan.splits))


def test_facts_are_in_the_words_of_flags():
    assert PLAN.facts() == {
        "hidden": (5,),
        **{"activation": "relu", "init": "fan_in", "init_std": 0.0, "bias_std": 0.0},
        **{"loss": "softmax", "smoothing": 0.0, "dropout": 0.0, "input_dropout": 0.0},
        **{"flip": 0.0, "shift": 0, "shift_padding": "zero", "augment": "None"},
        **{"optimizer": "sgd", "precision": "float32", "n_batch": 4, "eval_train": 0},
        **{"schedule": "triangular", "decay": 0.1, "n_decay": 0, "snapshots": False},
        **{"n_s": 10, "n_cycles": 2, "n_evals": 1, "n_epochs": 10},
        "train_batches": (1,),
        "valid_batches": (2,),
        "n_train": 16,
        "n_valid": 10,
        "n_splits": 1,
        "seed": (5, 0, 11, 2),
    }
    assert PLAN._replace(seeds=(5, 6, 7)).facts()["seed"] == 5


def test_half_a_cycle_is_said_with_all_its_evaluations():
    facts = config(eval_steps=(1, 4, 10)).facts()
    assert (facts["n_s"], facts["n_cycles"], facts["n_evals"]) == (10, 0.5, 3)


@pytest.mark.parametrize(
    ("n_train", "n_batch", "n_updates", "n_epochs"),
    [(16, 4, 40, 10), (400, 30, 40, 3), (400, 30, 133, 10), (50, 30, 4, 2.4)],
)
def test_epochs_are_whole_where_updates_are_as_near_as_can_be(n_train, n_batch, n_updates, n_epochs):
    constant = dataclasses.replace(CONFIG, schedule=schedules.constant, n_batch=n_batch, eval_steps=(n_updates,))
    facts = PLAN._replace(config=constant, source=SOURCE._replace(n_train=n_train)).facts()
    assert facts["n_epochs"] == pytest.approx(n_epochs)


def config(**changes):
    return PLAN._replace(config=dataclasses.replace(CONFIG, **changes))


def untouched(key, X):
    return X


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("experiment", PLAN._replace(experiment="fine_search")),
        ("config", config(sizes=(12, 3))),
        ("config", config(n_batch=5)),
        ("config", config(eval_steps=(40,))),
        ("config", config(bias_std=0.1)),
        ("config", config(dropout=0.1)),
        ("config", config(flip=0.5)),
        ("config", config(activation=activations.gelu)),
        ("config", config(init=initializers.he)),
        ("config", config(loss=losses.hinge)),
        ("config", config(schedule=schedules.constant)),
        ("config", config(optimizer=optimizers.adam)),
        ("config", config(augment=untouched)),
        ("hypers", PLAN._replace(hypers=HYPERS._replace(lam=np.nextafter(HYPERS.lam, 1)))),
        ("hypers", with_momentum(PLAN)),
        ("seeds", PLAN._replace(seeds=(0, 5, 11, 2))),
        ("dataset", PLAN._replace(source=SOURCE._replace(sha256="6" * 64))),
        ("dataset", PLAN._replace(source=SOURCE._replace(n_valid=9))),
        ("dataset", PLAN._replace(source=SOURCE._replace(valid_batches=(3,)))),
        ("dataset", without_test(PLAN)),
    ],
)
def test_whatever_decides_a_number_is_part_of_the_identity(part, changed):
    one, other = PLAN.identity(), changed.identity()
    assert {key for key in one if one[key] != other[key]} == {part}


def test_so_is_the_version_of_the_code(monkeypatch):
    before = PLAN.identity()
    for changed in ({"version": "9.9"}, {"source": "0" * 10}):
        monkeypatch.setattr("dd2424_jax.runs.plan.code", lambda changed=changed: {**before["code"], **changed})
        assert PLAN.identity() != before


def test_how_numbers_were_written_is_no_part_of_it():
    written = configs.as_arrays(train.Hypers(np.array([0, 1e-2, 0.3]), [1e-3], (0.1, 0.2, 0.20)))
    assert PLAN._replace(hypers=written).identity() == PLAN.identity()


@pytest.mark.parametrize("field", ["loss", "schedule", "optimizer"])
def test_what_this_package_does_not_know_is_refused(field):
    identity = PLAN.identity()
    identity["config"][field] = "mine"
    with pytest.raises(ValueError, match=f"{field}=mine is none of"):
        from_identity(identity, DATASET)


def test_a_plan_says_how_many_test_images_may_be_looked_at():
    assert (PLAN.dataset["n_test"], without_test(PLAN).dataset["n_test"]) == (20, 0)


def test_runs_and_epochs_are_counted():
    assert PLAN.n_runs == 3 * 4
    assert PLAN.steps_per_epoch == 16 / 4


def test_sets_of_one_image_that_are_held_out_are_not_mistaken():
    source = PLAN.source._replace(n_valid=1, n_splits=10)
    plan = PLAN._replace(source=source, folds=source.split(DATASET), seeds=tuple(range(10)))
    assert len({*plan.held_out.tolist()}) == 10  # labels alone are three


def test_folds_beyond_what_can_be_disjoint_are_counted_for_their_share():
    source = PLAN.source._replace(n_valid=4_000)
    assert (PLAN._replace(source=source).n_disjoint, PLAN._replace(source=source).n_valid) == (2, 4_000)
    assert PLAN._replace(source=source, folds=PLAN.folds * 4).n_valid == 2_000
