import dataclasses
import itertools
import os
import re

import numpy as np
import pytest

from dd2424_jax import losses, optimizers
from dd2424_jax.runs import directory, previous
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.previous import Wanted
from tests.runs.examples import CONFIG, DATASET, HYPERS, PLAN, SOURCE

WANTED = Wanted(CONFIG, DATASET, {"lr_min": [1e-3], "lr_max": [0.7]}, given=[])
BEST = {"lam": 0.01, "lr_min": 1e-3, "lr_max": 0.2}
ACCURACY = {"mean": 0.5, "sd": 0.1, "ci95": [0.4, 0.6]}
SETTINGS = [{**BEST, "n_seeds": 4, "diverged": 1, "valid_accuracy": ACCURACY}]
CHOICE = {"best": BEST, "one_se": BEST, "lam": 0.01, "one_se_lam": 0.01, "indistinguishable": [BEST]}
SUMMARY = {"choice": {**CHOICE, "expected_selection_bias": None}, "settings": SETTINGS}


@pytest.fixture
def search(tmp_path, monkeypatch):
    """Makes finished searches, each newer than those before, in results/; their paths."""
    monkeypatch.chdir(tmp_path)
    times = itertools.count(1)

    def finish(plan=PLAN, summary=SUMMARY, out_dir="results", **facts):
        with directory.open_run(out_dir, plan.experiment, plan.identity(), facts) as run:
            run.finish(summary)
        os.utime(run.path / "summary.json", (next(times),) * 2)
        return run.path

    return finish


def find(wanted=WANTED, path=None):
    return previous.find("coarse_search", "results", wanted, path=path, instead="give --lam")


def config(**changes):
    return PLAN._replace(config=dataclasses.replace(CONFIG, **changes))


def hypers(**changes):
    return PLAN._replace(hypers=HYPERS._replace(**changes))


# Which is followed


def test_of_the_searches_that_fit_the_newest_is_followed(search):
    search(PLAN._replace(seeds=(7,)))
    newest = search()
    search(config(sizes=(12, 3)))
    search(PLAN._replace(experiment="fine_search"))
    search(PLAN._replace(seeds=(8,)), {"settings": SETTINGS})  # of an experiment that chooses nothing
    followed = find()
    assert followed.path == newest
    assert followed.name == f"coarse_search/{newest.name}"
    assert followed.choice == SUMMARY["choice"]
    assert followed.values("lr_max") == {0.1, 0.2}
    assert followed.values("momentum") == set()


@pytest.mark.parametrize(
    "plan",
    [
        config(eval_steps=(7,), n_s=3),
        PLAN._replace(seeds=(1, 2)),
        PLAN._replace(source=SOURCE._replace(n_train=10)),
        hypers(lam=HYPERS.lam * 2),
    ],
    ids=["length", "seeds", "images", "lam"],
)
def test_a_search_may_differ_in_what_a_setting_is_not_chosen_for(search, plan):
    path = search(plan)
    assert find().path == path
    assert find(path=path).path == path.resolve()


@pytest.mark.parametrize(
    "plan",
    [
        config(sizes=(12, 6, 3)),
        config(init_std=0.1),
        config(n_batch=5),
        config(loss=losses.hinge),
        config(optimizer=optimizers.adam),
        PLAN._replace(source=SOURCE._replace(sha256="6" * 64)),
        hypers(lr_min=HYPERS.lr_min / 2),
    ],
    ids=["sizes", "init_std", "n_batch", "loss", "optimizer", "data", "lr_min"],
)
def test_a_search_for_something_else_is_not_followed(search, plan):
    search(plan)
    with pytest.raises(ResultError, match=r"no finished coarse_search in results .*make coarse-search .*give --lam"):
        find()


@pytest.mark.parametrize(
    ("searched", "wanted", "given", "fits"),
    [
        ([0.1, 0.2, 0.2], [0.7], [], True),  # it varied the rate, and so has chosen one
        ([0.1, 0.2, 0.2], [0.7], ["lr_max"], False),
        ([0.1, 0.2, 0.2], [0.2], ["lr_max"], False),
        ([0.1, 0.2, 0.2], [0.2, 0.1], ["lr_max"], True),
        ([0.7, 0.7, 0.7], [0.7], [], True),  # the default, here as there
        ([0.2, 0.2, 0.2], [0.7], [], False),
    ],
)
def test_the_command_lines_values_must_be_those_that_a_search_tried(search, searched, wanted, given, fits):
    path = search(hypers(lr_max=np.array(searched)))
    values = {"lr_min": [1e-3], "lr_max": wanted}
    assert WANTED._replace(values=values, given=given).fits(previous.read(path)) == fits


# What can't be followed


@pytest.mark.parametrize(
    ("plan", "summary", "says"),
    [
        (PLAN, {"settings": SETTINGS}, "is no search for λ; give --lam"),
        (PLAN._replace(source=SOURCE._replace(sha256="6" * 64)), SUMMARY, "was on other data; give --lam"),
        (PLAN, {**SUMMARY, "choice": None}, "every run of .* diverged; give --lam"),
    ],
)
def test_a_directory_that_is_named_must_be_a_searchs(search, plan, summary, says):
    with pytest.raises(ResultError, match=says):
        find(path=search(plan, summary))


def test_what_a_search_took_from_another_was_chosen_too(search):
    one_rate = hypers(lr_max=np.full(3, 0.2))
    wanted = WANTED._replace(values={"lr_min": [1e-3], "lr_max": [0.1]})
    assert not wanted.fits(previous.read(search(one_rate)))
    followed = {**SUMMARY, "choice": {**SUMMARY["choice"], "followed": ["lr_max"]}}
    follower = previous.read(search(one_rate._replace(seeds=(7, 8)), followed))
    assert wanted.fits(follower)
    assert not wanted._replace(given=["lr_max"]).fits(follower)


def test_a_search_of_another_extent_is_not_followed_unless_it_is_named(search):
    real = search(PLAN._replace(seeds=(7,)), flags={"n_s": 900, "n_seeds": 3}, changed={"seed": 7})
    toy = search(flags={"n_s": 10, "n_seeds": 3}, changed={"n_s": 10})
    assert find().path == real
    assert find(WANTED._replace(extent={"n_s": 10})).path == toy
    assert find(path=toy).path.samefile(toy)
    with pytest.raises(ResultError, match=r"n_s, .*: run make coarse-search first, .* or name another by --search"):
        find(WANTED._replace(extent={"n_seeds": 5}))


def test_a_search_says_when_it_was_finished(search):
    assert re.fullmatch(r"results/coarse_search/\w+, finished 1970-01-0\d \d\d:\d\d", str(previous.read(search())))


def test_a_directory_that_is_named_must_be_finished(search):
    (path := search()).joinpath("summary.json").unlink()
    for unfinished in (path, "nowhere"):
        with pytest.raises(ResultError, match=f"--search={unfinished} is no finished run's directory; give --lam"):
            find(path=unfinished)


@pytest.mark.parametrize("file", ["config.json", "summary.json"])
def test_a_damaged_search_is_named(search, file):
    (path := search()).joinpath(file).write_text("{")
    with pytest.raises(ResultError, match=f"{file} is damaged[;:] remove"):
        find(path=path)


@pytest.mark.parametrize("file", ["config.json", "summary.json"])
def test_a_damaged_search_is_left_out_and_blocks_no_other(search, capsys, file):
    older = search(PLAN._replace(seeds=(7,)))
    (path := search()).joinpath(file).write_text("{")
    assert find().path == older
    assert f"left out: {path}/{file} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "summary",
    [
        {**SUMMARY, "choice": 3},
        {**SUMMARY, "choice": {"best": BEST}},
        {**SUMMARY, "settings": []},
        {**SUMMARY, "settings": [{**BEST, "valid_accuracy": 0.5}]},
    ],
)
def test_a_search_that_lacks_what_is_read_of_it_is_of_another_version(search, capsys, summary):
    path = search(summary=summary)
    with pytest.raises(ResultError, match="is of another version of this program"):
        find(path=path)
    older = search(PLAN._replace(seeds=(7,)))
    assert find().path == older
    assert "left out" in capsys.readouterr().err


@pytest.mark.parametrize("changes", [{"sizes": (12, 7, 3)}, {"n_batch": 8}])
def test_a_directory_that_is_named_must_be_of_what_the_command_line_says(search, changes):
    path = search(config(**changes))
    assert find(path=path).path.samefile(path)
    with pytest.raises(ResultError, match=r"was with another --(hidden|n_batch): give that, or give --lam"):
        find(WANTED._replace(given=["hidden", "n_batch"]), path=path)


# Scores and seeds


def test_a_score_is_of_the_seeds_that_converged():
    twice = {**SUMMARY, "settings": SETTINGS * 2}  # where a command line has a λ twice
    for summary in (SUMMARY, twice):
        assert previous.score(summary, BEST) == (3, 0.5, 0.1, 0.4, 0.6)


def test_a_score_of_one_seed_has_no_interval(search):
    lone = {**BEST, "n_seeds": 1, "diverged": 0, "valid_accuracy": {"mean": 0.5, "sd": None, "ci95": [None, None]}}
    score = previous.read(search(summary={**SUMMARY, "settings": [lone]})).score(BEST)
    assert score[:2] == (1, 0.5)
    assert np.isnan(score[2:]).all()


def test_seeds_that_a_search_has_used_are_not_fresh(search):
    search(PLAN._replace(seeds=(3, 4)))
    search(PLAN._replace(seeds=(20,), experiment="fine_search"))
    search(PLAN._replace(seeds=(30,), experiment="final_model"))
    elsewhere = previous.read(search(PLAN._replace(seeds=(40,)), out_dir="others"))
    previous.check_fresh([0, 5, 21, 30, 40], "results", None)
    for seeds, followed, says in (
        ([5, 4, 3], None, "seed 3 was used by a search: choose a --seed above 20"),
        ([20], None, "seed 20 .* above 20"),
        ([40], elsewhere, "seed 40 .* above 40"),
    ):
        with pytest.raises(ResultError, match=says):
            previous.check_fresh(seeds, "results", followed)
