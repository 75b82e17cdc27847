import json

import numpy as np
import pytest

from dd2424_jax import race
from dd2424_jax.race import Race
from dd2424_jax.reporting import lam_search, races
from dd2424_jax.runs.result import conclude
from tests.reporting.results import concluded, drawn

pytestmark = pytest.mark.filterwarnings("error")
LOOKS = (3, 4, 6)


def raced(means=(0.2, 0.505, 0.515, 0.514), looks=LOOKS, margin=0.0, diverged=()):
    """The result of a race of settings with these means: it has the runs that its looks gave."""
    noise = np.random.default_rng(0).normal(0, 0.003, (len(means), looks[-1]))
    scores = np.array(means)[:, None] + noise
    scores[list(diverged)] = np.nan
    own = Race(looks, margin)
    state = race.follow(own, scores, np.ones(scores.shape, bool))
    trained = np.arange(looks[-1]) < state.n_seeds[:, None]
    result = concluded(list(np.geomspace(1e-4, 0.1, len(means))), scores=np.where(trained, scores, np.nan))
    result.outcome.seconds[~trained] = np.nan
    result = result._replace(plan=result.plan._replace(race=own))
    return conclude(result.plan, result.outcome, None)


def draw(result):
    return lam_search.draw(result, "Coarse search")


def test_every_setting_has_its_seeds_and_the_look_at_which_it_left():
    accuracies, differences = draw(raced()).tables
    assert accuracies.header[-2:] == ["seeds", "left at look"]
    assert accuracies.rows[0][-2:] == ["3", "1"]
    assert [row[-2] for row in accuracies.rows[2:]] == ["6", "6"]
    assert differences.rows[0][-4:] == ["–", "–", "–", "left"]
    assert "race of up to 6 seeds" in accuracies.caption
    assert "simultaneous 98.3 % confidence intervals" in differences.caption  # a third of 5 % for every look
    assert "is at most 0.0167" in differences.caption


def test_what_was_saved_is_said_with_the_reason_of_the_end():
    report = draw(raced())
    remark = report.remarks[-1]
    state = races.state_of(raced())
    n = state.n_seeds.sum()
    assert remark.startswith(f"Race: {n} runs instead of the full grid's 24 ({100 - 100 * n / 24:.0f} % fewer).")
    assert "It ended at look 3 of 3, after 6 seeds, as it was the last" in remark
    assert report.summary["race"]["n_runs"] == n
    assert report.summary["race"]["settings"][0]["left_at_look"] == 1
    assert json.dumps(report.summary["race"])


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"means": (0.5, 0.1)}, "one setting was left"),
        ({"means": (0.5, 0.5), "margin": 0.1}, "all settings left are within the margin of the best"),
    ],
)
def test_a_race_may_end_early(about, reason):
    assert f"It ended at look 1 of 3, after 3 seeds, as {reason}" in draw(raced(**about)).remarks[-1]


@pytest.mark.parametrize("n", [1, 2, 30])
def test_a_race_of_any_number_of_settings_is_drawn(n):
    report = draw(raced(np.linspace(0.3, 0.5, n)))
    for fig in report.figures.values():
        drawn(fig)
    (ax,) = report.figures["race"].axes
    assert len(ax.patches) == n
    assert ax.get_xlabel() == "seeds (dotted: looks)"


def test_a_race_in_which_everything_diverged_chooses_nothing():
    report = draw(raced((0.5, 0.5), diverged=(0, 1)))
    assert report.summary["choice"] is None
    assert "It ended at look 1 of 3, after 3 seeds, as every run diverged" in report.remarks[-1]
    for fig in report.figures.values():
        drawn(fig)


def test_of_settings_that_left_no_selection_bias_is_known_nor_are_they_among_the_best():
    report = draw(raced())
    assert np.isnan(report.summary["choice"]["expected_selection_bias"])
    assert not any("Selection bias" in remark for remark in report.remarks)
    assert "λ = 0.0001" not in report.remarks[0]


def test_of_one_that_is_left_nothing_is_compared():
    report = draw(raced((0.5, 0.1)))
    assert len(report.tables) == 1
    assert len(report.figures["search"].axes) == 1
