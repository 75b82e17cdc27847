import json

import numpy as np
import pytest

from dd2424_jax import choice, race
from dd2424_jax.race import Race
from tests.simulations import race as simulation
from tests.simulations.choice import FAR, Scenario

RACE = Race(looks=(3, 5, 8))
MEANS = np.array([0.50, 0.52, 0.519, 0.45, 0.30])
REAL = json.loads(simulation.REAL.read_text())["valid_accuracy"]


def scores(sd=0.003, seed=0):
    return MEANS[:, None] + np.random.default_rng(seed).normal(0, sd, (5, 8))


def run(rules, values):
    """As a trainer does: (last state, all states)."""
    trained, states = np.zeros(values.shape, bool), []
    while not states or states[-1].reason is None:
        state = race.follow(rules, np.where(trained, values, np.nan), trained)
        trained |= state.to_train
        states.append(state)
    return state, states


def test_a_race_begins_with_the_first_look_of_every_setting():
    state = race.follow(RACE, np.full((5, 8), np.nan), np.zeros((5, 8), bool))
    assert (state.look, state.reason, state.survivors) == (0, None, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(state.to_train, np.arange(8) < 3 + np.zeros((5, 1)))
    np.testing.assert_array_equal(state.left_at, -1)
    np.testing.assert_array_equal(state.n_seeds, 3)


def test_a_setting_that_is_excluded_gets_no_more_seeds():
    values = scores()
    state, states = run(RACE, values)
    first = choice.choose(np.arange(5), values[:, :3], 5000, alpha=race.shares(RACE)[0])
    assert states[1].survivors == first.indistinguishable
    assert 4 not in states[1].survivors
    assert state.n_seeds[4] == 3
    assert not any(now.to_train[4].any() for now in states[1:])
    assert state.left_at[4] == 0
    assert not state.to_train.any()


def test_decisions_depend_on_the_first_seeds_of_each_look_only():
    values = scores()
    state, _ = run(RACE, values)
    at_once = race.follow(RACE, values, np.ones((5, 8), bool))
    for a, b in zip(state, at_once, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_race_ends_with_one_setting_left():
    values = np.array([[0.5], [0.4], [0.3]]) + scores(1e-4)[:3] - MEANS[:3, None]
    state, _ = run(RACE, values)
    assert (state.reason, state.survivors, state.look) == ("one left", [0], 1)
    np.testing.assert_array_equal(state.left_at, [-1, 0, 0])


def test_a_race_ends_when_no_setting_left_can_be_worse_than_the_best_by_the_margin():
    values = 0.5 + np.random.default_rng(1).normal(0, 1e-4, (3, 8))
    assert run(RACE, values)[0].reason == "equivalent"
    assert run(RACE._replace(margin=1e-5), values)[0].reason == "last look"
    state, _ = run(RACE._replace(margin=0.0), values)
    assert (state.reason, state.look) == ("last look", 3)
    np.testing.assert_array_equal(state.n_seeds[state.survivors], 8)


def test_a_setting_with_more_diverged_runs_leaves():
    values = scores(0.05)
    values[1, 1] = np.nan
    values[2, 6] = np.nan
    state, _ = run(RACE, values)
    assert (state.left_at[1], state.left_at[2]) == (0, 2)


def test_where_every_run_diverged_there_is_no_second_look():
    state, _ = run(RACE, np.full((2, 8), np.nan))
    assert (state.reason, state.survivors, state.look) == ("diverged", [0, 1], 1)


@pytest.mark.parametrize("looks", [(), (2, 5), (5, 5), (8, 3)])
def test_looks_that_are_none_are_refused(looks):
    with pytest.raises(ValueError, match="looks="):
        race.follow(Race(looks=looks), scores(), np.zeros((5, 8), bool))


def test_shares_add_up_to_alpha():
    assert race.shares(Race(alpha=0.1)).sum() == pytest.approx(0.1)


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_the_best_is_kept_in_nineteen_races_of_twenty_and_runs_are_saved(variances):
    for scenario in (Scenario("", 2, FAR, 20), Scenario("", 4, 1.0, 20)):
        result = simulation.simulate(scenario, Race(variances=variances), 300, np.random.default_rng(2))
        assert result["best_kept"] > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 300)
        assert result["regret"] - result["full_regret"] < 0.0004
        assert result["saved"] > 0.15


@pytest.mark.parametrize("variances", ["separate", "equal"])
def test_a_simulated_race_is_the_one_that_a_trainer_follows(variances):
    rules = Race(variances=variances)
    scenario = Scenario("", 3, 1.0, 20, diverged=0.02)
    *_, runs = simulation._races(scenario, rules, 25, np.random.default_rng(3))
    each = scenario.draw(25, np.random.default_rng(3))
    np.testing.assert_array_equal(runs, [run(rules, values)[0].n_seeds.sum() for values in each])


def test_the_real_search_keeps_the_best_of_its_full_grid():
    result = simulation.replay(REAL, Race(), np.arange(20))
    assert result["best_survives"]
    assert result["saved"] > 0.2
