import ast
import re

import pytest

from dd2424_jax.reporting import labels, latex
from dd2424_jax.reporting.tables import Table
from tests.commands.scripts import ROOT

TABLE = Table("results", "Results on A_B, 50 % & λ", ["λ", "test %"], [["0.1", "39.00 ± 0.20"], ["1e-05", "diverged"]])
REPORTS = [*(ROOT / "experiments").glob("*.py"), ROOT / "dd2424_jax/app/pipeline.py"]
REPORTS += [
    file for room in ("benchmarking", "gradients", "reporting") for file in (ROOT / "dd2424_jax" / room).iterdir()
]
DRAWN_ONLY = {"★", "○", "▲"}  # in figures, which have all characters


def characters(file) -> set[str]:
    """All that are in a module's strings, but for docstrings."""
    nodes = [*ast.walk(ast.parse(file.read_text()))]
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
    return set().union(*map(str, strings))


def check_structure(text):
    """Environments and braces are balanced, in mathematics too, and no character is unknown."""
    begun = []
    for word, name in re.findall(r"\\(begin|end){(\w+)}", text):
        assert word == "begin" or begun.pop() == name
        begun += [name] * (word == "begin")
    assert not begun
    for part in (text, *re.findall(r"(?<!\\)\$[^$]*\$", text)):
        bare = re.sub(r"\\[{}]", "", part)
        assert bare.count("{") == bare.count("}")
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0
    assert "$$" not in text
    assert text.isascii()


def test_what_latex_would_read_is_escaped():
    text = latex.table(TABLE, "exercise-results")
    check_structure(text)
    assert r"39.00 $\pm$ 0.20 \\" in text
    assert r"$\lambda$ & test \% \\" in text
    assert r"\caption{Results on A\_B, 50 \% \& $\lambda$}\label{tab:exercise-results}" in text
    assert text.index(r"\resizebox{\ifdim\width>\linewidth") < text.index(r"\begin{tabular}")  # no wider than the text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("λ = 0, η_max = 0.1, η_min", r"$\lambda$ = 0, $\eta_{\max}$ = 0.1, $\eta_{\min}$"),
        ("U(−2, 2)", "U($-$2, 2)"),
        ("8 λ × 3, 5 µs (1–2)", r"8 $\lambda$ $\times$ 3, 5 \textmu{}s (1--2)"),
        (">= 0.75, <= 1", "$>$= 0.75, $<$= 1"),
        (r"~^\{$#_", r"\textasciitilde{}\textasciicircum{}\textbackslash{}\{\$\#\_"),
        ("-0.31", "$-$0.31"),
        ("-0.50 to +0.31 (-2)", "$-$0.50 to +0.31 ($-$2)"),
        (
            "CIFAR-10 on 2024-01-05, one-SE, two-layer, Xeon E5-2680",
            "CIFAR-10 on 2024-01-05, one-SE, two-layer, Xeon E5-2680",
        ),
        ("27.9-29.5", "27.9--29.5"),
        ("1e-05", "$10^{-5}$"),
        ("λ from 3.73e-05 to 1e+03", r"$\lambda$ from $3.73\cdot10^{-5}$ to $10^{3}$"),
        ("-2.40e-03, 9.50e+00", r"$-2.40\cdot10^{-3}$, 9.50"),
        ("use --n_seeds=6", r"use -{}-n\_seeds=6"),
    ],
)
def test_symbols_and_numbers_as_latex(text, expected):
    assert latex.text(text) == expected


def test_pdflatex_knows_every_character_of_every_report():
    written = set().union(*(characters(file) for file in REPORTS if file.suffix == ".py")) - DRAWN_ONLY
    assert {"λ", "±", "−", "µ"} <= written
    assert {*"".join([*labels.SYMBOLS.values(), *labels.DATASETS.values()])} <= written
    assert not {char for char in written if not latex.text(char).isascii()}
    # In LaTeX's default encoding of fonts, these three are others.
    assert not [char for char in "<>|" if latex.text(char) == char]


def rows_of(text):
    return re.findall(r"row \d+", text)


def test_a_long_table_goes_over_several_pages_and_loses_no_row():
    rows = [[f"row {i}", str(i)] for i in range(100)]
    text = latex.table(Table("long", "Long", ["name", "number"], rows), "x-long")
    check_structure(text)
    assert rows_of(text) == [name for name, _ in rows]
    parts = text.split(r"\end{table}")[:-1]
    assert [part.count(r"\toprule") for part in parts] == [1, 1, 1]
    assert [re.search(r"\\caption{(.*?)}", part)[1] for part in parts] == [f"Long ({i} of 3)" for i in (1, 2, 3)]
    assert text.count(r"\label{tab:x-long}") == 1


def test_a_wide_table_has_smaller_type_then_shorter_lines_then_a_page_turned():
    def of(n, name="a name of several words"):
        rows = [[f"row {i}, {name}", *["1.00e-05"] * n] for i in range(3)]
        return latex.table(Table("wide", "Wide", ["name", *["significantly different"] * n], rows), "x-wide")

    normal, small, turned = of(1), of(5, ""), of(8)
    for text in (normal, small, turned):
        check_structure(text)
        assert len(rows_of(text)) == 3
        assert "significantly &" in text or r"significantly \\" in text  # no wider than its numbers
    assert r"\normalsize" in normal
    assert re.search(r"\\(small|footnotesize)", small)
    assert [r"\rotatebox{90}" in text for text in (normal, small, turned)] == [False, False, True]


def test_lines_are_not_broken_at_an_equals_sign():
    rows = [[f"{n} images, 20 pixels, λ = 1", *["1.00e-05"] * 6] for n in range(100, 103)]
    text = latex.table(Table("cases", "Cases", ["case", *["number"] * 6], rows), "x-cases")
    check_structure(text)
    assert text.count(r"$\lambda$~=~1") == 3


def test_a_document_inputs_every_table_and_says_the_remarks():
    text = latex.tables([TABLE, TABLE._replace(name="other")], ["51 % > 50 %.", "λ = 1e-05."])
    check_structure(text)
    assert re.findall(r"^\\input{(.*?)}", text, re.MULTILINE) == ["tables/results", "tables/other"]
    assert text.endswith("\n\n" + r"51 \% $>$ 50 \%." + "\n\n" + r"$\lambda$ = $10^{-5}$." + "\n")


def test_every_figure_has_its_caption_and_label():
    text = latex.figures("coarse_search", {"search": "λ, 95 % band", "step_sizes": "η_max"})
    check_structure(text)
    assert re.findall(r"\\includegraphics\[width=\\textwidth\]{(.*?)}", text) == ["search.pdf", "step_sizes.pdf"]
    assert r"\caption{$\lambda$, 95 \% band}\label{fig:coarse-search-search}" in text
    assert r"\caption{$\eta_{\max}$}\label{fig:coarse-search-step-sizes}" in text
