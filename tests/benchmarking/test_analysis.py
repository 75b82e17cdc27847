import numpy as np
import pytest

from dd2424_jax import data
from dd2424_jax.app import plan
from dd2424_jax.benchmarking import analysis, measurements, tables, workloads
from tests.benchmarking.records import MACHINE, N_BATCH, SIZES, clocked, record
from tests.commands.scripts import parsed


def test_shares_and_ratios_are_taken_within_a_round():
    compared = analysis.compared(clocked(), SIZES, N_BATCH)
    np.testing.assert_allclose(compared["peak_flops_per_second"]["extremes"], [0.25e9, 1e9])  # the better product's
    search = analysis.of_search(compared)
    flops = workloads.step_flops(SIZES, N_BATCH)
    np.testing.assert_allclose(search["update"]["share_of_peak"]["extremes"], flops / 100 / 1e9)
    np.testing.assert_allclose(search["evaluation_share"]["quartiles"], 125 / 225)
    np.testing.assert_allclose(search["ratio"]["extremes"], 1)
    assert "share_of_products" not in search
    narrow = analysis.of_shape(compared, analysis.EXERCISE3)["share_of_products"]
    np.testing.assert_allclose(narrow["extremes"], flops / 100 / 0.5e6)  # 2 operations in 1 and 3 µs
    other = analysis.of_shape(compared, analysis.SEARCH, "bfloat16")
    np.testing.assert_allclose(other["update"]["share_of_peak"]["extremes"], flops / 50 / 2e9)
    np.testing.assert_allclose(other["ratio"]["quartiles"], 2)
    np.testing.assert_allclose(other["ratio_with_evaluation"]["quartiles"], 225 / 200)
    assert [sweep["precision"] for sweep in analysis.other_precisions(compared)] == ["bfloat16"] * 2
    np.testing.assert_allclose(compared["baselines"]["torch"]["ratio_with_evaluation"]["quartiles"], 3.0)
    np.testing.assert_allclose(compared["baselines"]["other"]["ratio"]["extremes"], 1.5)
    assert compared["baselines"]["other"]["ratio_of_least"] == pytest.approx(1.5)
    assert "with_evaluation" not in compared["baselines"]["other"]
    np.testing.assert_allclose(compared["exercise3_evaluation"]["share"]["median"], 230 / 330)


def workload(script: str, *, test: bool):
    """(settings, seeds), configuration, and images evaluated an update, of a command without flags."""
    with parsed(script) as options:
        shape = len(plan.hypers(options).lam), options.n_seeds
        config, n_images = plan.config_of_cycles(options), options.n_train + options.n_valid
    evaluated = (1 + len(config.eval_steps)) * n_images + test * len(data.load("synthetic").test.y)
    return shape, config, evaluated / config.n_updates


def test_the_coarse_search_is_measured_as_its_own_flags_have_it():
    shape, config, evaluated = workload("coarse_search", test=False)
    assert shape == analysis.SEARCH
    assert evaluated == analysis.EVALUATED
    measured = measurements.config()
    assert (config.sizes, config.n_batch, config.n_s) == (measured.sizes, measured.n_batch, measured.n_s)
    assert (config.loss, config.schedule, config.optimizer) == (measured.loss, measured.schedule, measured.optimizer)
    assert config.n_updates == tables.UPDATES
    assert measurements.BASELINE_LAMS == measurements.GROWN_LAMS == shape[0]


def test_exercise_3_is_measured_as_its_own_flags_have_it():
    shape, config, evaluated = workload("exercise3", test=True)
    assert shape == analysis.EXERCISE3
    assert evaluated == analysis.EXERCISE3_EVALUATED
    assert (config.sizes, config.n_batch) == (measurements.SIZES, measurements.N_BATCH)
    assert {analysis.SEARCH, analysis.EXERCISE3} <= {*measurements.SHAPES}


def targets(**changes) -> dict:
    return {target["what"]: target for target in record(**changes)["targets"]}


def test_targets_are_met_or_not_by_the_medians():
    reached = targets()
    assert reached["times as fast as torch, updates alone"] == {
        "what": "times as fast as torch, updates alone",
        "reached": pytest.approx(3.0),
        "target": ">= 2.5",
        "met": True,
    }
    assert reached["8 × 3, bfloat16: times as fast as float32, updates alone"]["reached"] == pytest.approx(2.0)
    assert reached["GiB of the largest sweep"]["reached"] == 2
    assert reached["seconds of exercise 3, warm"]["reached"] == pytest.approx(6.0)  # the median of 3, 12 and 6
    assert reached["seconds of exercise 3, warm"]["met"] is False
    assert reached["seconds of exercise 3, two updates, warm"]["met"] is False


def test_what_was_not_measured_is_neither_met_nor_missed():
    missing = targets()["times as fast as NumPy float64, updates alone"]
    assert (missing["reached"], missing["met"]) == (None, None)
    assert "seconds of exercise 3, warm" not in targets(processes={})
    growth = {**record()["growth"], "memory": []}
    assert "GiB of the largest sweep" not in targets(growth=growth)


@pytest.mark.parametrize(
    ("machine", "uncontended"),
    [
        (MACHINE, True),  # two cores were busy
        ({**MACHINE, "cores": 4, "devices": 4}, False),
        ({**MACHINE, "cores": 4, "devices": 2}, True),
        ({**MACHINE, "platform": "gpu", "cores": 4, "devices": 4}, True),
    ],
)
def test_where_others_used_the_cores_targets_are_left_open(machine, uncontended):
    assert analysis.uncontended(record(machine=machine)) == uncontended
    assert any(target["met"] is not None for target in targets(machine=machine).values()) == uncontended
