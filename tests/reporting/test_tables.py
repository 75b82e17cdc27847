import re

import pytest

from dd2424_jax import tables
from dd2424_jax.stats import estimate

TABLE = tables.Table("Results on A_B, 50 % & λ", ["λ", "test %"], [["0.1", "39.00 ± 0.20"], ["1e-05", "diverged"]])


def test_markdown_is_a_pipe_table_of_equal_lines():
    caption, blank, *lines = tables.markdown(TABLE).splitlines()
    assert caption == TABLE.caption
    assert blank == ""
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == TABLE.rows[0]
    assert re.fullmatch(r"\|-+\|-+:\|", lines[1])


def test_latex_escapes_what_latex_would_read():
    text = tables.latex(TABLE)
    assert r"39.00 $\pm$ 0.20 \\" in text
    assert r"$\lambda$ & test \% \\" in text
    assert r"A\_B, 50 \% \& $\lambda$" in text
    assert text.count(r"\begin") == text.count(r"\end") == 2


@pytest.mark.parametrize(
    ("values", "percent", "interval", "number"),
    [
        ([0.50, 0.51, 0.52], "51.00 ± 1.00", "48.52 to 53.48", "0.510 ± 0.010"),
        ([0.5], "50.00", "–", "0.500"),
        ([0.2, 0.4], "30.00 ± 14.14", "0.00 to 100.00", "0.300 ± 0.141"),
        ([], "diverged", "–", "diverged"),
    ],
)
def test_estimates_as_text(values, percent, interval, number):
    assert tables.percent(estimate(values)) == percent
    assert tables.percent_interval(estimate(values)) == interval
    assert tables.number(estimate(values)) == number


def test_differences_are_in_points_with_a_sign():
    assert tables.points(0.0123) == "+1.23"
    assert tables.points_interval(-0.001, 0.02) == "-0.10 to +2.00"
    assert tables.points_interval(float("nan"), float("nan")) == "–"
