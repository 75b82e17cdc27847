import numpy as np
import pytest

from dd2424_jax.gradients import cases, checks
from dd2424_jax.gradients.checks import Moments, Row
from dd2424_jax.gradients.differences import Errors
from dd2424_jax.reporting import gradients
from tests.reporting.results import drawn


def row(network, loss, case, parameter, seed=0, *, absolute=2e-9, relative=3e-8, within=True):
    near, far = Errors(1e-13, 1e-13, 1e-14, True), Errors(absolute, relative, relative / 10, within)
    moments = [(4.0, 0.5 + seed, 0.25), (1e-10, 0.0, 1e-11), (2e-6, 1.02e-6 + 5e-8 * seed, 1e-8)]
    return Row(network, loss, case, parameter, seed, near, near, far, far, *(Moments(*of) for of in moments))


PAIRS = [("linear", "softmax"), ("two-layer", "hinge")]
N_DRAWS = 3
ROWS = [
    row(*pair, case.name, parameter, seed, absolute=2e-9 / (1 + seed))
    for pair in PAIRS
    for case in cases.CASES
    for parameter in ("W1", "b1")
    for seed in range(N_DRAWS)
]


def draw(rows, seed=0):
    """Without its figure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradients, "_step_figure", lambda *_: None)
        return gradients.draw(rows, None, ["linear", "two-layer"], "CIFAR-10", seed)


def tables(rows):
    return {table.name: table for table in draw(rows).tables}


def test_every_parameter_of_every_case_has_a_row_below_the_limits():
    every = tables(ROWS)["cases"]
    limits, *rows = every.rows
    assert [float(cell) for cell in limits[3:-1]] == [limit for pair in checks.LIMITS.values() for limit in pair]
    assert len(rows) == len(ROWS) / N_DRAWS
    assert rows[0][0] == f"linear, softmax: {cases.CASES[0].name}"
    assert rows[0][2] == "3"
    assert rows[0][-5:] == ["2.00e-09", "3.00e-08", "2.00e-09", "3.00e-08", "PASS"]
    assert all(len(cells) == len(every.header) for cells in every.rows)


def test_published_errors_stand_beside_the_median_and_the_largest_of_all_draws():
    published = tables(ROWS)["published"]
    assert len(published.rows) == len(gradients.PUBLISHED)
    absolute = ["1.00e-09", "2.00e-09", "3.68e-10", "0 of 3"]
    assert published.rows[0] == [cases.CASES[0].name, "W1", *absolute, "3.00e-08", "3.00e-08", "1.88e-06", "3 of 3"]
    assert published.rows[2][5] == "1 of 3"  # 6.67e-10 is below 8.98e-10


def test_what_is_larger_than_published_is_named_with_its_draws():
    (said,) = [remark for remark in draw(ROWS).remarks if "than published" in remark]
    first, second = cases.CASES[0].name, cases.CASES[1].name
    assert f"{first}, W1, absolute (3 of 3); {first}, b1, absolute (3 of 3)" in said
    assert f"{second}, W1, absolute (2 of 3)" in said
    assert f"{first}, W1, relative" not in said
    better = [row("linear", "softmax", *key, absolute=1e-12, relative=1e-12) for key in gradients.PUBLISHED]
    assert "Larger than published in some draws: 0 of 16 errors." in draw(better).remarks
    assert not any("than published" in remark for remark in draw(ROWS[len(ROWS) // 2 :]).remarks)


def test_criteria_are_met_in_so_many_draws():
    largest, mean, six_decimals, absolute = tables(ROWS)["criteria"].rows
    assert largest[1:] == [cases.CASES[4].name, "3.00e-08", "3.00e-08", "3 of 3", "PASS"]
    assert mean[1:] == [cases.CASES[4].name, "3.00e-09", "3.00e-09", "3 of 3", "PASS"]
    assert six_decimals[1:] == [cases.CASES[5].name, "2.00e-09", "2.00e-09", "3 of 3", "PASS"]
    assert absolute[1:] == ["all", "2.00e-09", "2.00e-09", "3 of 3", "PASS"]


@pytest.mark.parametrize(
    ("case", "worse", "missed"),
    [
        (4, {"relative": 1.1e-6}, [0]),
        (4, {"relative": 1.1e-5}, [0, 1]),
        (5, {"absolute": 1.4e-6}, [3]),
        (5, {"absolute": 1.6e-6}, [2, 3]),
        (0, {"absolute": np.nan}, [3]),
    ],
)
def test_a_criterion_that_one_draw_misses_is_met_in_some_draws(case, worse, missed):
    at = ("linear", "softmax", cases.CASES[case].name, "b1", 1)
    rows = tables([row(*at, **worse) if one[:5] == at else one for one in ROWS])["criteria"].rows
    assert [i for i, cells in enumerate(rows) if cells[-2:] == ["2 of 3", "in some draws"]] == missed


def test_moments_are_medians_over_draws():
    uniform = tables(ROWS)["uniform"]
    assert {cells[0] for cells in uniform.rows} == {"linear, softmax", "two-layer, hinge"}
    assert uniform.rows[0][2:] == ["4.00e+00", "1.50e+00", "2.50e-01", "1.00e-10", "0.00e+00", "1.00e-11"]


def test_the_forward_difference_stands_beside_lambda_h():
    """Its mean is 2, 7 and 12 % off."""
    rows = tables(ROWS)["forward"].rows
    assert rows[0] == ["linear, softmax", "1.00e-06", "1.07e-06", "1.00e-08", "2 of 3"]
    assert len(rows) == len(PAIRS)
    assert not any("λ h" in remark for remark in draw(ROWS).remarks)
    two_layer = [one._replace(network="two-layer") for one in ROWS]
    assert any("nearly λ h = 1e-06 in 2 of 3 draws" in remark for remark in draw(two_layer).remarks)


def test_a_table_without_rows_is_left_out():
    others = [own for own in ROWS if own.network == "two-layer" and own.case == cases.CASES[0].name]
    assert len(draw(others).tables) == 1


def test_the_verdict_names_what_failed_and_in_which_draw():
    n = len(ROWS) // N_DRAWS
    assert draw(ROWS).remarks[-1] == f"PASS: all {n} gradients, in each of 3 draws."
    assert draw([one for one in ROWS if one.seed == 0]).remarks[-1] == f"PASS: all {n} gradients."
    fewer = [one for one in ROWS if one.seed < 2 or one.network == "linear"]
    assert draw(fewer).remarks[-1] == f"PASS: all {n} gradients, in each of 2 or 3 draws."
    wrong = row("two-layer", "hinge", cases.CASES[0].name, "W1", 7, within=False)
    report = draw([*ROWS, wrong])
    assert report.remarks[-1] == "FAIL: two-layer, hinge, by seed 7."
    assert [cells[:2] for cells in report.tables[-1].rows if cells[-1] == "FAIL"] == [
        [f"two-layer, hinge: {wrong.case}", "W1"]
    ]


def test_the_luck_of_the_draw_is_spoken_of_only_where_it_was_the_first():
    assert gradients.DRAW in draw(ROWS, seed=0).remarks
    assert gradients.DRAW not in draw(ROWS, seed=1).remarks


@pytest.mark.filterwarnings("error")
def test_errors_against_the_step_have_a_panel_a_network(monkeypatch):
    monkeypatch.setattr(checks, "step_errors", lambda batch, name, steps, seed: np.outer([2, 3], steps))
    fig = gradients.draw(ROWS, None, ["linear", "two-layer"], "CIFAR-10", 0).figures["step_sizes"]
    drawn(fig)
    assert [ax.get_title() for ax in fig.axes] == ["linear", "two-layer"]
    centred, forward, *marks = fig.axes[0].lines
    np.testing.assert_allclose(centred.get_ydata() / centred.get_xdata(), 2)
    np.testing.assert_allclose(forward.get_ydata() / forward.get_xdata(), 3)
    assert {mark.get_xdata()[0] for mark in marks} == {case.h for case in cases.CASES}
