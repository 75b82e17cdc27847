"""Coarse search, fine search, final model: each takes from the one before what it needs."""

import csv
import json

import numpy as np
import pytest
from scipy import stats

from dd2424_jax import sweep
from dd2424_jax.reporting import r3
from tests.commands.scripts import TINY, fails, once, planned, run
from tests.commands.stubs import figures_as_text, untrained

COARSE = ["--lam=0.001,0.01,0.1,1"]
JOINT = ["--lam=0.01,0.1,1", "--lr_max=0.02,0.05", "--grid"]  # without the default


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
    with figures_as_text():
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


def test_a_search_names_its_choice_and_what_is_indistinguishable_from_it(chain):
    for path, done in chain[1:3]:
        choice = summary(path)["choice"]
        means = {setting["lam"]: setting["valid_accuracy"]["mean"] for setting in summary(path)["settings"]}
        assert means[choice["lam"]] == max(means.values())
        assert choice["best"] in choice["indistinguishable"]
        assert choice["one_se_lam"] >= choice["lam"]
        assert f"chosen: λ = {choice['lam']:.3g}." in choice["words"][0]
        assert all(sentence in done.stdout for sentence in choice["words"])
        assert any("WARNING: 2 seeds can't show" in sentence for sentence in choice["words"])


def test_the_final_model_has_the_fine_searchs_lam_and_fresh_seeds(chain):
    cwd, _, (fine, _), (final, done) = chain
    lam = summary(fine)["choice"]["lam"]
    (setting,) = summary(final)["settings"]
    assert setting["lam"] == lam
    assert flags(final)["search"] == f"fine_search/{fine.name}"
    fresh = (cwd / "results" / "fresh_score" / "latest").resolve()
    of_fine, of_fresh = (json.loads((path / "config.json").read_text())["identity"] for path in (fine, fresh))
    assert of_fresh["config"] == of_fine["config"]
    assert of_fresh["dataset"] == of_fine["dataset"]
    assert of_fresh["hypers"]["lam"] == [lam]
    assert of_fresh["seeds"] == [1000, 1001]
    compared = summary(final)["search"]
    searched, again = scores(fine, lam), scores(fresh, lam)
    assert compared["selection_bias"]["mean"] == pytest.approx(np.mean(searched) - np.mean(again))
    interval = stats.ttest_ind(searched, again, equal_var=False).confidence_interval()
    assert compared["selection_bias"]["ci95"] == pytest.approx(interval)
    assert "search minus fresh, points" in done.stdout
    assert f"{100 * abs(compared['selection_bias']['mean']):.2f} points" in done.stdout


def test_published_searches_are_drawn_over_a_finished_search_without_training(chain, monkeypatch):
    cwd, (coarse, _), *_ = chain
    monkeypatch.setattr(sweep, "run", None)  # whoever trains fails
    monkeypatch.setattr(r3, "can_overlay", lambda _: True)  # on other images
    files = ("search.png", "runs.csv", "curves.npz")
    before = {name: (coarse / name).read_bytes() for name in files}
    stamp = (coarse / "summary.json").stat().st_mtime_ns
    drawn = {}
    for flag in ("--published", "--nopublished"):
        with figures_as_text():
            path, _ = run("coarse_search", *COARSE, *TINY, flag, cwd=cwd)
        assert path == coarse
        drawn[flag] = {name: (coarse / name).read_bytes() for name in files}
    assert drawn["--nopublished"] == before
    assert drawn["--published"].pop("search.png") != before.pop("search.png")
    assert drawn["--published"] == before
    assert (coarse / "summary.json").stat().st_mtime_ns == stamp  # no newer than it is


@pytest.fixture(scope="module")
def joint(tmp_path_factory):
    """A search for λ and the learning rate, and what follows it."""
    scripts = (("coarse_search", *JOINT), ("fine_search", "--n_lam=2", "--optimizer=sgd"), ["final_model"])
    with figures_as_text(), untrained():
        return once(tmp_path_factory, "joint", lambda cwd: [run(*script, *TINY, cwd=cwd) for script in scripts])


def test_a_joint_search_tries_all_pairs_and_chooses_one(joint):
    (coarse, done), *_ = joint
    settings = summary(coarse)["settings"]
    pairs = [(lam, lr) for lam in (0.01, 0.1, 1.0) for lr in (0.02, 0.05)]
    assert [(setting["lam"], setting["lr_max"]) for setting in settings] == pairs
    best = max(settings, key=lambda setting: setting["valid_accuracy"]["mean"])
    choice = summary(coarse)["choice"]
    assert choice["best"] == {name: best[name] for name in ("lam", "lr_min", "lr_max")}
    assert "| λ    | η_max |" in done.stdout
    assert f"chosen: λ = {best['lam']:g}, η_max = {best['lr_max']:g}." in done.stdout


def test_what_follows_a_joint_search_has_its_pair(joint):
    (coarse, _), (fine, _), (final, _) = joint
    lr = summary(coarse)["choice"]["best"]["lr_max"]
    assert {setting["lr_max"] for setting in summary(fine)["settings"]} == {lr}
    best = summary(fine)["choice"]["best"]
    (setting,) = summary(final)["settings"]
    assert {name: setting[name] for name in best} == best
    assert flags(fine)["search"] == f"coarse_search/{coarse.name}"
    assert flags(final)["search"] == f"fine_search/{fine.name}"


def test_a_range_that_is_given_leaves_the_rest_to_the_search_that_is_named(joint, tmp_path):
    (coarse, _), *_ = joint
    given = ["--lam_min=0.001", "--lam_max=0.1", "--n_lam=2", f"--search={coarse}"]
    chosen = summary(coarse)["choice"]["best"]["lr_max"]
    assert set(planned("fine_search", *TINY, *given, cwd=tmp_path).hypers.lr_max) == {chosen}


def test_a_search_of_another_directory_is_followed_and_what_follows_it_too(joint, tmp_path):
    (coarse, _), *_ = joint
    lr = summary(coarse)["choice"]["best"]["lr_max"]
    with figures_as_text(), untrained():
        run("coarse_search", *TINY, "--lam=0.1", "--lr_max=0.3", f"--name={coarse.name}", cwd=tmp_path)
        run("fine_search", *TINY, "--n_lam=2", f"--search={coarse}", cwd=tmp_path)
        final, _ = run("final_model", *TINY, cwd=tmp_path)
    assert [setting["lr_max"] for setting in summary(final)["settings"]] == [lr]


@pytest.mark.parametrize(
    ("script", "given", "says"),
    [
        ("final_model", ["--seed=1"], "seed 1 was used by a search: choose a --seed above 1"),
        ("final_model", ["--hidden=7"], "no finished fine_search in results on the same data with the same hidden"),
        ("final_model", ["--optimizer=adam"], "no finished fine_search in results on the same data with the same"),
        ("final_model", ["--lam=0.1,0.2"], "the final model has one setting, not λ = 0.1; λ = 0.2"),
        ("final_model", ["--search=nowhere"], "--search=nowhere is no finished run's directory; give --lam"),
        (
            "final_model",
            ["--search=results/fine_search/latest", "--lr_max=0.3"],
            "tried --lr_max=0.1: leave that to it",
        ),
        ("fine_search", ["--search=nowhere", "--lam_min=0.1", "--lam_max=1"], "--search=nowhere is no finished run's"),
        (
            "fine_search",
            ["--search=results/coarse_search/latest", "--optimizer=adam"],
            "was with --optimizer=sgd",
        ),
        ("fine_search", ["--hidden=7"], "run make coarse-search first, with the same ARGS, or give --lam_min"),
        ("fine_search", ["--lr_max=0.3"], "run make coarse-search first, with the same ARGS, or give --lam_min"),
        ("fine_search", ["--lam_min=0.2", "--lam_max=0.1"], "lam_min=0.2 exceeds lam_max=0.1"),
        ("final_model", ["--lam=0.2", "--rule=one_se"], "give --lam, or leave it to a search"),
        ("fine_search", ["--lam=0.2", "--n_lam=3"], "give --lam, or a range by --lam_min"),
        (
            "fine_search",
            ["--lam=0.2", "--lam_max=0.1"],
            "give --lam, or a range by --lam_min, --lam_max",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(chain, script, given, says):
    assert says in fails(script, *TINY, *given, cwd=chain[0])


def test_a_preset_is_another_grid(tmp_path):
    plan = planned("coarse_search", *TINY[:-2], "--preset=decades", "--n_evals=1", cwd=tmp_path)
    assert plan.hypers.lam.tolist() == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert plan.config.eval_steps == (12,)
    longer = planned("coarse_search", *TINY, "--preset=decades", "--n_cycles=2", "--n_evals=1", cwd=tmp_path)
    assert longer.config.eval_steps == (12, 24)  # what is given outweighs it


def test_a_grid_of_lams_is_spaced_evenly(tmp_path):
    given = ["--lam_min=0.001", "--lam_max=0.1", "--n_lam=3", "--draw=grid"]
    assert planned("fine_search", *TINY, *given, cwd=tmp_path).hypers.lam.tolist() == [0.001, 0.01, 0.1]


def test_searches_of_other_seeds_try_the_same_lams(tmp_path):
    def lams(flag):
        given = ["--lam_min=0.001", "--lam_max=0.1", "--n_lam=3", flag]
        return planned("fine_search", *TINY, *given, cwd=tmp_path).hypers.lam.tolist()

    assert lams("--seed=0") == lams("--seed=5") != lams("--draw_seed=1")
