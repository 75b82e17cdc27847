import csv

import numpy as np
import pytest

from dd2424_jax import plots, report, stats, sweep, tables, train


@pytest.fixture
def outcome():
    """Two settings, three seeds; the second setting's last seed diverged."""
    rng = np.random.default_rng(0)

    def metrics(*shape):
        return train.Metrics(*(rng.random((2, 3, *shape)) for _ in range(3)))

    found = sweep.Outcome(
        hypers=train.Hypers(np.array([0.0, 0.1]), np.full(2, 1e-5), np.full(2, 0.1)),
        seeds=np.array([4, 5, 6]),
        step=np.array([0, 10]),
        lr=np.full((2, 2), 1e-5),
        train=metrics(2),
        valid=metrics(2),
        test=metrics(),
        params=((rng.random((2, 3, 5, 4)), rng.random((2, 3, 5))),),
        compile_seconds=1.0,
        run_seconds=2.0,
    )
    found.train.cost[1, 2, 1] = np.nan
    return found._replace(params=(train.network.Layer(*found.params[0]),))


def test_diverged_runs_are_counted_and_left_out(outcome):
    first, second = report.settings(outcome)
    assert (first.diverged, second.diverged) == (0, 1)
    assert second.estimates["test_accuracy"] == stats.estimate(outcome.test.accuracy[1, :2])
    assert first.estimates["valid_loss"] == stats.estimate(outcome.valid.loss[0, :, -1])
    as_json = second.as_json()
    assert (as_json["lam"], as_json["n_seeds"], as_json["diverged"]) == (0.1, 3, 1)
    assert as_json["test_accuracy"]["mean"] == outcome.test.accuracy[1, :2].mean()


def test_a_mean_over_survivors_does_not_win():
    def setting(diverged, *accuracies):
        return report.Setting(0.0, 0.0, 0.1, diverged, {"valid_accuracy": stats.estimate(accuracies)})

    settings = [setting(0, 0.4, 0.4), setting(2), setting(1, 0.9), setting(0, 0.5, 0.7), setting(0, 0.4, 0.4)]
    assert report.ranking(settings, "valid_accuracy") == [3, 0, 4, 2]


def test_files_hold_every_number_of_every_seed(outcome, tmp_path):
    report.write_numbers(tmp_path, outcome, dataset="synthetic", steps_per_epoch=5.0)
    with open(tmp_path / "runs.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["lam"]), int(row["seed"])) for row in rows] == [(a, s) for a in (0.0, 0.1) for s in (4, 5, 6)]
    assert [row["status"] for row in rows] == ["ok"] * 5 + ["diverged"]
    assert {row["dataset"] for row in rows} == {"synthetic"}
    assert float(rows[4]["test_accuracy"]) == outcome.test.accuracy[1, 1]
    assert float(rows[0]["train_cost"]) == outcome.train.cost[0, 0, -1]
    curves = np.load(tmp_path / "curves.npz")
    np.testing.assert_array_equal(curves["valid_accuracy"], outcome.valid.accuracy)
    np.testing.assert_array_equal(curves["epoch"], [0, 2])
    assert curves["dataset"] == "synthetic"
    params = np.load(tmp_path / "params.npz")
    np.testing.assert_array_equal(params["W1"], outcome.params[0].W)
    np.testing.assert_array_equal(params["seed"], [4, 5, 6])


def test_a_report_is_a_table_remarks_and_figures(tmp_path):
    table = tables.Table("caption", ["a"], [["1"]])
    report.write_report(tmp_path, report.Report([table], ["A remark."], {"curves": plots.figure(1, 1, "t")[0]}))
    assert {file.name for file in tmp_path.iterdir()} == {"table.md", "table.tex", "curves.png", "curves.pdf"}
    assert (tmp_path / "table.md").read_text().endswith("| 1 |\n\nA remark.\n")
