import dataclasses
import json

import numpy as np
import pytest

from dd2424_jax import losses
from dd2424_jax.app import plan as plans
from dd2424_jax.reporting import learning, plots, published, r3
from tests.commands.scripts import parsed
from tests.reporting.results import concluded, near
from tests.reporting.test_published import plan_of


def test_its_searches_are_two_more_lines():
    _, ((ax,),) = plots.figure(1, 1, "title")
    ax.set(xscale="log", xlim=(1e-6, 10))
    r3.overlay(ax)
    for line, points in zip(ax.lines, (r3.DECADES, r3.DRAWS), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)
        assert ax.get_ylim()[0] < min(points)[1] < ax.get_ylim()[1]
    assert len(ax.get_legend_handles_labels()[1]) == 2


def test_its_searches_are_of_its_network_and_images():
    of = published.EXERCISE3.of
    assert r3.can_overlay(plan_of(of, n_s=900, eval_steps=(3, 9), init_std=0.1414))
    for changes in ({"source": "synthetic"}, {"loss": losses.hinge}, {"sizes": (3072, 10)}):
        assert not r3.can_overlay(plan_of(of, **changes))


PRESETS = {  # by script, what its preset comes to
    "exercise2": [("train_loss", 0.00139), ("valid_loss", 10.28)],
    "exercise3": [("test_accuracy", 0.432)],
    "exercise4": [("test_accuracy", 0.469)],
    "coarse_search": [("valid_accuracy", accuracy) for _, accuracy in r3.DECADES],
    "final_model": [("test_accuracy", 0.515)],
}


@pytest.mark.parametrize("script", PRESETS)
def test_the_preset_of_a_command_is_the_setting_of_its_numbers(script):
    """Of the real images only their name is needed."""
    with parsed(script, "--preset=r3", "--dataset=synthetic") as options:
        made = (plans.epochs if "n_epochs" in vars(options) else plans.cycles)(script, options, test=False)
    made = made._replace(source=made.source._replace(name="cifar10"))
    found = [(one.metric, one.value) for i in range(len(made.hypers.lam)) for one in r3.runs(made, i)]
    assert found == PRESETS[script]
    assert not r3.runs(made._replace(config=dataclasses.replace(made.config, init_std=None)), 0)


@pytest.fixture
def with_runs(monkeypatch):
    """Numbers of a report for the settings of a result, by λ."""

    def known(values, metric="valid_accuracy"):
        ones = {lam: r3.OneRun(None, metric, value) for lam, value in values.items()}
        monkeypatch.setattr(r3, "runs", lambda plan, i: [ones[lam] for lam in [plan.hypers.lam[i]] if lam in ones])

    return known


def test_its_runs_stand_beside_ours_with_the_difference_and_whether_they_fit(with_runs):
    with_runs({0.01: 0.501, 0.1: 0.38})
    result = concluded([0.01, 0.03, 0.1], scores=near(0.5, 0.45, 0.4), test=True)
    (table,) = r3.beside(result, "Exercise")
    assert [[row[0], row[1], *row[4:]] for row in table.rows] == [
        ["0.01", "validation %", "50.1", "-0.10", "yes"],
        ["0.1", "validation %", "38.0", "+2.00", "no"],
    ]
    low, high = map(float, table.rows[0][3].split(" to "))
    assert low < 50 < high
    assert [each.name for each in learning.draw(result, "Exercise", None).tables] == ["accuracy", "r3"]


def test_losses_have_their_digits_and_what_says_nothing_a_dash(with_runs):
    with_runs({0.01: 10.28}, "valid_loss")
    (table,) = r3.beside(concluded([0.01], scores=near(0.5)), "Exercise")
    assert table.rows[0][1] == "validation loss"
    assert table.rows[0][4] == "10.28"
    (alone,) = r3.beside(concluded([0.01], scores=near(0.5, n_seeds=1)), "Exercise")
    assert [alone.rows[0][column] for column in (3, 6)] == ["–", "–"]


def test_what_it_has_no_number_for_or_diverged_has_no_table(with_runs):
    with_runs({0.01: 0.5})
    assert r3.beside(concluded([0.3], scores=near(0.5)), "Exercise") == []
    assert r3.beside(concluded([0.01], scores=near(np.nan)), "Exercise") == []
    with_runs({})
    assert r3.beside_draws(concluded([0.01], scores=near(0.5))) == []


def test_runs_of_its_second_searchs_range_are_counted(monkeypatch):
    monkeypatch.setattr(published.Setting, "is_of", lambda *_: True)
    result = concluded([0.001, 0.007, 0.01], scores=[[0.505] * 3, [0.4996, 0.51, 0.5106], [0.5, np.nan, 0.49]])
    (remark,) = r3.beside_draws(result)
    assert "Of 5 runs in that range, 3 have, and all reach from 49.0 to 51.1 %." in remark
    assert json.dumps(remark)
