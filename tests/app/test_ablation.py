import functools
import itertools
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from dd2424_jax import configs, sweep, train
from dd2424_jax.app import ablation, pipeline
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.app.rows import Row
from dd2424_jax.reporting import ablation as reporting
from dd2424_jax.runs import result
from dd2424_jax.runs.shards import MissingError, Shard
from tests.app import tried
from tests.commands.stubs import figures_as_text, untrained

OPTIONS = SimpleNamespace(lam=[0.1], lr_max=[0.1], n_seeds=4, n_batch=30, grid=False)
ROWS = [
    Row("baseline", {}),
    Row("larger batches", {"n_batch": 60}),
    Row("half the rate", {"lr_max": lambda own: [lr / 2 for lr in own.lr_max]}),
]
AXES = {"lam": [0.0, 0.2], "lr_max": [0.06, 0.2]}
GRIDS = (Row("grid", {}), Row("grid of larger batches", {"n_batch": 60}))
DRAW = functools.partial(reporting.draw, title="Parts")


@pytest.fixture(autouse=True)
def fast_figures():
    with figures_as_text():
        yield


@pytest.fixture
def plan_of(splits):
    """Of options, a plan, and numbers for it that no training made."""

    def planned(options, *, test):
        plan = tried.plan(splits if test else splits._replace(test=None))
        lam, lr = np.meshgrid(options.lam, options.lr_max) if options.grid else (options.lam, options.lr_max)
        return plan._replace(
            experiment="parts",
            config=train.Config((12, 4, 3), n_batch=options.n_batch, eval_steps=(2, 5), n_s=5),
            hypers=configs.as_arrays(train.Hypers(np.ravel(lam), 0.01, np.ravel(lr))),
            seeds=tuple(range(options.n_seeds)),
        )

    with untrained():
        yield planned


def study(plan_of, session, rows=ROWS, draw=DRAW, grids=GRIDS):
    """As a script has it: rows, a search, its choice as a row."""
    with ablation.opened("extras", rows, OPTIONS, plan_of, session) as own:
        trained = own.train(rows)
        if grids:
            found = own.search(grids, AXES, 2)
            trained += own.train([Row("chosen", found.changes)])
        own.report(trained, draw)
    return trained


def latest(out_dir, experiment="extras"):
    return (out_dir / experiment / "latest").resolve()


def summary(out_dir):
    return json.loads((latest(out_dir) / "summary.json").read_text())


def test_every_row_is_a_run_of_its_own_and_the_report_names_them(plan_of, tmp_path, capsys):
    trained = study(plan_of, tried.session(tmp_path))
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == str(tmp_path / "extras" / latest(tmp_path).name)
    assert sum(line.startswith("| baseline ") for line in out) == 1  # rows show no table of their own
    rows = summary(tmp_path)["rows"]
    assert [row["name"] for row in rows] == ["baseline", "larger batches", "half the rate", "chosen"]
    for row, one in zip(rows, trained, strict=True):
        assert row["run"] == f"parts/{one.plan.digest}"
        accuracy = result.read_arrays(tmp_path / row["run"], one.plan).test.accuracy
        assert row["test_accuracy"]["mean"] == pytest.approx(accuracy.mean())
        assert row["gains"] == {} or row["gains"]["test"]["n_seeds"] == 4
    assert trained[2].plan.hypers.lr_max == [0.05]


def test_the_choice_is_the_best_of_all_grids_on_validation_and_never_sees_the_test_split(plan_of, tmp_path):
    *_, chosen = study(plan_of, tried.session(tmp_path))
    scores = {}
    for n_batch in (30, 60):
        options = SimpleNamespace(**{**vars(OPTIONS), **AXES, "grid": True, "n_seeds": 2, "n_batch": n_batch})
        plan = plan_of(options, test=False)
        outcome = result.read_arrays(tmp_path / "parts" / plan.digest, plan, weights=False)
        assert outcome.test is None
        assert not (tmp_path / "parts" / plan.digest / result.PARAMS).exists()
        for i, setting in enumerate(plan.settings()):
            scores[n_batch, setting] = outcome.scores[i].mean()
    assert (chosen.run.path / result.PARAMS).exists()
    best = max(scores, key=scores.get)
    assert (chosen.plan.config.n_batch, *chosen.plan.settings()) == best


def test_found_again_nothing_is_trained_or_drawn_and_a_new_row_costs_only_itself(plan_of, tmp_path, monkeypatch):
    study(plan_of, tried.session(tmp_path))
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.*")}
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "each", None)
        study(plan_of, tried.session(tmp_path))
    assert before == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.*")}
    n_trained = []
    each = sweep.each
    monkeypatch.setattr(sweep, "each", lambda *args: n_trained.append(1) or each(*args))
    study(plan_of, tried.session(tmp_path), rows=[*ROWS, Row("whole", {"n_batch": 240})])
    assert len(n_trained) == 1
    assert len(list(tmp_path.glob("extras/*/summary.json"))) == 3  # and latest


def test_the_report_is_drawn_again_where_what_draws_or_a_row_has_changed(plan_of, tmp_path):
    study(plan_of, tried.session(tmp_path), grids=())
    table = latest(tmp_path) / "table.tex"
    table.write_text("as it was")
    study(plan_of, tried.session(tmp_path), grids=())
    assert table.read_text() == "as it was"
    study(plan_of, tried.session(tmp_path), grids=(), draw=functools.partial(reporting.draw, title="Other"))
    assert table.read_text() != "as it was"
    study(plan_of, tried.session(tmp_path), grids=())
    for trained_again in (False, True):
        table.write_text("as it was")
        if trained_again:
            pipeline.run(plan_of(OPTIONS, test=True), ablation.draw_part, tried.session(tmp_path)._replace(force=True))
        else:
            shutil.rmtree(tmp_path / summary(tmp_path)["rows"][0]["run"])
        study(plan_of, tried.session(tmp_path), grids=())
        assert table.read_text() != "as it was"
    assert len(list(tmp_path.glob("extras/[!l]*"))) == 1
    assert summary(tmp_path)["rows"][0]["run"].endswith("-2")


class Killed(BaseException):
    """Like a process that ends at once."""


def test_force_trains_every_row_again_once_also_where_it_is_killed_between(plan_of, tmp_path, monkeypatch):
    study(plan_of, tried.session(tmp_path), grids=())
    forced = tried.session(tmp_path)._replace(force=True)
    finished, n = pipeline.finished, []

    def killed(*args):
        n.append(1)
        if len(n) == 3:
            raise Killed
        return finished(*args)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "finished", killed)
        with pytest.raises(Killed):
            study(plan_of, forced, grids=())
    study(plan_of, forced, grids=())
    assert {row["run"][-2:] for row in summary(tmp_path)["rows"]} == {"-2"}
    assert not list(tmp_path.glob("*/*-3"))
    assert latest(tmp_path).name.endswith("-2")


def test_shards_each_train_their_part_of_all_rows_and_the_last_one_draws(plan_of, tmp_path, capsys):
    def shard(i, **changes):
        return tried.session(tmp_path, shard=Shard(i, 2))._replace(**changes)

    with pytest.raises(pipeline.Unfinished):
        study(plan_of, shard(0))
    begun = capsys.readouterr().out.splitlines()
    with pytest.raises(MissingError):
        study(plan_of, shard(0, merge=True))
    assert not list(tmp_path.rglob("summary.json"))
    with pytest.raises(pipeline.Unfinished):
        study(plan_of, shard(1))  # completes the rows, and begins the grids
    assert len(list(tmp_path.glob("parts/[!l]*/summary.json"))) == len(ROWS)
    with pytest.raises(pipeline.Unfinished):
        study(plan_of, shard(0))  # completes the grids, and begins the choice
    study(plan_of, shard(1))
    assert begun == [str(tmp_path / "extras" / latest(tmp_path).name)]
    assert [row["gains"]["test"]["n_seeds"] for row in summary(tmp_path)["rows"][1:]] == [4, 4, 4]


def test_a_row_that_another_shard_completes_meanwhile_is_there_in_the_end(plan_of, tmp_path, monkeypatch):
    finished, n = pipeline.finished, itertools.count()

    def too_early(*args):
        if next(n) == 0:
            raise pipeline.Unfinished
        return finished(*args)

    monkeypatch.setattr(pipeline, "finished", too_early)
    study(plan_of, tried.session(tmp_path), grids=())
    assert [row["name"] for row in summary(tmp_path)["rows"]] == [row.name for row in ROWS]


def test_without_weights_no_row_keeps_any(plan_of, tmp_path):
    study(plan_of, tried.session(tmp_path, weights=False))
    assert not list(tmp_path.rglob("params.npz"))
    assert summary(tmp_path)["weights"] is False


def test_several_settings_are_no_row(plan_of, tmp_path):
    with pytest.raises(UsageError, match="one setting"):
        study(plan_of, tried.session(tmp_path), rows=[Row("baseline", {"lam": [0.0, 0.1]})])


def test_where_every_run_of_a_search_diverged_it_says_so(plan_of, tmp_path, monkeypatch):
    monkeypatch.setattr(result, "ranking", lambda *_: [])  # which leaves out what diverged
    with ablation.opened("extras", ROWS, OPTIONS, plan_of, tried.session(tmp_path)) as own:
        with pytest.raises(UsageError, match="every run of grid diverged"):
            own.search(GRIDS[:1], AXES, 2)
        own.report(own.train(ROWS[:1]), DRAW)
