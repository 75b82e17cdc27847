import ast
import re

import numpy as np
import pytest

from dd2424_jax.reporting import tables
from dd2424_jax.stats import estimate
from tests.commands.scripts import ROOT
from tests.reporting.results import concluded, near

TABLE = tables.Table("Results on A_B, 50 % & λ", ["λ", "test %"], [["0.1", "39.00 ± 0.20"], ["1e-05", "diverged"]])
WRITERS = [  # of tables
    *(ROOT / "experiments").glob("*.py"),
    *(ROOT / "dd2424_jax/benchmarking").glob("*.py"),
    *(ROOT / "dd2424_jax/gradients").glob("*.py"),
    *(file for file in (ROOT / "dd2424_jax/reporting").glob("*.py") if "plots" not in file.name),
]


def characters(file) -> set[str]:
    """All that are in a module's strings, but for docstrings."""
    nodes = [*ast.walk(ast.parse(file.read_text()))]
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
    return set().union(*map(str, strings))


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


def test_no_latex_table_is_wider_than_the_text():
    text = tables.latex(TABLE)
    opening, tabular = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{", r"\begin{tabular}"
    assert text.index(opening) < text.index(tabular)
    assert r"\end{tabular}}" in text
    for part in (text, *re.findall(r"(?<!\\)\$[^$]*\$", text)):
        assert part.count("{") == part.count("}")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("λ = 0, η_max = 0.1, η_min", r"$\lambda$ = 0, $\eta_{\max}$ = 0.1, $\eta_{\min}$"),
        ("U(−2, 2)", "U($-$2, 2)"),
        ("8 λ × 3, 5 µs (1–2)", r"8 $\lambda$ $\times$ 3, 5 \textmu{}s (1--2)"),
        (">= 0.75, <= 1", "$>$= 0.75, $<$= 1"),
        (r"~^\{$#_", r"\textasciitilde{}\textasciicircum{}\textbackslash{}\{\$\#\_"),
    ],
)
def test_symbols_as_latex(text, latex):
    assert tables.latex_text(text) == latex


def test_pdflatex_knows_every_character_of_every_table():
    written = set().union(*map(characters, WRITERS))
    assert {"λ", "±", "−", "µ"} <= written
    unknown = {char for char in written if not tables.latex_text(char).isascii()}
    assert not unknown
    # In LaTeX's default encoding of fonts, these three are others.
    assert not [char for char in "<>|" if tables.latex_text(char) == char]


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
    assert tables.points(float("nan")) == "–"
    assert tables.points_interval(-0.001, 0.02) == "-0.10 to +2.00"
    assert tables.points_interval(float("nan"), float("nan")) == "–"


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


def test_a_long_table_goes_over_several_pages_and_loses_no_row():
    rows = [[f"row {i}", str(i)] for i in range(2 * tables.PAGE + 1)]
    text = tables.latex(tables.Table("Long", ["name", "number"], rows))
    assert re.findall(r"row \d+", text) == [name for name, _ in rows]
    parts = text.split(r"\end{table}")[:-1]
    assert [part.count(r"\toprule") for part in parts] == [1, 1, 1]
    assert [re.search(r"\\caption{(.*)}", part)[1] for part in parts] == [f"Long ({i} of 3)" for i in (1, 2, 3)]
