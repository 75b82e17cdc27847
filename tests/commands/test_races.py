"""Races and searches that grow, as whole commands."""

import json

from dd2424_jax.runs import interim
from tests.commands.scripts import TINY, kill_here, numbers, once, run
from tests.commands.stubs import figures_as_text, untrained
from tests.commands.test_interruptions import assert_same_run

SEARCH = [*(flag for flag in TINY if not flag.startswith("--n_seeds")), "--lam=0.001,0.1,1,100"]
RACE = [*SEARCH, "--race", "--looks=3,4", "--margin=0"]


def uninterrupted(tmp_path_factory):
    """The race's run directory."""
    with figures_as_text():
        return once(tmp_path_factory, "race", lambda cwd: run("coarse_search", *RACE, cwd=cwd)[0])


def test_a_race_that_is_killed_decides_and_ends_the_same(tmp_path, tmp_path_factory):
    with figures_as_text():
        kill_here("coarse_search", *RACE, cwd=tmp_path, n_checkpoints=4)  # in its second look
        (path,) = (tmp_path / "results" / "coarse_search").iterdir()
        assert interim.parts(path)
        resumed, done = run("coarse_search", *RACE, cwd=tmp_path)
    assert resumed == path
    assert "look 2 of 2, 4 seeds" in done.stderr
    assert_same_run(path, uninterrupted(tmp_path_factory))


def test_seeds_and_settings_are_added_and_a_race_takes_what_there_is(tmp_path):
    with figures_as_text(), untrained():
        three, _ = run("coarse_search", *SEARCH, "--n_seeds=3", cwd=tmp_path)
        four, done = run("coarse_search", *SEARCH, "--lam=0.01", "--n_seeds=4", cwd=tmp_path)
        assert f"12 of its 20 runs are there already, in coarse_search/{three.name}" in done.stderr
        raced, done = run("coarse_search", *RACE, cwd=tmp_path)
    assert "updates, " not in done.stderr.replace("12 updates each", "")  # nothing is trained
    taken = json.loads((raced / "config.json").read_text())["taken"]
    assert taken == {f"coarse_search/{four.name}": len(numbers(raced))}  # the newest that has them


def test_the_final_model_follows_a_race_with_seeds_of_its_own(tmp_path):
    with figures_as_text(), untrained():
        raced, _ = run("fine_search", *RACE, cwd=tmp_path)
        run("final_model", *TINY, f"--search={raced}", cwd=tmp_path)
    fresh = json.loads((tmp_path / "results" / "fresh_score" / "latest" / "config.json").read_text())["identity"]
    assert (fresh["race"], fresh["seeds"]) == (None, [1000, 1001])


def test_after_sets_that_were_held_out_each_has_as_many_fresh_seeds(tmp_path):
    with figures_as_text(), untrained():
        split, _ = run("fine_search", *SEARCH, "--n_seeds=6", "--n_splits=3", cwd=tmp_path)
        run("final_model", *TINY, f"--search={split}", cwd=tmp_path)
    fresh = json.loads((tmp_path / "results" / "fresh_score" / "latest" / "config.json").read_text())["identity"]
    assert fresh["seeds"] == [1000, 1001, 1002]
