import os

import numpy as np
import pytest

from dd2424_jax.runs import parts
from tests.runs.examples import PLAN, assert_same, outcome

SETTINGS, SEEDS = np.array([0, 2]), np.array([1, 2])
PART = PLAN.part(SETTINGS, SEEDS)


@pytest.fixture
def written(tmp_path):
    """A folder with a part, and the numbers of that."""
    parts.write(tmp_path, PART, outcome(PART))
    return tmp_path, outcome(PART)


def collected(places, plan=PLAN, wanted=None, **options):
    made = parts.blank(plan)
    options = {"weights": True, **options}
    return made, parts.collect(plan, places, made, ~made.trained if wanted is None else wanted, **options)


def test_a_part_comes_to_its_place_in_the_plan(written):
    path, part = written
    made, (given,) = collected(parts.folders(path))
    cells = np.ix_(SETTINGS, SEEDS)
    assert made.trained.sum() == given.n_runs == 4
    np.testing.assert_array_equal(made.test.loss[cells], part.test.loss)
    np.testing.assert_array_equal(made.valid.cost[cells], part.valid.cost)
    assert given.compile_seconds == part.compile_seconds
    assert parts.n_runs(path) == 4


def test_settings_and_seeds_may_be_in_another_order(written):
    path, part = written
    order = PLAN._replace(hypers=PLAN.hypers.at(np.array([2, 0])), seeds=(11, 3, 0))
    made, _ = collected(parts.folders(path), order)
    np.testing.assert_array_equal(made.train.loss[:, [0, 2]], part.train.loss[::-1, ::-1])
    assert made.trained.tolist() == [[True, False, True]] * 2


def test_only_what_is_wanted_is_written(written):
    wanted = np.zeros((3, 4), bool)
    wanted[2, 1] = True
    made, (given,) = collected(parts.folders(written[0]), wanted=wanted)
    assert given.n_runs == 1
    np.testing.assert_array_equal(made.trained, wanted)
    assert wanted.sum() == 1  # as it was given


def test_the_first_of_several_gives(written, tmp_path):
    path, _ = written
    assert len(collected([*parts.folders(path)] * 2)[1]) == 1


def test_without_weights_none_are_needed(written):
    path, _ = written
    (folder,) = [folder for folder in parts.folders(path) if folder != path]
    (folder / "params.npz").unlink()
    assert collected([folder])[1] == []
    assert collected([folder], weights=False)[1][0].n_runs == 4


def test_numbers_of_another_precision_are_not_taken(written, x64):
    assert collected(parts.folders(written[0]))[1] == []


@pytest.mark.parametrize("content", [b"", b"PK", None])
def test_what_is_no_part_or_none_any_more_gives_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "curves.npz").write_bytes(content)
    (tmp_path / "notes").write_text("mine")
    made, given = collected([tmp_path, tmp_path / "notes", tmp_path / "nowhere"])
    assert given == []
    assert_same(made.train, parts.blank(PLAN).train)
    assert parts.n_runs(tmp_path) == 0


def test_what_would_be_waited_for_is_none(written, capsys):
    path, _ = written
    os.mkfifo(path / "curves.npz")
    assert collected([path])[1] == []
    assert "can't be read" in capsys.readouterr().err
    assert parts.n_runs(path) == 4
