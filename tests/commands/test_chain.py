"""Coarse search, fine search, final model: each takes from the one before what it needs."""

import csv
import json

import numpy as np
import pytest
from scipy import stats

from tests.commands.scripts import TINY, fails, once, run

COARSE = ["--lam=0.001,0.01,0.1,1"]


def summary(path):
    return json.loads((path / "summary.json").read_text())


def flags(path):
    return json.loads((path / "config.json").read_text())["flags"]


def scores(path, lam):
    with open(path / "runs.csv") as file:
        return [float(row["valid_accuracy"]) for row in csv.DictReader(file) if float(row["lam"]) == lam]


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """The directory, and the run directories of all three and what they printed."""
    scripts = (("coarse_search", *COARSE), ["fine_search"], ["final_model"])
    return once(tmp_path_factory, "chain", lambda cwd: (cwd, *(run(*script, *TINY, cwd=cwd) for script in scripts)))


def test_the_fine_search_looks_round_what_the_coarse_one_chose(chain):
    _, (coarse, _), (fine, _), _ = chain
    choice = summary(coarse)["choice"]
    grid = np.array([1e-4, 0.001, 0.01, 0.1, 1, 10])
    lams = [setting["lam"] for setting in summary(fine)["settings"]]
    low, high = grid[grid < choice["lam"]][-1], grid[grid > max(choice["lam"], choice["one_se_lam"])][0]
    assert (flags(fine)["lam_min"], flags(fine)["lam_max"]) == pytest.approx((low, high))
    assert len(lams) == 10
    assert sorted(lams) == lams
    assert low <= lams[0] < lams[-1] <= high
    assert len(set(np.diff(np.log(lams)).round(6))) > 1  # drawn
    assert flags(fine)["search"] == f"coarse_search/{coarse.name}"


def test_a_search_names_its_choice_and_what_it_cannot_tell_apart(chain):
    for path, done in chain[1:3]:
        choice = summary(path)["choice"]
        means = {setting["lam"]: setting["valid_accuracy"]["mean"] for setting in summary(path)["settings"]}
        assert means[choice["lam"]] == max(means.values())
        assert choice["lam"] in choice["indistinguishable"]
        assert choice["one_se_lam"] >= choice["lam"]
        assert f"chosen: {choice['lam']:.3g}." in choice["words"][0]
        assert all(sentence in done.stdout for sentence in choice["words"])
        assert any("WARNING: with 2 seeds" in sentence for sentence in choice["words"])


def test_the_final_model_has_the_fine_searchs_lam_and_fresh_seeds(chain):
    cwd, _, (fine, _), (final, done) = chain
    lam = summary(fine)["choice"]["lam"]
    (setting,) = summary(final)["settings"]
    assert setting["lam"] == lam
    assert flags(final)["search"] == f"fine_search/{fine.name}"
    fresh = (cwd / "results" / "fresh_score" / "latest").resolve()
    assert flags(fresh)["seed"] == flags(final)["seed"] == 1000
    assert (flags(fresh)["n_cycles"], flags(fresh)["lam"]) == (flags(fine)["n_cycles"], flags(final)["lam"])
    found = summary(final)["search"]
    searched, again = scores(fine, lam), scores(fresh, lam)
    assert found["optimism"]["mean"] == pytest.approx(np.mean(searched) - np.mean(again))
    interval = stats.ttest_ind(searched, again, equal_var=False).confidence_interval()
    assert found["optimism"]["ci95"] == pytest.approx(interval)
    assert "search minus fresh, points" in done.stdout
    assert f"{100 * abs(found['optimism']['mean']):.2f} points" in done.stdout


@pytest.mark.parametrize(
    ("script", "given", "says"),
    [
        ("final_model", ["--seed=1"], "seed 1 was used by a search: choose a --seed above 1"),
        ("final_model", ["--hidden=7"], "no finished fine_search in results on the same data with the same hidden"),
        ("final_model", ["--lam=0.1,0.2"], "--lam=0.1,0.2: the final model has one λ"),
        ("final_model", ["--search=nowhere"], "--search=nowhere is no finished run's directory; give --lam"),
        ("fine_search", ["--hidden=7"], "run make coarse-search first, with the same ARGS, or give --lam_min"),
        ("fine_search", ["--lam_min=0.2", "--lam_max=0.1"], "lam_min=0.2 exceeds lam_max=0.1"),
    ],
)
def test_what_does_not_fit_is_one_line(chain, script, given, says):
    assert says in fails(script, *TINY, *given, cwd=chain[0])


def test_a_preset_is_another_grid(tmp_path):
    path, _ = run("coarse_search", *TINY, "--preset=decades", "--published", "--n_cycles=2", cwd=tmp_path)
    assert [setting["lam"] for setting in summary(path)["settings"]] == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert (flags(path)["preset"], flags(path)["n_cycles"]) == ("decades", 2)  # what is given outweighs it


def test_a_grid_of_lams_is_spaced_evenly(tmp_path):
    given = ["--lam_min=0.001", "--lam_max=0.1", "--n_lam=3", "--draw=grid", "--hidden=5,4"]
    path, _ = run("fine_search", *TINY, *given, cwd=tmp_path)
    assert [setting["lam"] for setting in summary(path)["settings"]] == [0.001, 0.01, 0.1]
    assert np.load(path / "params.npz")["W2"].shape == (3, 2, 4, 5)
