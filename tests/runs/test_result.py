import csv

import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import train
from dd2424_jax.io import records
from dd2424_jax.runs import result
from dd2424_jax.runs.directory import ResultError
from tests.runs.examples import HYPERS, PLAN, assert_same, outcome, with_momentum, with_snapshots, without_test

PLANS = pytest.mark.parametrize(
    "plan",
    [PLAN, without_test(PLAN), with_momentum(PLAN), with_snapshots(PLAN)],
    ids=["all", "no test", "momentum", "snapshots"],
)


def write(directory, plan=PLAN):
    made = outcome(plan)
    result.write_arrays(directory, plan, made)
    return made


@PLANS
def test_an_outcome_is_read_as_it_was_written(tmp_path, plan):
    made = write(tmp_path, plan)
    read = result.read_arrays(tmp_path, plan)
    assert_same(read, made)
    assert read.params[0].W.dtype == made.params[0].W.dtype
    assert read.seeds.dtype == made.seeds.dtype


def test_each_file_has_its_axes_and_the_name_of_its_data(tmp_path):
    write(tmp_path)
    for name in ("curves.npz", "params.npz"):
        arrays = np.load(tmp_path / name)
        for hyper, values in HYPERS.named().items():
            np.testing.assert_array_equal(arrays[hyper], values)
        assert tuple(arrays["seed"]) == PLAN.seeds
        assert arrays["dataset"] == "tiny"
    curves = np.load(tmp_path / "curves.npz")
    np.testing.assert_array_equal(curves["step"], [0, 20, 40])
    np.testing.assert_array_equal(curves["epoch"], [0, 5, 10])  # 4 batches of 4 of 16 images
    assert curves["valid_cost"].shape == (3, 4, 3)
    assert curves["lr"].shape == (3, 3)


@pytest.mark.parametrize("file", ["curves.npz", "params.npz"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "empty"])
def test_a_file_that_is_damaged_or_missing_is_named(tmp_path, file, damage):
    write(tmp_path)
    content = bytearray((tmp_path / file).read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / file).unlink()
    if damage != "missing":
        (tmp_path / file).write_bytes({"cut": content[: len(content) // 2], "changed": content, "empty": b""}[damage])
    with pytest.raises(ResultError, match=f"{file} is {'missing' if damage == 'missing' else 'damaged'}"):
        result.read_arrays(tmp_path, PLAN)


@pytest.mark.parametrize(
    ("file", "array"), [("curves.npz", "valid_cost"), ("curves.npz", "lam"), ("params.npz", "b2"), ("params.npz", "W1")]
)
@pytest.mark.parametrize("change", [None, lambda a: a[:1], lambda a: a.astype(np.float16)])
def test_an_array_that_is_missing_or_does_not_fit_the_plan_is_damage(tmp_path, file, array, change):
    write(tmp_path)
    arrays = {name: a for name, a in np.load(tmp_path / file).items() if name != "of"}
    old = arrays.pop(array)
    records.write_arrays(tmp_path / file, PLAN.digest, arrays if change is None else {**arrays, array: change(old)})
    with pytest.raises(ResultError, match=f"{file} is damaged"):
        result.read_arrays(tmp_path, PLAN)


@pytest.mark.parametrize("file", ["curves.npz", "params.npz"])
def test_a_file_of_another_run_is_named(tmp_path, file):
    write(tmp_path)
    other = PLAN._replace(seeds=(5, 0, 11, 3))
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", other)
    (tmp_path / "other" / file).replace(tmp_path / file)
    with pytest.raises(ResultError, match=f"{file} is of other runs"):
        result.read_arrays(tmp_path, PLAN)


@PLANS
def test_runs_csv_has_a_row_a_run(tmp_path, plan):
    made = outcome(plan)
    made.train.cost[2, 1, 1] = np.inf
    result.write_runs(tmp_path, plan, made)
    with open(tmp_path / "runs.csv") as file:
        header, *rows = csv.reader(file)
    splits = ("train", "valid") if plan.splits.test is None else ("train", "valid", "test")
    measured = [f"{split}_{key}" for split in splits for key in ("loss", "cost", "accuracy")]
    alike = ["run", "experiment", "dataset", "sizes", *result.FACTS]
    assert header == [*alike, *plan.hypers.named(), "seed", "split", *measured, "status"]
    rows = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(float(row["lam"]), int(row["seed"])) for row in rows] == [
        (lam, seed) for lam in plan.hypers.lam for seed in plan.seeds
    ]
    assert [row["status"] for row in rows] == ["ok"] * 9 + ["diverged"] + ["ok"] * 2
    of_all = [tmp_path.name, "coarse_search", "tiny", "12-5-3", "relu", "fan_in", "0.0", "0.0", "softmax"]
    of_all += ["0.0", "0.0", "0.0", "0.0", "0", "zero", "None", "sgd", "float32", "triangular", "0.1", "0"]
    of_all += ["4", "10", "2", "1.0", "10", "0", str(bool(plan.config.snapshots)), "1", "2", "16", "10", "1"]
    assert {tuple(row[name] for name in alike) for row in rows} == {tuple(of_all)}
    assert float(rows[6]["valid_accuracy"]) == made.valid.accuracy[1, 2, -1]  # of 4 seeds, the third one's second λ
    if made.test is not None:
        assert float(rows[6]["test_loss"]) == made.test.loss[1, 2]


def test_estimates_are_over_the_seeds_that_converged():
    made = outcome(PLAN)
    made.valid.cost[1, [0, 3], 1] = np.nan
    made.train.cost[2, :, 2] = np.inf
    of_all, of_two, of_none = result.settings(made, PLAN.fold)
    assert [(s.diverged, s.n_seeds, s.estimates["test_loss"].n) for s in (of_all, of_two, of_none)] == [
        (0, 4, 4),
        (2, 4, 2),
        (4, 4, 0),
    ]
    assert of_two.hypers == train.Hypers(0.01, 1e-3, 0.2)
    scores = made.valid.accuracy[0, :, -1].astype(float)
    interval = scipy_stats.ttest_1samp(scores, 0).confidence_interval()
    np.testing.assert_allclose(of_all.estimates["valid_accuracy"][1:], [scores.mean(), scores.std(ddof=1), *interval])
    assert of_two.estimates["test_loss"].mean == pytest.approx(made.test.loss[1, [1, 2]].mean())
    assert np.isnan(of_none.estimates["test_loss"].mean)


def test_a_setting_as_json_has_its_hyperparameters_and_its_seeds():
    shown = result.settings(outcome(with_momentum(PLAN)), PLAN.fold)[1].as_json()
    assert {key: shown[key] for key in ("lam", "lr_min", "lr_max", "momentum", "n_seeds", "diverged")} == {
        **{"lam": 0.01, "lr_min": 1e-3, "lr_max": 0.2, "momentum": 0.9},
        **{"n_seeds": 4, "diverged": 0},
    }
    assert shown["valid_accuracy"].keys() == {"mean", "sd", "ci95"}


def test_settings_rank_by_diverged_runs_then_by_mean():
    made = outcome(PLAN)
    made.test.accuracy[:] = np.array([0.3, 0.4, 0.5])[:, None]
    assert result.ranking(result.settings(made, PLAN.fold), "test_accuracy") == [2, 1, 0]
    made.train.cost[2, 0] = np.nan
    assert result.ranking(result.settings(made, PLAN.fold), "test_accuracy") == [1, 0, 2]
    made.train.cost[1] = np.nan
    assert result.ranking(result.settings(made, PLAN.fold), "test_accuracy") == [0, 2]


@PLANS
def test_final_numbers_are_those_of_the_last_evaluation(plan):
    made = outcome(plan)
    final = result.final(made)
    np.testing.assert_array_equal(final["valid_accuracy"], made.valid.accuracy[:, :, 2])
    assert ("test_cost" in final) == (plan.splits.test is not None)


def test_a_result_is_of_its_plan_and_directory(tmp_path):
    made = outcome(PLAN)
    concluded = result.conclude(PLAN, made, tmp_path)
    assert concluded.plan is PLAN
    assert concluded.path == tmp_path
    assert concluded.settings == result.settings(made, PLAN.fold)
