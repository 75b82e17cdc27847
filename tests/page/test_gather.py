"""Which of the finished runs is shown; there are no numbers in them."""

import pytest

from dd2424_jax.page import gather
from dd2424_jax.runs import directory
from dd2424_jax.runs.identity import code

VALUES = {"lam": [0.01], "n_seeds": 5, "race": False, "dataset": "auto"}


@pytest.fixture
def finish(tmp_path):
    """A run of exercise 3 with some values other than its own."""

    def made(name, words=(), dataset="cifar10", of=None, **changed):
        facts = {"flags": {**VALUES, **changed}, "changed": changed, "command": ["python", "exercise3.py", *words]}
        facts |= {"dataset": {"name": dataset, "sha256": dataset * 3}}
        identity = {"name": name, "code": of or code()}
        with directory.open_run(str(tmp_path), "exercise3", identity, facts, name=name) as run:
            if not run.finished:
                run.finish({})
        return run.path

    return made


def newest(tmp_path, *flags, **more):
    return gather.newest(tmp_path, "exercise3", flags, **more)


def test_it_is_found_by_its_values_however_they_were_given(tmp_path, finish):
    run = finish("run", ["--n_seeds", "7", "--lam=0.01", f"--out_dir={tmp_path}"], n_seeds=7)
    assert newest(tmp_path, "--n_seeds=7") == run
    assert newest(tmp_path, "--n_seeds=7", "--lam=0.01") == run  # 0.01 is its experiment's own
    assert newest(tmp_path) is None
    assert newest(tmp_path, "--n_seeds=8") is None
    race = finish("race", race=True, lam=[0.01, 0.1])
    assert newest(tmp_path, "--race", "--lam=0.01,0.1") == race
    assert newest(tmp_path, "--lam=0.01,0.1") is None
    assert gather.flags_of(directory.read_config(race)) == ["--race", "--lam=0.01,0.1"]


def test_it_is_found_by_how_it_was_asked_for_last(tmp_path, finish):
    run = finish("run", published=True)
    assert newest(tmp_path) is None
    assert finish("run") == run
    assert newest(tmp_path) == run
    assert newest(tmp_path, "--published") is None


def test_real_images_come_before_newer_ones_that_are_none(tmp_path, finish):
    real, _ = finish("real"), finish("other", dataset="synthetic")
    assert newest(tmp_path) == real
    assert newest(tmp_path, images="synthetic" * 3).name == "other"
    assert newest(tmp_path, images="none") is None


def test_it_is_of_its_own_script_and_code(tmp_path, finish):
    finish("old", of="another")
    assert newest(tmp_path).name == "old"
    assert newest(tmp_path, suits=gather.is_computed) is None
    now = finish("now")
    assert newest(tmp_path, suits=gather.is_computed) == now
    assert newest(tmp_path, suits=gather.is_drawn) is None  # nothing is
    junk = tmp_path / "exercise3" / "junk"
    junk.mkdir()
    (junk / "summary.json").write_text("{}")
    assert newest(tmp_path) == now
