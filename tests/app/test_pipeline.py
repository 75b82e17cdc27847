import contextlib
import dataclasses
import functools
import itertools
import json
import os
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from dd2424_jax import sweep
from dd2424_jax.app import pipeline
from dd2424_jax.reporting import report
from dd2424_jax.runs import result
from dd2424_jax.runs.directory import ResultError
from tests.app import tried
from tests.app.tried import contents, draw, session


@pytest.fixture
def plan(splits):
    return tried.plan(splits)


class Killed(BaseException):
    """Like a process that ends at once."""


@contextlib.contextmanager
def killed_after(n_changes):
    """Ends what is within before its next change to a file after so many."""
    left = n_changes

    def counted(change):
        @functools.wraps(change)
        def one_less(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return change(*args, **kwargs)

        return one_less

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        for owner, name in ((os, "replace"), (os, "fsync"), (Path, "unlink"), (Path, "symlink_to"), (Path, "mkdir")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        yield lambda: left < 0


def test_killed_before_any_of_its_changes_to_files_a_run_ends_with_the_same_numbers(plan, tmp_path):
    pipeline.run(plan, draw, session(tmp_path / "whole"))
    expected = contents(tmp_path / "whole")
    for n_changes in itertools.count():
        out_dir = tmp_path / str(n_changes)
        with killed_after(n_changes) as was_killed:
            pipeline.run(plan, draw, session(out_dir))
        if not was_killed():
            break
        with pytest.MonkeyPatch.context() as patch:
            if list(out_dir.glob("tried/*/summary.json")):
                patch.setattr(sweep, "each", None)  # nothing is trained again
            pipeline.run(plan, draw, session(out_dir))
        assert contents(out_dir) == expected
    assert n_changes > 20


def test_killed_before_any_of_its_changes_a_report_that_is_drawn_again_is_not_taken_for_another(plan, tmp_path):
    def drawn(remark):
        return functools.partial(draw, remark=remark)

    pipeline.run(plan, drawn("one"), session(tmp_path))
    expected = contents(tmp_path)
    for n_changes in itertools.count():
        with killed_after(n_changes) as was_killed:
            pipeline.run(plan, drawn("other"), session(tmp_path))
        if not was_killed():
            break
        pipeline.run(plan, drawn("one"), session(tmp_path))
        assert contents(tmp_path) == expected
    assert n_changes > 5


def test_a_report_with_other_arguments_is_drawn_again_without_training(plan, tmp_path, monkeypatch):
    def summary_of(remark):
        drawn = functools.partial(draw, remark=remark)
        return pipeline.run(plan, drawn, session(tmp_path))

    first, before = summary_of("one"), contents(tmp_path)
    monkeypatch.setattr(sweep, "each", None)
    assert summary_of("other")["remark"] == "other"
    assert "other" in contents(tmp_path)["table.md"].decode()
    assert summary_of("one") == first
    assert contents(tmp_path) == before


def test_numbers_are_on_disk_before_anything_is_drawn(plan, tmp_path):
    def failing(concluded):
        assert result.read_arrays(concluded.path, plan).valid.cost.shape == (2, 2, 3)
        raise Killed

    with pytest.raises(Killed):
        pipeline.run(plan, failing, session(tmp_path))
    names = {file.name for file in tmp_path.glob("tried/*/*")}
    assert names & {"runs.csv", "summary.json"} == {"runs.csv"}


def test_what_is_drawn_is_the_result(plan, tmp_path):
    given = []

    def remembering(concluded):
        given.append(concluded)
        return report.Report([], [], {})

    summary = pipeline.run(plan, remembering, session(tmp_path))
    (concluded,) = given
    assert concluded.plan is plan
    written = result.read_arrays(concluded.path, plan)
    jax.tree.map(np.testing.assert_array_equal, concluded.outcome, written)
    assert [setting["lam"] for setting in summary["settings"]] == [0.0, 0.1]


@pytest.mark.parametrize("damage", [None, b"", b"| 99.9 % |", b"\xff"])
def test_a_table_that_was_lost_or_damaged_is_made_again_from_the_numbers(plan, tmp_path, monkeypatch, damage):
    pipeline.run(plan, draw, session(tmp_path))
    before = contents(tmp_path)
    monkeypatch.setattr(sweep, "each", None)
    table = tmp_path / "tried" / "latest" / "table.md"
    table.unlink()
    if damage is not None:
        table.write_bytes(damage)
    pipeline.run(plan, draw, session(tmp_path))
    assert contents(tmp_path) == before


def test_where_the_numbers_are_damaged_too_it_says_what_to_do(plan, tmp_path):
    pipeline.run(plan, draw, session(tmp_path))
    for name in ("table.md", "curves.npz"):
        (tmp_path / "tried" / "latest" / name).write_text("")
    with pytest.raises(ResultError, match=r"curves.npz is damaged: --force"):
        pipeline.run(plan, draw, session(tmp_path))
    (path,) = (tmp_path / "tried").glob("[!l]*")
    assert not (path / "lock").exists()


def test_code_that_draws_otherwise_draws_again_and_trains_nothing(plan, tmp_path, monkeypatch):
    pipeline.run(plan, draw, session(tmp_path))
    before = contents(tmp_path)
    monkeypatch.setattr(sweep, "each", None)
    monkeypatch.setattr(report, "drawing_code", lambda: "another")
    (tmp_path / "tried" / "latest" / "table.tex").unlink()
    pipeline.run(plan, draw, session(tmp_path))
    after = contents(tmp_path)
    assert json.loads(after.pop("report.json")) == {**json.loads(before.pop("report.json")), "code": "another"}
    assert after == before


def test_an_optimizer_of_ones_own_is_another_run(plan, tmp_path):
    for optimizer in (optax.sgd, optax.adam):
        own = plan._replace(config=dataclasses.replace(plan.config, optimizer=optimizer))
        pipeline.run(own, draw, session(tmp_path))
    assert len(list(tmp_path.glob("tried/[!l]*/summary.json"))) == 2


def test_changed_code_is_another_run_and_the_old_one_stays(plan, tmp_path, monkeypatch):
    pipeline.run(plan, draw, session(tmp_path))
    monkeypatch.setattr("dd2424_jax.runs.plan.code", lambda: {"version": "0", "source": "another"})
    pipeline.run(plan, draw, session(tmp_path))
    assert len(list(tmp_path.glob("tried/[!l]*/summary.json"))) == 2


def test_a_function_that_is_bound_is_the_same_in_every_process(plan, tmp_path):
    pipeline.run(plan, functools.partial(draw_bound, said=bound_anew()), session(tmp_path))
    table = tmp_path / "tried" / "latest" / "table.tex"
    table.write_text("as it was")
    pipeline.run(plan, functools.partial(draw_bound, said=bound_anew()), session(tmp_path))
    assert table.read_text() == "as it was"


def bound_anew():
    """A function of the same name, at another address."""
    kept.append(lambda: None)
    return kept[-1]


kept = []


def draw_bound(concluded, said):
    return draw(concluded)


def test_what_is_bound_to_its_default_is_drawn_the_same(plan, tmp_path):
    pipeline.run(plan, functools.partial(draw, remark=""), session(tmp_path))
    table = tmp_path / "tried" / "latest" / "table.tex"
    table.write_text("as it was")
    pipeline.run(plan, draw, session(tmp_path))
    assert table.read_text() == "as it was"


def test_without_weights_nothing_else_is_different(plan, tmp_path, monkeypatch):
    pipeline.run(plan, draw, session(tmp_path / "with"))
    monkeypatch.setattr(result, "write_params", None)  # for no part either
    assert not pipeline.run(plan, draw, session(tmp_path / "without", weights=False))["weights"]
    expected = contents(tmp_path / "with")
    del expected["params.npz"]
    assert contents(tmp_path / "without") == expected


def test_weights_that_were_left_out_are_added_from_where_they_are_or_it_says_how(plan, tmp_path, monkeypatch, capsys):
    pipeline.run(plan, draw, session(tmp_path, weights=False))
    pipeline.run(plan._replace(seeds=(3,)), draw, session(tmp_path))
    assert not pipeline.run(plan, draw, session(tmp_path))["weights"]
    assert "made without final weights: --force trains them" in capsys.readouterr().err
    pipeline.run(plan._replace(seeds=(4,)), draw, session(tmp_path))
    monkeypatch.setattr(sweep, "each", None)
    assert pipeline.run(plan, draw, session(tmp_path))["weights"]
    assert np.isfinite(result.read_arrays(tmp_path / "tried" / plan.digest, plan).params[0].W).all()


def test_what_was_begun_without_weights_is_trained_again_for_them(plan, tmp_path, monkeypatch):
    def begun(concluded):
        raise Killed

    with pytest.raises(Killed):
        pipeline.run(plan, begun, session(tmp_path, weights=False))
    assert not list(tmp_path.rglob("params.npz"))
    assert pipeline.run(plan, draw, session(tmp_path))["weights"]
    assert np.isfinite(result.read_arrays(tmp_path / "tried" / plan.digest, plan).params[0].W).all()


def test_more_seeds_cost_only_the_new_runs_and_are_as_from_scratch(plan, tmp_path, x64):
    fewer = plan._replace(config=dataclasses.replace(plan.config, eval_steps=(5,)))
    more, here, scratch = fewer._replace(seeds=(3, 4, 5)), tmp_path / "here", tmp_path / "scratch"
    pipeline.run(more, draw, session(scratch)._replace(runs_at_once=0))
    pipeline.run(fewer, draw, session(here)._replace(runs_at_once=0))
    with pytest.MonkeyPatch.context() as patch:
        shapes, each = [], sweep.each
        patch.setattr(sweep, "each", lambda *args: (shapes.append(one.seconds.shape) or one for one in each(*args)))
        pipeline.run(more, draw, session(here)._replace(runs_at_once=0))
    assert shapes == [(2, 1)]
    ours, theirs = (result.read_arrays(out_dir / "tried" / more.digest, more) for out_dir in (here, scratch))
    for one, other in zip(jax.tree.leaves(ours.params), jax.tree.leaves(theirs.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.test.cost, theirs.test.cost, rtol=1e-10)
    configs = ((out_dir / "tried" / more.digest / "config.json") for out_dir in (here, scratch))
    assert [json.loads(config.read_text())["taken"] for config in configs] == [{f"tried/{fewer.digest}": 4}, {}]
