import numpy as np
import pytest

from dd2424_jax.gradients import cases
from dd2424_jax.gradients.differences import Errors
from dd2424_jax.reporting import gradients
from tests.reporting.results import drawn


def row(network, loss, case, parameter, *, within=True):
    near, far = Errors(1e-13, 1e-13, True), Errors(2e-9, 3e-8, within)
    return cases.Row(network, loss, case, parameter, near, near, far, far, (4.0, 0.5, 0.25), (1e-10, 0.0, 1e-11))


PAIRS = [("linear", "softmax"), ("two-layer", "hinge")]
ROWS = [row(*pair, case.name, parameter) for pair in PAIRS for case in cases.CASES for parameter in ("W1", "b1")]


@pytest.fixture(autouse=True)
def step_errors(monkeypatch):
    """Errors that are 2 h and 3 h."""
    monkeypatch.setattr(cases, "step_errors", lambda batch, name, steps, seed: np.outer([2, 3], steps))


def draw(rows, networks=("linear", "two-layer"), seed=0):
    return gradients.draw(rows, None, networks, "CIFAR-10", seed)


def test_every_parameter_of_every_case_has_a_row_below_the_limits():
    *_, every = draw(ROWS).tables
    limits, *rows = every.rows
    assert [float(cell) for cell in limits[2:-1]] == [limit for pair in cases.LIMITS.values() for limit in pair]
    assert len(rows) == len(ROWS)
    assert rows[0][0] == f"linear, softmax: {cases.CASES[0].name}"
    assert rows[0][-5:] == ["2.00e-09", "3.00e-08", "2.00e-09", "3.00e-08", "PASS"]
    assert all(len(cells) == len(every.header) for cells in every.rows)


def test_published_errors_stand_beside_those_of_the_same_cases():
    published, uniform, _ = draw(ROWS).tables
    assert len(published.rows) == len(gradients.PUBLISHED)
    assert published.rows[0] == [cases.CASES[0].name, "W1", "2.00e-09", "3.68e-10", "3.00e-08", "1.88e-06"]
    assert {cells[0] for cells in uniform.rows} == {"linear, softmax", "two-layer, hinge"}
    assert uniform.rows[0][2:5] == ["4.00e+00", "5.00e-01", "2.50e-01"]


def test_a_table_without_rows_is_left_out():
    others = [own for own in ROWS if own.network == "two-layer" and own.case == cases.CASES[0].name]
    assert len(draw(others).tables) == 1


def test_the_verdict_names_what_failed():
    assert draw(ROWS).remarks[-1] == f"PASS: all {len(ROWS)} gradients."
    wrong = row("two-layer", "hinge", cases.CASES[0].name, "W2", within=False)
    report = draw([*ROWS, wrong])
    assert report.remarks[-1] == "FAIL: two-layer, hinge."
    assert report.tables[-1].rows[-1][-1] == "FAIL"


def test_the_luck_of_the_draw_is_spoken_of_only_where_it_was_the_first():
    assert gradients.DRAW in draw(ROWS, seed=0).remarks
    assert gradients.DRAW not in draw(ROWS, seed=1).remarks


@pytest.mark.filterwarnings("error")
def test_errors_against_the_step_have_a_panel_a_network():
    fig = draw(ROWS).figures["step_sizes"]
    drawn(fig)
    assert [ax.get_title() for ax in fig.axes] == ["linear", "two-layer"]
    centred, forward, *marks = fig.axes[0].lines
    np.testing.assert_allclose(centred.get_ydata() / centred.get_xdata(), 2)
    np.testing.assert_allclose(forward.get_ydata() / forward.get_xdata(), 3)
    assert {mark.get_xdata()[0] for mark in marks} == {case.h for case in cases.CASES}
