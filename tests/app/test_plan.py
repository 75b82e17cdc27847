import numpy as np
import pytest

from dd2424_jax import data, losses, optimizers, precisions, schedules, sweep, train
from dd2424_jax.app import command_line, plan
from dd2424_jax.race import Race
from dd2424_jax.runs.plan import from_identity
from tests.commands.scripts import SMALL, TINY, parsed

UNSEEDED = [flag for flag in TINY if not flag.startswith("--n_seeds")]


def settings(script, *given):
    with parsed(script, *given) as options:
        named = plan.hypers(options).named()
        return [dict(zip(named, values, strict=True)) for values in zip(*named.values(), strict=True)]


def test_single_numbers_are_of_all_settings():
    assert settings("exercise3", "--lam=0,.1", "--lr_max=0.2") == [
        {"lam": 0.0, "lr_min": 1e-5, "lr_max": 0.2},
        {"lam": 0.1, "lr_min": 1e-5, "lr_max": 0.2},
    ]


def test_lists_of_as_many_numbers_are_paired():
    paired = settings("exercise3", "--lam=0,.1", "--lr_max=.2,.3", "--lr_min=0.01")
    assert [(own["lam"], own["lr_max"]) for own in paired] == [(0, 0.2), (0.1, 0.3)]


def test_a_grid_crosses_all_lists():
    crossed = settings(
        "exercise3", "--lam=0,.1", "--lr_max=.2,.3", "--optimizer=momentum", "--momentum=.5,.9", "--grid"
    )
    values = [tuple(own[name] for name in ("lam", "lr_max", "momentum")) for own in crossed]
    assert values == [(lam, lr, mu) for lam in (0, 0.1) for lr in (0.2, 0.3) for mu in (0.5, 0.9)]


def test_a_constant_rate_is_least_and_greatest():
    crossed = settings("assignment1", "--lam=0,.1", "--lr=.2,.3", "--grid")
    assert [(own["lam"], own["lr_min"], own["lr_max"]) for own in crossed] == [
        *((0, 0.2, 0.2), (0, 0.3, 0.3)),
        *((0.1, 0.2, 0.2), (0.1, 0.3, 0.3)),
    ]


def test_only_an_optimizer_that_has_momentum_gets_one():
    assert "momentum" not in settings("exercise3")[0]
    assert settings("exercise3", "--optimizer=adam")[0]["momentum"] == 0.9
    with pytest.raises(command_line.UsageError, match="--momentum is not of --optimizer=sgd"):
        settings("exercise3", "--momentum=.5")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--lam=0,1,2", "--lr_max=.1,.2"], "--lr_max has 2 values and --lam 3: give as many, one for all, or --grid"),
        (["--lr_min=.2,0", "--lr_max=.1,.3"], "lr_min must not exceed lr_max"),
        (["--lr_min=.2", "--lr_max=.1,.3", "--grid"], "lr_min must not exceed lr_max"),
        (
            ["--lam=.01,.0100000000001"],
            r"of lam, .* \(0.0100000000001, .*\) and \(0.01, .*\) are one setting in float32",
        ),
        (["--momentum=.99999999999", "--optimizer=adam"], "momentum"),
    ],
)
def test_lists_that_do_not_pair_up_are_refused(given, says):
    with pytest.raises(command_line.UsageError, match=says):
        settings("exercise3", *given)


def test_of_epochs_other_schedules_have_one_cycle():
    with parsed("assignment1", *SMALL, "--n_epochs=3", "--schedule=cosine", "--lam=0", "--lr=.1") as options:
        made = plan.epochs("assignment1", options, test=True)
    assert (made.config.n_s, made.hypers.lr_min, made.hypers.lr_max) == (20, 0, 0.1)
    assert sweep.learning_rates(made.config, made.hypers, np.array([0, 20]))[0] == pytest.approx([0.1, 0.05])


def test_a_plan_has_what_the_flags_say():
    given = [
        "--loss=hinge",
        "--optimizer=adam",
        "--hidden=7,5",
        "--init_std=0.1",
        "--seed=4",
        "--n_cycles=2",
        "--precision=bfloat16",
        "--eval_train=100",
        *TINY[:-2],
    ]
    with parsed("exercise3", *given, "--n_evals=2") as options:
        made = plan.cycles("exercise3", options, test=True)
    eval_steps = (6, 12, 18, 24)
    named = {"loss": losses.hinge, "optimizer": optimizers.adam, "precision": precisions.bfloat16}
    assert made.config == train.Config((3072, 7, 5, 10), 30, eval_steps, 6, init_std=0.1, eval_train=100, **named)
    assert made.seeds == (4, 5)
    assert made.source[2:] == ((1,), (2,), 400, 200, 1)
    assert len(made.splits.test.y) == 10_000


def config(*given):
    with parsed("exercise4", *TINY[:-3], *given) as options:
        return plan.config_of_cycles(options)


@pytest.mark.parametrize("n_evals", [1, 3, 7, 9, 14])
def test_snapshots_are_at_the_ends_of_cycles_but_the_last(n_evals):
    given = ["--n_s=7", "--n_cycles=4", f"--n_evals={n_evals}", "--snapshots"]
    assert config(*given).snapshots == (14, 28, 42)
    assert config(*given[:-1]).snapshots == config("--n_cycles=1", "--snapshots").snapshots == ()
    for cycles in ("1", "4"):
        with pytest.raises(command_line.UsageError, match="--snapshots keeps weights"):
            config(f"--n_cycles={cycles}", "--snapshots", "--weights=none")


def test_epochs_end_where_as_many_images_were_met():
    with parsed("assignment1", *SMALL, "--n_epochs=3") as options:
        made = plan.epochs("assignment1", options, test=True, bias_std=0.5)
    assert made.config.eval_steps == (13, 27, 40)
    assert made.config.schedule is schedules.constant
    assert made.config.bias_std == 0.5
    assert made.config.init_std is None


@pytest.mark.parametrize("n_evals", [1, 3, 7, 20])
def test_a_rising_rate_is_evaluated_at_squares_and_ends_at_its_greatest(n_evals):
    with parsed("lr_range_test", *SMALL, "--n_s=20", f"--n_evals={n_evals}", "--lam=0,1") as options:
        made = plan.rising("lr_range_test", options, test=False)
    steps = np.array(made.config.eval_steps)
    squares = 20 * (np.arange(1, n_evals + 1) / n_evals) ** 2
    assert np.all((abs(steps - squares) <= 0.5) | ((steps == np.arange(1, n_evals + 1)) & (steps > squares)))
    rates = sweep.learning_rates(made.config, made.hypers, np.arange(21))
    np.testing.assert_allclose(rates, [np.linspace(1e-5, 0.3, 21)] * 2, rtol=1e-5)
    assert (steps[-1], made.splits.test, made.facts()["n_evals"]) == (20, None, n_evals)


def test_a_rate_that_does_not_rise_is_refused():
    given = [*SMALL, "--lr_min=0.1,0.01", "--lr_max=0.1,0.05"]
    with parsed("lr_range_test", *given) as options, pytest.raises(command_line.UsageError, match="below lr_max"):
        plan.rising("lr_range_test", options, test=False)


def test_a_search_has_no_test_images():
    with parsed("coarse_search", *TINY) as options:
        assert plan.cycles("coarse_search", options, test=False).splits.test is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["--lam=.01"], ["--lam=0.01"]),
        (["--lam=0.1,0.2"], ["--lam=0.1", "--lam=0.2"]),
        (["--lam=1e-2"], ["--lam=0.010"]),
        (["--hidden=5,4"], ["--hidden=5, 4"]),
        (["--devices=1"], ["--devices=2"]),
        (["--runs_at_once=1"], ["--num_shards=2", "--shard_index=1"]),
        (["--lam=0,.1", "--lr_max=.1,.1"], ["--lam=0,.1", "--lr_max=.1", "--grid"]),
        (["--init_std=0"], []),
        (["--eval_train=400"], []),  # all
        (["--lam=.1,.2,.1"], ["--lam=.1,.2"]),
        (["--lam=.1,.1", "--lr_max=.1,.1", "--grid"], ["--lam=.1"]),
    ],
)
def test_what_comes_to_the_same_numbers_is_one_run(one, other):
    assert identity(*one) == identity(*other)


@pytest.mark.parametrize(
    "given",
    [
        ["--lam=0.010000001"],
        ["--seed=1"],
        ["--n_valid=199"],
        ["--optimizer=nesterov"],
        ["--optimizer=momentum", "--momentum=.8"],
        ["--lr_min=2e-5"],
        ["--n_evals=2"],
    ],
)
def test_what_comes_to_other_numbers_is_another_run(given):
    assert identity(*given) != identity()


def identity(*given):
    with parsed("exercise3", *TINY, *given) as options:
        return plan.cycles("exercise3", options, test=True).identity()


def test_a_plan_is_made_again_from_its_identity():
    with parsed("coarse_search", *TINY, "--optimizer=nesterov") as options:
        dataset = plan.load(options)
        made = plan.cycles("coarse_search", options, test=False, dataset=dataset)
    again = from_identity(made.identity(), dataset)
    assert again.identity() == made.identity()
    assert again.config == made.config
    np.testing.assert_array_equal(again.splits.valid.y, made.splits.valid.y)
    assert again.splits.test is None
    assert isinstance(again.splits.train, data.Split)


def test_a_race_is_as_its_flags_say_and_its_last_look_is_its_seeds():
    given = ["--race", "--looks=3,4", "--margin=0.2", "--variances=equal", "--seed=5"]
    with parsed("coarse_search", *UNSEEDED, *given) as options:
        made = plan.cycles("coarse_search", options, test=False)
    assert made.race == Race((3, 4), 0.002, "equal")
    assert made.seeds == (5, 6, 7, 8)
    with parsed("coarse_search", *UNSEEDED, "--margin=0.2") as options:
        assert plan.cycles("coarse_search", options, test=False).race is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--looks=3,4"], "--looks is of a race"),
        (["--race", "--n_seeds=4"], "--n_seeds is not of a race"),
        (["--race", "--n_splits=3"], "--n_splits is not of it"),
        (["--race", "--seed=4294967290"], "the last seed must be below"),
        (["--race", "--looks=3,3"], "--looks=3,3: needs ascending numbers"),
    ],
)
def test_a_race_that_can_not_be_is_refused(given, says):
    parse = parsed("fine_search", *UNSEEDED, "--lam=0.1", *given)
    with parse as options, pytest.raises(command_line.UsageError, match=says):
        plan.cycles("fine_search", options, test=False)


def test_seeds_take_held_out_sets_in_turn():
    with parsed("coarse_search", *TINY, "--n_seeds=6", "--n_splits=3", "--seed=1") as options:
        made = plan.cycles("coarse_search", options, test=False)
    assert made.fold.tolist() == [1, 2, 0, 1, 2, 0]
    assert len({*made.held_out.tolist()}) == 3
    assert all(fold.test is None for fold in made.folds)
    one = made._replace(folds=made.folds[:1], source=made.source._replace(n_splits=1))
    assert one.kin == made.kin  # its runs on the first fold are the same
    assert one.digest != made.digest
