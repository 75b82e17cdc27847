import json

import numpy as np
import pytest

from dd2424_jax import lr_range
from dd2424_jax.reporting.lr_range import draw
from dd2424_jax.runs.result import conclude
from tests.reporting.results import concluded, drawn

pytestmark = pytest.mark.filterwarnings("error")

RATES = np.array([0.0, 0.001, 0.01, 0.1, 0.2, 0.3])
SHAPE = np.array([0.1, 0.15, 0.3, 0.4, 0.2, 0.1])


def ranged(n_settings=1, n_seeds=5, mean=SHAPE, diverged=None, lr_max=0.3):
    """The result of range tests whose evaluations from number `diverged` on are not finite."""
    lams = np.geomspace(1e-5, 0.1, n_settings)
    result = concluded(lams, lr_max, scores=np.full((n_settings, n_seeds), 0.1), lr_min=0.0)
    shape = n_settings, n_seeds, len(mean)
    noise = np.random.default_rng(0).normal(0, 0.005, shape)
    loss = np.broadcast_to(2.6 - np.asarray(mean), shape) + noise
    if diverged is not None:
        loss[..., max(diverged - 1, 1) :] = 1e28
        loss[..., diverged:] = np.nan
    on_train = result.outcome.train._replace(loss=loss, cost=loss)
    on_valid = on_train._replace(accuracy=mean + noise)
    lr = np.broadcast_to(RATES[: len(mean)], (n_settings, len(mean)))
    return conclude(result.plan, result.outcome._replace(train=on_train, valid=on_valid, lr=lr), None)


def test_the_table_and_the_summary_have_the_rates_that_the_rule_gives():
    report = draw(ranged(2, diverged=5), "Range test")
    (table,) = report.tables
    assert table.caption.startswith("Range test: SYNTHETIC")
    assert table.header[:3] == ["λ", "suggested η_min", "suggested η_max"]
    first, second = report.summary["suggested"]
    assert (first["lr_min"], first["lr_max"], first["diverged"], first["falls"]) == (0.001, 0.1, 0.3, True)
    assert first["setting"]["lam"] == pytest.approx(1e-5)
    assert table.rows[0][:3] == ["1e-05", "0.001", "0.1"]
    assert table.rows[0][4:] == ["0.1 to 0.1", "0.3"]
    assert second["valid_accuracy"]["mean"] == pytest.approx(0.4, abs=0.01)
    assert (
        table.rows[1][3] == f"{100 * second['valid_accuracy']['mean']:.2f} ± {100 * second['valid_accuracy']['sd']:.2f}"
    )
    assert json.dumps(report.summary, allow_nan=False)
    assert not report.omits
    assert "To train with: --lr_min=0.001 --lr_max=0.1" in report.remarks


def test_a_range_that_ends_too_early_is_said_of_the_settings_that_it_is_of():
    result = ranged(2)
    result.outcome.valid.accuracy[1] += np.linspace(0, 1, len(SHAPE))
    assert [own["falls"] for own in draw(result, "Range test").summary["suggested"]] == [True, False]
    *_, given, remark = draw(result, "Range test").remarks
    assert given == "To train with, in the order of the table: --lr_min=0.001 --lr_max=0.1,0.3"
    assert remark.endswith("raise --lr_max. So it is for λ = 0.1.")
    assert not any("raise" in remark for remark in draw(ranged(2), "Range test").remarks)


def test_without_a_rise_there_is_no_suggestion():
    report = draw(ranged(mean=np.full(6, 0.1)), "Range test")
    assert report.tables[0].rows[0][1:4] == ["–", "–", "–"]
    assert report.remarks[-1].startswith("No suggestion, as accuracy does not rise significantly")
    assert report.remarks[-1].endswith(": λ = 1e-05.")
    assert not any("To train with" in remark for remark in report.remarks)


@pytest.mark.parametrize("n_settings", [1, 30])
@pytest.mark.parametrize(
    "about", [{}, {"n_seeds": 1}, {"diverged": 4}, {"diverged": 1}, {"diverged": 0}, {"mean": [0.1, 0.4]}]
)
def test_any_number_of_settings_is_drawn_until_they_diverge(n_settings, about):
    result = ranged(n_settings, **about)
    fig = draw(result, "Range test").figures["curves"]
    texts = drawn(fig)
    assert "learning rate η" in texts
    above, below = fig.axes[:2]
    curves = [line for line in above.lines if line.get_linestyle() != "None"]
    n_shown = max(about.get("diverged", len(about.get("mean", SHAPE))) - 1, 0)
    assert [len(line.get_xdata()) for line in curves] == [n_shown] * n_settings
    marks = [line for line in above.lines if line.get_linestyle() == "None"]
    assert len(marks) == (0 if n_shown == 0 else 2 * n_settings)
    assert below.get_ylim()[1] < 4  # what explodes leaves


def test_marks_are_where_the_rule_says():
    result = ranged()
    own = lr_range.suggest(result.outcome.valid.accuracy[0], np.ones((5, len(SHAPE)), bool))
    fig = draw(result, "Range test").figures["curves"]
    marks = [line.get_xydata()[0].tolist() for line in fig.axes[0].lines if line.get_linestyle() == "None"]
    accuracy = result.outcome.valid.accuracy[0].mean(axis=0)
    assert marks == [[RATES[k], pytest.approx(accuracy[k])] for k in (own.lowest, own.highest)]
