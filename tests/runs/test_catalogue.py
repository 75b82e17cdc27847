import os
import re

import numpy as np
import pytest

from dd2424_jax.io import checkpoints
from dd2424_jax.runs import catalogue, directory, parts
from dd2424_jax.runs.directory import ResultError
from tests.runs.examples import PLAN, outcome

ACCURACY = {"mean": 0.5, "sd": 0.1, "ci95": [0.4, 0.6]}
FLAGS = {"hidden": [100, 50], "lam": [0.0, 0.01], "loss": "hinge", "grid": False, "init": None}


def setting(lam, mean, *, diverged=0, **more):
    return {"lam": lam, "lr_min": 0.0, "lr_max": 0.1, "n_seeds": 4, "diverged": diverged} | {
        "valid_accuracy": {**ACCURACY, "mean": mean},
        **more,
    }


def begun(out_dir, seeds=(1,), experiment="coarse_search", **facts):
    facts = {"flags": FLAGS, "changed": {}, "dataset": PLAN.dataset, **facts}
    plan = PLAN._replace(experiment=experiment, seeds=seeds)
    return directory.open_run(out_dir, experiment, plan.identity(), facts)


def finished(out_dir, *settings, seeds=(1,), experiment="coarse_search", when=1, **summary):
    with begun(out_dir, seeds, experiment) as run:
        run.finish({"settings": settings, **summary})
    os.utime(run.path / "summary.json", (when, when))
    return run.path


def test_all_runs_are_there_the_newest_first(tmp_path):
    old = finished(tmp_path, when=1, seeds=(7, 8))
    new = finished(tmp_path, when=3, experiment="exercise3")
    middle = finished(tmp_path, when=2, seeds=(5,))
    (tmp_path / "notes").mkdir()
    entries = catalogue.entries(tmp_path)
    assert [entry.path for entry in entries] == [new, middle, old]
    assert [entry.state for entry in entries] == ["finished"] * 3
    assert [list(entry.seeds) for entry in entries] == [[1], [5], [7, 8]]
    assert {entry.dataset for entry in entries} == {"tiny"}


def test_a_latest_that_leads_nowhere_is_mended(tmp_path):
    path = finished(tmp_path)
    (tmp_path / "coarse_search" / "latest").unlink()
    (tmp_path / "coarse_search" / "latest").symlink_to("removed")
    catalogue.entries(tmp_path)
    assert (tmp_path / "coarse_search" / "latest").resolve() == path


def test_of_what_is_not_finished_it_is_said_how_far_it_is(tmp_path):
    with begun(tmp_path, seeds=(1,)):
        pass
    with begun(tmp_path, seeds=(2,)) as run:
        checkpoints.save(run.path / "checkpoint-001.npz", "", step=np.array(20))
    with begun(tmp_path, seeds=(3, 4)) as run:
        for folder, seed in ((run.path, 3), (run.path / "shard-1-of-12", 4)):
            folder.mkdir(exist_ok=True)
            part = PLAN._replace(seeds=(seed,))
            parts.write(folder, part, outcome(part))
        checkpoints.save(run.path / "checkpoint-001.npz", "", step=np.array(20))
    states = {entry.seeds[0]: entry.state for entry in catalogue.entries(tmp_path)}
    assert states == {1: "begun", 2: "update 20 of 40", 3: "6 of 6 runs, update 20 of 40"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", None])
def test_a_checkpoint_that_is_damaged_is_as_if_there_were_none(tmp_path, content):
    with begun(tmp_path) as run:
        (run.path / "shard-x-of-y").mkdir()
        if content is None:
            checkpoints.save(run.path / "checkpoint-000.npz", "", step=np.arange(2))
        else:
            (run.path / "checkpoint-000.npz").write_bytes(content)
    assert [entry.state for entry in catalogue.entries(tmp_path)] == ["begun"]


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path):
    (tmp_path / "e" / "run" / "config.json").mkdir(parents=True)
    (entry,) = catalogue.entries(tmp_path)
    assert entry.state.startswith("damaged: ")


@pytest.mark.parametrize("file", ["config.json", "summary.json"])
def test_what_is_damaged_is_listed_as_that(tmp_path, file):
    path = finished(tmp_path)
    (path / file).write_text("{")
    (entry,) = catalogue.entries(tmp_path)
    assert entry.state.startswith("damaged: ")
    assert catalogue.headline(entry) is None


@pytest.mark.parametrize(
    ("flag", "text", "has"),
    [
        ("hidden", "100,50", True),
        ("hidden", "100", False),
        ("lam", "0,1e-2", True),
        ("loss", "hinge", True),
        ("loss", "softmax", False),
        ("grid", "false", True),
        ("grid", "0", False),
        ("nothing", "1", False),
        ("nothing", "", False),
    ],
)
def test_a_flag_is_compared_as_it_is_typed(tmp_path, flag, text, has):
    finished(tmp_path)
    (entry,) = catalogue.entries(tmp_path)
    assert entry.has(flag, text) is has


@pytest.mark.parametrize(
    ("settings", "summary", "lam", "split", "mean"),
    [
        ([setting(0.0, 0.5), setting(0.1, 0.6)], {}, 0.1, "valid", 0.6),
        ([setting(0.0, 0.5), setting(0.1, 0.6, diverged=1)], {}, 0.0, "valid", 0.5),
        ([setting(0.0, 0.5), setting(0.1, 0.6)], {"choice": {"best": {"lam": 0.0}}}, 0.0, "valid", 0.5),
        ([setting(0.0, 0.5, test_accuracy={**ACCURACY, "mean": 0.4})], {"choice": None}, 0.0, "test", 0.4),
    ],
)
def test_the_headline_is_of_the_chosen_or_the_best_on_validation(tmp_path, settings, summary, lam, split, mean):
    finished(tmp_path, *settings, **summary)
    headline = catalogue.headline(catalogue.entries(tmp_path)[0])
    assert (headline.setting["lam"], headline.split, headline.accuracy.mean) == (lam, split, mean)
    assert headline.accuracy.n == 4


def test_where_all_diverged_there_is_no_headline(tmp_path):
    finished(tmp_path, setting(0.0, None, diverged=4))
    assert catalogue.headline(catalogue.entries(tmp_path)[0]) is None


def test_a_run_is_found_by_every_name_that_it_has(tmp_path, monkeypatch):
    path = finished(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in (path, path.name, f"coarse_search/{path.name}", "coarse_search/latest", "coarse_search"):
        assert catalogue.find(str(name), tmp_path) == path
    finished(tmp_path, experiment="exercise3")
    for name, says in (("nothing", "see the list"), ("latest", "several: "), ("a**b", "see the list"), ("*", "see")):
        with pytest.raises(ResultError, match=f"{re.escape(name)} is no finished run: {says}"):
            catalogue.find(name, tmp_path)
