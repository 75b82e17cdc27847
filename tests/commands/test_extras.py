"""The optional parts of assignment 1: an ablation as its users meet it."""

import contextlib
import json
import re

import numpy as np
import pytest

from dd2424_jax import registry, sweep
from dd2424_jax.runs import result
from dd2424_jax.schedules import step_decay
from tests.commands.scripts import SMALL, fails, once, run
from tests.commands.stubs import figures_as_text, untrained

GRID = ["--grid_lam=0.01,0.1", "--grid_lr=0.001,0.01", "--grid_n_batch=40,50"]
GIVEN = [*SMALL, "--n_seeds=3", "--n_epochs=2", "--n_more=500", *GRID]
ROWS = ["baseline", "500 training images", "flips", "shifts by up to 2 pixels", "step decay", "step decay from 10 η"]


def score(config) -> float:
    """Validation accuracy of the first seed: flips help, both other losses do, and together more."""
    of_loss = {"softmax": 0.0, "hinge": 0.02, "sigmoid": 0.05}[registry.label("loss", config.loss)]
    return 0.4 + 0.1 * (config.flip > 0) + of_loss - 0.1 * (config.shift > 0) - 0.1 * (config.schedule is step_decay)


@contextlib.contextmanager
def scored():
    """Numbers that no training made, and these scores."""
    with untrained(), figures_as_text(), pytest.MonkeyPatch.context() as patch:
        each = sweep.each

        def with_scores(config, rectangles, *more):
            for outcome in each(config, rectangles, *more):
                accuracy = np.full_like(outcome.valid.accuracy, score(config)) + 0.001 * outcome.seeds[:, None]
                yield outcome._replace(valid=outcome.valid._replace(accuracy=accuracy))

        patch.setattr(sweep, "each", with_scores)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with scored():
        return once(tmp_path_factory, "extras", lambda cwd: run("assignment1_extras", *GIVEN, cwd=cwd))


@pytest.fixture
def fast():
    with scored():
        yield


def summary(path):
    return json.loads((path / "summary.json").read_text())


def plan_of(path, row):
    return json.loads((path.parents[1] / row["run"] / "config.json").read_text())["identity"]


def test_every_row_changes_one_thing_and_is_validated_on_the_same_images(finished):
    path, done = finished
    rows = summary(path)["rows"]
    names = [*ROWS, "K sigmoids", "SVM loss", "best λ, η, n_batch"]
    assert [row["name"] for row in rows][:9] == names
    baseline, *others = (plan_of(path, row) for row in rows)
    for name, other in zip(names[1:8], others, strict=False):
        differs = {key for key in baseline["config"] if baseline["config"][key] != other["config"][key]}
        by_name = {
            "500 training images": {"eval_steps", "n_s"},
            "flips": {"flip"},
            "shifts by up to 2 pixels": {"shift", "shift_padding"},
            "step decay": {"schedule"},
            "step decay from 10 η": {"schedule"},
            "K sigmoids": {"loss"},
            "SVM loss": {"loss"},
        }
        assert differs == by_name[name]
    held_out = {np.load(path.parents[1] / row["run"] / "curves.npz")["held_out"].tobytes() for row in rows}
    assert len(held_out) == 1
    assert [one["hypers"]["lr_max"][0] for one in (baseline, *others[5:7])] == pytest.approx([0.001, 0.01, 0.0001])
    assert others[5]["hypers"]["lam"] == pytest.approx([0.01])
    assert {*map(len, (one["seeds"] for one in (baseline, *others)))} == {3}
    assert re.search(r"^\| flips +\| +[-+]\d", done.stdout, re.MULTILINE)


def test_what_is_chosen_is_chosen_on_validation(finished):
    path, _ = finished
    assert summary(path)["helped"] == ["SVM loss", "K sigmoids", "flips"]
    n_settings = {True: set(), False: set()}  # by whether the test split is looked at
    for config in (path.parents[1] / "assignment1_parts").glob("[!l]*/config.json"):
        identity = json.loads(config.read_text())["identity"]
        n_settings[identity["dataset"]["n_test"] > 0].add(len(identity["hypers"]["lam"]))
    assert n_settings == {True: {1}, False: {4}}


def test_all_that_helped_is_put_together_and_of_two_losses_the_better_one(finished):
    path, done = finished
    *_, last = summary(path)["rows"]
    together = plan_of(path, last)
    assert last["name"] == "all that helped"
    config = together["config"]
    assert (config["flip"], config["shift"], config["loss"], config["schedule"]) == (0.5, 0, "sigmoid", "constant")
    assert together["hypers"]["lam"][0] in (pytest.approx(0.001), pytest.approx(0.01))  # a loss has its own grid
    end = {0.001: "least", 0.01: "largest"}[round(last["lam"], 6)]
    assert f"Chosen on validation, all that helped: λ = {last['lam']:g} (the {end} tried), η = " in done.stdout


@pytest.mark.usefixtures("fast")
def test_the_same_command_finds_it(finished):
    path, done = finished
    again_path, again = run("assignment1_extras", *GIVEN, cwd=path.parents[2])
    assert (again_path, again.stdout) == (path, done.stdout)


@pytest.mark.usefixtures("fast")
def test_another_loss_is_a_baseline_with_its_own_setting_and_without_weights_nothing_is_sure(tmp_path):
    path, done = run("assignment1_extras", *GIVEN, "--loss=hinge", "--weights=none", "--name=mine", cwd=tmp_path)
    assert path.name == "mine"
    rows = summary(path)["rows"]
    assert [row["name"] for row in rows][6:8] == ["softmax", "K sigmoids"]
    assert [(row["lam"], row["lr_max"]) for row in (rows[0], *rows[6:8])] == [
        (pytest.approx(lam), pytest.approx(lr)) for lam, lr in ((0.1, 0.0001), (0.1, 0.001), (0.01, 0.01))
    ]
    assert "there are no probabilities" in done.stdout
    assert not list(tmp_path.rglob(result.PARAMS))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--lam=0.1,1"], "one setting"),
        (["--n_more=60000"], "n_train=60000"),
        (["--n_more=29"], "n_batch=30 must not exceed n_train=29"),
        (["--grid_n_batch=5000"], "grid_n_batch needs numbers, of at most n_train"),
        (["--decay=0.5"], "--decay"),
        (["--num_shards=4", "--shard_index=0"], "there are only 3 runs"),
    ],
)
def test_what_makes_no_rows_is_one_line(tmp_path, given, says):
    assert says in fails("assignment1_extras", *GIVEN, *given, cwd=tmp_path)
