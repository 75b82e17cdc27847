import dataclasses

import numpy as np
import pytest

from dd2424_jax import measures as of_runs
from dd2424_jax import network, stats
from dd2424_jax.reporting import measures
from dd2424_jax.reporting.report import Report
from tests.reporting.results import concluded, near

pytestmark = pytest.mark.filterwarnings("error")
EMPTY = Report([], ["first"], {})


def tables_of(result):
    return measures.add(EMPTY, result).tables


def linear(result):
    """With weights of a linear classifier of images."""
    shape = result.outcome.valid.accuracy.shape[:2]
    W = np.random.default_rng(2).normal(size=(*shape, 10, 3072))
    config = dataclasses.replace(result.plan.config, sizes=(3072, 10))
    outcome = result.outcome._replace(params=(network.Layer(W, W[..., 0]),))
    return result._replace(plan=result.plan._replace(config=config), outcome=outcome)


def test_a_row_is_a_setting_and_has_mean_and_interval_over_its_seeds():
    result = concluded([0.01, 0.1], scores=near(0.5, 0.4), test=True)
    after, way = tables_of(result)
    assert after.header == ["λ", "train − validation, points", "cost − loss", "‖W‖"]
    assert way.header == ["λ", "updates to 90 %", "sd of epochs, points", "best − last, points", "best epoch"]
    assert [row[0] for row in after.rows] == [row[0] for row in way.rows] == ["0.01", "0.1"]
    train, valid = (split.accuracy[1, :, -1] for split in (result.outcome.train, result.outcome.valid))
    gap = stats.estimate(100 * (train - valid))
    assert after.rows[1][1] == f"{gap.mean:.2f} ({gap.low:.2f} to {gap.high:.2f})"
    assert "mean over seeds (95 % interval, as far as values are possible)" in after.caption
    assert "SYNTHETIC" in after.caption


def test_no_table_is_wide():
    for table in tables_of(linear(concluded([0.01, 0.1], [0.1, 0.2], scores=near(0.5, 0.4)))):
        assert len(table.header) <= 8


def test_templates_are_of_linear_classifiers_whose_weights_were_kept():
    result = linear(concluded([0.01, 0.1], scores=near(0.5, 0.4)))
    header, rows = tables_of(result)[0][2:]
    assert header[-2:] == ["roughness", "likeness"]
    expected = of_runs.roughness(result.outcome.params[0].W)[0].mean()
    assert rows[0][-2].startswith(f"{expected:.3f} (")
    without = tables_of(result._replace(outcome=result.outcome.without_weights()))[0].header
    assert without == ["λ", "train − validation, points", "cost − loss"]


def test_stability_is_of_a_constant_learning_rate():
    result = concluded([0.01], scores=near(0.5))
    result.outcome.lr[0, -1] = 0.05
    assert "sd of epochs, points" not in tables_of(result)[1].header


def test_diverged_seeds_are_left_out():
    scores = near(0.5, 0.4)
    scores[0, 1], scores[1] = np.nan, np.nan
    result = concluded([0.01, 0.1], scores=scores)
    result.outcome.params[0].W[0, 1] = np.inf
    after, way = tables_of(result)
    assert after.rows[1][1:] == ["diverged"] * 3
    assert not any("nan" in cell or "inf" in cell for row in (*after.rows, *way.rows) for cell in row)


def test_intervals_stay_within_what_can_be():
    result = concluded([0.01], scores=near(0.5, n_seeds=4))
    accuracy = result.outcome.valid.accuracy
    accuracy[0] = [[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0.1, 0.3001, 0.3], [0.1, 0.2, 0.3]]
    header, ((*_, best_minus_last, best_epoch),) = tables_of(result)[1][2:]
    assert header[-2:] == ["best − last, points", "best epoch"]
    assert "(0.00 to " in best_minus_last
    assert best_epoch.endswith(" to 2.0)")  # of two epochs


def test_the_remark_says_by_how_much_the_best_epoch_is_optimistic():
    result = concluded([0.01, 0.1], scores=near(0.5, 0.4))
    accuracy = result.outcome.valid.accuracy
    accuracy[..., 0], accuracy[0, :, 1], accuracy[1, :, 1] = 0.1, accuracy[0, :, 2] + 0.01, accuracy[1, :, 2] + 0.03
    first, remark = measures.add(EMPTY, result).remarks
    assert first == "first"
    assert "1.00 to 3.00 points, depending on the setting, higher" in remark
    alone = concluded(0.01, scores=np.full((1, 3), np.nan))
    assert measures.add(EMPTY, alone).remarks == ["first"]
