import contextlib

import jax
import numpy as np
import pytest

from dd2424_jax import race, sweep
from dd2424_jax.race import Race
from dd2424_jax.runs import interim, training
from dd2424_jax.runs.shards import WHOLE, Shard
from tests.runs.examples import DATASET, PLAN, assert_same, with_momentum, with_snapshots, without_test
from tests.runs.trainer import Trainer, gathered, said, train


@pytest.fixture
def trainer(monkeypatch):
    def make(plan=PLAN):
        made = Trainer(plan)
        monkeypatch.setattr(sweep, "each", made.each)
        return made

    return make


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("plan", [PLAN, without_test(PLAN), with_momentum(PLAN), with_snapshots(PLAN)])
def test_shards_together_are_the_whole(trainer, tmp_path, n, plan):
    known = trainer(plan)
    for i in range(n):
        run = train(tmp_path, plan, Shard(i, n))
        assert training.missing(plan, gathered(run, plan)[0], n) == list(range(i + 1, n))
        assert interim.checkpoints(run.own) == []
    whole, taken = gathered(run, plan)
    assert_same(whole, known.whole._replace(compile_seconds=len(known.rectangles) * 1.5))  # added up
    assert np.all(known.times == 1)
    assert taken == {}


@pytest.mark.parametrize("runs_at_once", [1, 2, 4, 5])
def test_killed_between_its_parts_only_the_others_are_trained(trainer, tmp_path, runs_at_once):
    known = trainer()
    for die_after in range(1, 20):
        known.die_after = die_after
        with contextlib.suppress(KeyboardInterrupt):
            run = train(tmp_path, PLAN, runs_at_once=runs_at_once)
            break
    assert np.all(known.times == 1)
    assert_same(gathered(run, PLAN)[0].params, known.whole.params)


@pytest.mark.parametrize("file", ["curves.npz", "params.npz"])
@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_part_that_is_damaged_is_trained_again(trainer, tmp_path, file, damage):
    known = trainer()
    run = train(tmp_path, PLAN, runs_at_once=6)
    (part, _) = interim.parts(run.path)
    (part / file).unlink() if damage is None else (part / file).write_bytes(damage)
    assert not gathered(run, PLAN)[0].trained.all()
    train(tmp_path, PLAN, runs_at_once=6)
    assert known.times.sum() == PLAN.n_runs + 6
    assert_same(gathered(run, PLAN)[0].valid, known.whole.valid)


def some(settings=slice(None), seeds=slice(None)):
    return PLAN.part(np.arange(3)[settings], np.arange(4)[seeds])


@pytest.mark.parametrize(
    ("before", "n_new"),
    [
        ([some(seeds=slice(3))], 3),  # a seed more
        ([some(settings=slice(0, 3, 2))], 4),  # a setting more
        ([some(slice(2), slice(1)), some(slice(1, 3), slice(2, 4))], 6),
        ([some(slice(1)), some(seeds=slice(1))], 6),  # one run is in both
        ([PLAN._replace(seeds=(2, 7, 5), hypers=PLAN.hypers.at(np.array([2, 1])))], 8),  # others, and another order
    ],
)
@pytest.mark.parametrize("state", ["finished", "interrupted", "shards"])
def test_finished_runs_are_taken_wherever_they_lie(trainer, tmp_path, before, n_new, state):
    everything = PLAN._replace(seeds=(*PLAN.seeds, 7))
    known = trainer(everything)
    for plan in before:
        for i in range(2 if state == "shards" else 1):
            shard = Shard(i, 2) if state == "shards" else WHOLE
            train(tmp_path, plan, shard, reuse=False, finish=state == "finished")
    known.times[:] = 0
    said.clear()
    run = train(tmp_path, PLAN)
    assert known.times.sum() == n_new
    assert np.all(known.times <= 1)
    whole, taken = gathered(run, PLAN, reuse=True)
    assert_same(whole.params, jax.tree.map(lambda a: a[:, :4], known.whole.params))
    names = {f"coarse_search/{plan.digest}" for plan in before}
    assert taken.keys() == names
    assert sum(taken.values()) == PLAN.n_runs - n_new
    assert f"{PLAN.n_runs - n_new} of its 12 runs are there already, in" in said[0]
    assert all(name in said[0] for name in names)


def test_shards_take_them_too_and_share_the_rest(trainer, tmp_path):
    known = trainer()
    train(tmp_path, some(slice(1)), finish=True)
    known.times[:] = 0
    for i in range(3):
        run = train(tmp_path, PLAN, Shard(i, 3))
    assert known.times.tolist() == [[0] * 4, [1] * 4, [1] * 4]
    assert training.missing(PLAN, gathered(run, PLAN, reuse=True)[0], 3) == []


def other(**changes):
    return PLAN._replace(config=PLAN.config.__class__(**{**vars(PLAN.config), **changes}), seeds=PLAN.seeds[:2])


@pytest.mark.parametrize(
    "plan",
    [
        other(n_batch=5),
        other(eval_steps=(20, 40), n_s=11),
        without_test(some(seeds=slice(2))),
        some(seeds=slice(2))._replace(source=PLAN.source._replace(sha256="6" * 64)),
        with_momentum(PLAN)._replace(seeds=PLAN.seeds[:2]),
        with_snapshots(PLAN)._replace(seeds=PLAN.seeds[:2]),
    ],
    ids=["config", "schedule", "no test", "data", "momentum", "snapshots"],
)
def test_runs_that_differ_in_anything_else_are_not_taken(trainer, tmp_path, plan):
    trainer(plan)
    train(tmp_path, plan, finish=True)
    known = trainer()
    train(tmp_path, PLAN)
    assert np.all(known.times == 1)


def test_with_force_nothing_is_taken(trainer, tmp_path):
    known = trainer()
    train(tmp_path, some(seeds=slice(3)), finish=True)
    known.times[:] = 0
    run = train(tmp_path, PLAN, reuse=False)
    assert np.all(known.times == 1)
    assert gathered(run, PLAN)[1] == {}


def test_what_can_not_be_read_is_named_and_trained(trainer, tmp_path, capsys):
    known = trainer()
    there = train(tmp_path, some(seeds=slice(3)), finish=True)
    (there.path / "params.npz").write_bytes(b"PK")
    known.times[:] = 0
    train(tmp_path, PLAN)
    assert np.all(known.times == 1)
    assert f"nothing is taken from {there.path}: what it has is damaged" in capsys.readouterr().err


# Several sets of images held out

FOLDED = PLAN._replace(
    source=PLAN.source._replace(n_splits=2), folds=PLAN.source._replace(n_splits=2).split(DATASET), seeds=(5, 0, 11, 2)
)


def test_seeds_of_a_fold_are_trained_on_its_images(trainer, tmp_path):
    known = trainer(FOLDED)  # which looks that they are
    run = train(tmp_path, FOLDED)
    assert sorted(columns for _, columns in known.rectangles) == [[0, 2], [1, 3]]  # odd seeds, even ones
    assert_same(gathered(run, FOLDED)[0].train, known.whole.train)


def test_a_run_is_taken_where_the_same_images_were_held_out(trainer, tmp_path):
    trainer()
    train(tmp_path, PLAN, finish=True)
    known = trainer(FOLDED)
    train(tmp_path, FOLDED)
    assert known.times.sum(axis=0).tolist() == [3, 0, 3, 0]  # even seeds are of the first fold, as all are of one


# Races

LOOKS = (3, 4, 6)
RACE = PLAN._replace(seeds=tuple(range(6)), race=Race(LOOKS, margin=0.0))


@pytest.fixture
def raced(trainer):
    """A trainer whose first setting is far worse and whose second is worse by less than three seeds can show."""
    known = trainer(RACE._replace(race=None))
    noise = np.random.default_rng(0).normal(0, 0.003, (3, 6))
    known.whole.valid.accuracy[..., -1] = np.array([0.2, 0.505, 0.515])[:, None] + noise
    return known


def end_of(known):
    return race.follow(RACE.race, known.whole.scores, np.ones((3, 6), bool))


def test_a_race_trains_what_its_looks_leave(raced, tmp_path):
    run = train(tmp_path, RACE)
    state = end_of(raced)
    assert raced.times.sum(axis=1).tolist() == state.n_seeds.tolist() == [3, 6, 6]
    whole, _ = gathered(run, RACE)
    np.testing.assert_array_equal(whole.trained, raced.times == 1)
    assert np.all(np.isnan(whole.params[0].W[0, 3:]))
    assert training.missing(RACE, whole, 1) == []


@pytest.mark.parametrize("die_after", [1, 2, 3, 4])
def test_a_race_that_is_killed_decides_the_same(raced, tmp_path, die_after):
    raced.die_after = die_after
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, RACE, runs_at_once=3)
    raced.die_after = np.inf
    run = train(tmp_path, RACE, runs_at_once=3)
    assert raced.times.max() == 1
    np.testing.assert_array_equal(gathered(run, RACE)[0].trained, np.arange(6) < end_of(raced).n_seeds[:, None])


def test_shards_of_a_race_go_on_when_a_look_is_complete(raced, tmp_path):
    for _ in LOOKS:
        for i in range(2):
            run = train(tmp_path, RACE, Shard(i, 2))
    assert raced.times.max() == 1
    whole, _ = gathered(run, RACE)
    np.testing.assert_array_equal(whole.trained, np.arange(6) < end_of(raced).n_seeds[:, None])
    assert training.standing(RACE, whole).startswith("the race is over after look 3 of 3")


def test_a_race_takes_runs_and_has_only_those_that_it_needs(raced, tmp_path):
    train(tmp_path, RACE._replace(race=None), finish=True)
    raced.times[:] = 0
    run = train(tmp_path, RACE)
    assert raced.times.sum() == 0
    whole, taken = gathered(run, RACE, reuse=True)
    assert whole.trained.sum(axis=1).tolist() == [3, 6, 6]
    assert sum(taken.values()) == 15


def test_shards_that_a_look_leaves_nothing_have_nothing_to_do(raced, tmp_path):
    for _ in LOOKS:
        for i in range(3):  # more than there are runs in the second look
            run = train(tmp_path, RACE, Shard(i, 3))
    assert training.missing(RACE, gathered(run, RACE)[0], 3) == []
