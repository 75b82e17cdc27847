import dataclasses

import numpy as np
import pytest

from dd2424_jax.reporting import learning, published, r3
from tests.reporting.results import concluded, drawn, near

pytestmark = pytest.mark.filterwarnings("error")


def test_one_setting_stands_beside_published_reports_of_it(monkeypatch):
    result = concluded(0.01, scores=near(0.5), test=True)
    for others in (published.EXERCISE3, None):
        assert len(learning.draw(result, "Exercise 3", others).tables) == 1
    monkeypatch.setattr(published.Setting, "is_of", lambda *_: True)
    monkeypatch.setattr(r3, "runs", lambda *_: [])
    report = learning.draw(result, "Exercise 3", published.EXERCISE3)
    accuracies, comparison, *_ = report.tables
    assert accuracies.header == ["λ", "train %", "validation %", "test %", "95 % interval", "diverged"]
    assert "Exercise 3 on SYNTHETIC" in accuracies.caption
    assert "beside published reports" in comparison.caption
    assert comparison.rows[0][2] == accuracies.rows[0][3]


def test_of_many_settings_the_best_on_validation_have_a_panel():
    many = concluded(np.arange(20) / 100, scores=near(*np.linspace(0.1, 0.9, 20)), test=True)
    assert learning.panels(many) == [*range(15, 20)]
    assert learning.of_how_many(many) == "; the 5 of 20 settings that are best on validation"
    few = concluded([0.01, 0.1], scores=near(0.5, 0.4), test=True)
    assert learning.panels(few) == [0, 1]
    assert learning.of_how_many(few) == ""


def test_several_settings_stand_alone():
    result = concluded([0.01, 0.1], scores=near(0.5, 0.4), test=True)
    report = learning.draw(result, "Exercise 3", published.EXERCISE3)
    assert len(report.tables) == 1
    assert len(report.tables[0].rows) == 2


def test_learning_curves_need_no_test_metrics_and_stand_above_the_learning_rates():
    result = concluded([0.0, 0.01, 0.1], [0.1, 0.1, 0.3], lr_min=0.0, scores=near(0.5, 0.4, 0.3, n_seeds=3))
    fig = learning.curves(result, "Search")
    shown = drawn(fig)
    assert any(text.startswith("Search: SYNTHETIC") and "3 seeds" in text for text in shown)
    assert r"λ = 0.1, $\eta_{\mathrm{max}}$ = 0.3" in shown
    below = fig.axes[3]
    rates = [line.get_ydata() for line in below.lines if len(line.get_xdata()) == 21]
    up = np.r_[np.arange(5), np.arange(5, 0, -1)] / 5
    expected = np.r_[up, up, 0.0]  # two cycles of twice n_s = 5
    np.testing.assert_allclose(rates, [0.1 * expected, 0.3 * expected], atol=1e-6)  # each of them once


def test_the_learning_rate_of_a_long_training_is_sampled():
    result = concluded(0.01, scores=near(0.5), test=True)
    config = dataclasses.replace(result.plan.config, eval_steps=(10, 2 * 10**9))
    fig = learning.curves(result._replace(plan=result.plan._replace(config=config)), "Long")
    assert max(len(line.get_xdata()) for ax in fig.axes for line in ax.lines) == learning.MAX_POINTS
