"""The list of runs, runs compared, and searches put together."""

import csv
import io
import json
import re
import shutil

import pytest

from tests.commands.scripts import TINY, call_here, fails, once, run
from tests.commands.stubs import figures_as_text, untrained

SEARCHES = (["--seed=2"], ["--seed=0"], ["--seed=8", "--hidden=7"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The directory, and three searches and an exercise in it."""

    def make(cwd):
        searches = [run("coarse_search", *TINY, *given, cwd=cwd)[0] for given in SEARCHES]
        return cwd, *searches, run("exercise3", *TINY, cwd=cwd)[0]

    with untrained(), figures_as_text():
        return once(tmp_path_factory, "runs", make)


def listed(cwd, *given):
    done = call_here("runs", *given, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_list_says_of_every_run_what_it_is(made):
    cwd, _, _, wide, _ = made
    said = listed(cwd, "--experiment=coarse_search")
    (row,) = [line for line in said.splitlines() if wide.name in line]
    for cell in ("| coarse_search |", "| synthetic |", "8 to 9 |", "% validation |", "| finished |", "hidden=7"):
        assert cell in row
    assert "exercise3" not in said
    assert said.startswith("3 runs")


def test_it_is_filtered_and_made_for_programs_too(made):
    cwd, _, _, wide, exercise = made
    records = json.loads(listed(cwd, "--where=hidden=7", "--where=n_s=6", "--format=json"))
    assert [record["run"] for record in records] == [wide.name]
    assert records[0]["seeds"] == [8, 9]
    rows = list(csv.DictReader(io.StringIO(listed(cwd, "--experiment=exercise3", "--format=csv"))))
    assert [(row["run"], row["split"], row["state"]) for row in rows] == [(exercise.name, "test", "finished")]


def test_runs_are_compared(made):
    cwd, one, _, wide, _ = made
    with figures_as_text():
        path, done = run("runs", "compare", one.name, f"coarse_search/{wide.name}", cwd=cwd)
    assert f"| hidden | {'50'.rjust(len(one.name) + 14)} |" in done.stdout
    assert f"Minus coarse_search/{one.name}" in done.stdout
    assert done.stdout.count("Welch |") == 8
    assert {file.name for file in path.iterdir()} >= {"table.md", "comparison.png", "summary.json"}
    assert run("runs", "compare", one.name, wide.name, cwd=cwd)[1].stdout == done.stdout
    with figures_as_text():
        assert f"Minus coarse_search/{wide.name}" in run("runs", "compare", wide.name, one.name, cwd=cwd)[1].stdout
    assert "is named twice" in fails("runs", "compare", one.name, one.name, cwd=cwd)


def test_a_setting_is_named_by_what_varies_and_a_constant_rate_is_one(made):
    cwd, one, _, _, exercise = made
    with figures_as_text(), untrained():
        constant = run("assignment1", *TINY[:5], "--n_epochs=1", "--lam=0.01", cwd=cwd)[0]  # of no other test
        said = run("runs", "compare", constant.name, exercise.name, cwd=cwd)[1].stdout
        assert f"η = 0.001, assignment1/{constant.name}" in said
        assert f"η_min = 1e-05, η_max = 0.1, exercise3/{exercise.name}" in said
        said = run("runs", "compare", one.name, exercise.name, cwd=cwd)[1].stdout
    assert re.search(rf"λ = \S+, coarse_search/{one.name}", said)


def test_runs_of_the_same_name_are_named_by_their_paths(made, tmp_path):
    cwd, one, *_ = made
    shutil.copytree(one, tmp_path / "coarse_search" / one.name)
    with figures_as_text():
        said = run("runs", "compare", str(one), f"{tmp_path}/coarse_search/{one.name}", cwd=cwd)[1].stdout
    assert f"Minus {one}, " in said


def test_joined_searches_are_the_run_of_all_their_seeds(made, tmp_path):
    there, later, first, _, _ = made
    cwd = shutil.copytree(there, tmp_path / "own", symlinks=True)  # the list of the others stays as it is
    with figures_as_text(), untrained():
        path, done = run("runs", "join", later.name, first.name, "--weights=none", cwd=cwd)
        assert "4 seeds; n_batch = 30; n_s = 6" in done.stdout
        assert not (path / "params.npz").exists()
        again, done = run("coarse_search", *TINY, "--n_seeds=4", cwd=cwd)
        assert "was finished" in done.stderr
        assert again == path
        run("fine_search", *TINY, "--n_seeds=4", cwd=cwd)  # follows it


def test_where_there_is_none_it_says_so(made, tmp_path):
    assert "results: there is no such folder" in fails("runs", cwd=tmp_path)
    (tmp_path / "results").mkdir()
    assert listed(tmp_path) == "none of the 0 runs in results is as asked for\n"
    assert listed(tmp_path, "--format=json") == "[]\n"
    assert listed(made[0], "--where=hidden=8").startswith("none of the ")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["frob"], "'frob' is none of list, compare, join"),
        (["compare"], "compare needs two runs"),
        (["join", "a"], "join needs two searches"),
        (["compare", "a", "b"], "a is no finished run: see the list"),
        (["--where=hidden"], "needs flag=value"),
        (["list", "a"], "list takes no 'a'"),
        (["compare", "a", "b", "--format=csv"], "--format is of list, not of compare"),
        (["--weights=none"], "--weights is of join, not of list"),
    ],
)
def test_what_makes_no_sense_is_one_line(tmp_path, given, says):
    assert says in fails("runs", *given, cwd=tmp_path)
