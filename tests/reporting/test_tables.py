import re

import numpy as np
import pytest

from dd2424_jax.reporting import tables
from dd2424_jax.stats import estimate
from tests.reporting.results import concluded, near

TABLE = tables.Table(
    "results", "Results on A_B, 50 % & λ", ["λ", "test %"], [["0.1", "39.00 ± 0.20"], ["1e-05", "diverged"]]
)


def test_markdown_is_a_pipe_table_of_equal_lines():
    caption, blank, *lines = tables.markdown(TABLE).splitlines()
    assert caption == TABLE.caption
    assert blank == ""
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == TABLE.rows[0]
    assert re.fullmatch(r"\|-+\|-+:\|", lines[1])


@pytest.mark.parametrize(
    ("values", "percent", "interval", "number"),
    [
        ([0.50, 0.51, 0.52], "51.00 ± 1.00", "48.52 to 53.48", "0.510 ± 0.010"),
        ([0.5], "50.00", "–", "0.500"),
        ([0.2, 0.4], "30.00 ± 14.14", "– (too few seeds)", "0.300 ± 0.141"),
        ([0.2, 0.25, 0.3], "25.00 ± 5.00", "12.58 to 37.42", "0.250 ± 0.050"),
        ([0.0, 0.1, 0.2], "10.00 ± 10.00", "0.00 to 34.84", "0.100 ± 0.100"),
        ([], "diverged", "–", "diverged"),
    ],
)
def test_estimates_as_text(values, percent, interval, number):
    assert tables.percent(estimate(values)) == percent
    assert tables.percent_interval(estimate(values)) == interval
    assert tables.number(estimate(values)) == number


def test_differences_are_in_points_with_a_sign():
    assert tables.points(0.0123) == "+1.23"
    assert tables.points(float("nan")) == "–"
    assert tables.points_interval(-0.001, 0.02) == "-0.10 to +2.00"
    assert tables.points_interval(float("nan"), float("nan")) == "–"
    assert tables.points_interval(-1.2, 1.1) == "– (too few seeds)"


def test_a_cost_that_exploded_is_a_power_of_ten():
    assert tables.number(estimate([2e12, 4e12])) == "3.00e+12 ± 1.41e+12"


def test_a_table_of_settings_shows_what_varies_and_the_metrics_asked_for():
    result = concluded([0.0, 0.1], scores=near(0.5, 0.4, n_seeds=3))
    table = tables.of_settings(result, "caption", ("train_loss", "valid_accuracy"), interval="valid_accuracy", digits=4)
    assert table.caption == "caption"
    assert table.header == ["λ", "train loss", "validation %", "95 % interval", "diverged"]
    losses = result.outcome.train.loss[1, :, -1]
    scores = estimate(result.outcome.valid.accuracy[1, :, -1])
    assert table.rows[1] == [
        "0.1",
        f"{losses.mean():.4f} ± {losses.std(ddof=1):.4f}",
        f"40.00 ± {100 * scores.sd:.2f}",
        f"{100 * scores.low:.2f} to {100 * scores.high:.2f}",
        "0",
    ]


def test_a_table_of_settings_names_everything_that_varies_and_counts_what_diverged():
    scores = near(0.5, 0.4, n_seeds=3)
    scores[0, 1] = scores[1] = np.nan
    table = tables.of_settings(concluded([0.1, 0.2], [0.3, 0.4], scores=scores, test=True), "", ("test_accuracy",))
    assert table.header == ["λ", "η_max", "test %", "diverged"]
    assert [row[:2] for row in table.rows] == [["0.1", "0.3"], ["0.2", "0.4"]]
    assert [row[-1] for row in table.rows] == ["1", "3"]
    assert table.rows[1][2] == "diverged"


def test_a_column_is_added_on_the_right():
    wider = tables.with_column(TABLE, "published", ["a", "b"])
    assert wider.header == [*TABLE.header, "published"]
    assert wider.rows == [[*row, cell] for row, cell in zip(TABLE.rows, "ab", strict=True)]
    assert len(TABLE.header) == 2


@pytest.mark.parametrize(("p", "text"), [(np.nan, "–"), (0.0, "< 0.001"), (0.00101, "0.001"), (1.0, "1.000")])
def test_a_p_value_is_never_nothing(p, text):
    assert tables.p_value(p) == text
