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
    assert r"39.00~$\pm$~0.20 \\" in text
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
        ("(--preset=r3)", r"(-{}-preset=r3)"),
        ("[ms] * 2", "{[}ms{]} {*} 2"),
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


def test_a_long_table_goes_on_on_the_next_page_and_loses_no_row():
    rows = [[f"row {i}", str(i)] for i in range(100)]
    text = latex.table(Table("long", "Long", ["name", "number"], rows), "x-long")
    check_structure(text)
    assert rows_of(text) == [name for name, _ in rows]
    head, body = text.split(r"\endlastfoot")
    assert head.count(r"name & number \\") == 2  # of the first page and of the others
    assert r"\caption{Long}\label{tab:x-long} \\" in head
    assert r"\begin{longtable}{@{}lr@{}}" in head
    assert body.rstrip().endswith(r"\end{longtable}}")


def shares_of(text):
    """Of the text block's width, of columns whose lines are broken."""
    return [float(share) for share in re.findall(r"p{(.*?)\\linewidth}", text)]


def test_a_wide_table_has_smaller_type_then_broken_lines():
    def of(n, name="a name of several words"):
        rows = [[f"row {i}, {name}", *["1.00e-05"] * n] for i in range(3)]
        return latex.table(Table("wide", "Wide", ["name", *["significantly different"] * n], rows), "x-wide")

    normal, small, broken = of(1), of(5, ""), of(7)
    for text in (normal, small, broken):
        check_structure(text)
        assert len(rows_of(text)) == 3
        assert r"\shortstack[r]{significantly \\ different}" in text  # no wider than its numbers
    assert r"\normalsize" in normal
    assert re.search(r"\\(small|footnotesize)", small)
    assert [len(shares_of(text)) for text in (normal, small, broken)] == [0, 0, 1]


@pytest.mark.parametrize("width", [latex.NARROWEST, 470])
def test_wordy_columns_share_the_room_that_there_is(width):
    rows = [["a claim of a dozen words or more " * 3, "said by somebody " * 4, "+0.14 points"] for _ in range(20)]
    text = latex.table(Table("wordy", "Wordy", ["claim", "by", "effect"], rows), "x-wordy", width)
    check_structure(text)
    claim, by = shares_of(text)[:2]
    assert claim > by > 0.2
    assert 0.5 < sum(shares_of(text)) < 1
    assert r"\begin{longtable}" in text  # as they have several lines each
    assert text.count(r"\addlinespace") == len(rows) - 1


def test_no_table_is_too_wide_for_any_type():
    rows = [["x" * 40] * 12]
    text = latex.table(Table("wide", "Wide", ["name"] * 12, rows), "x-wide")
    check_structure(text)
    assert r"\tiny" in text
    assert r"\resizebox{\ifdim\width>\linewidth" in text
    many = latex.table(Table("wide", "Wide", ["name"] * 12, [[f"row {i}", *rows[0][1:]] for i in range(90)]), "x-wide")
    check_structure(many)
    assert rows_of(many) == [f"row {i}" for i in range(90)]
    n = many.count(r"\resizebox{\ifdim\width>\linewidth")
    assert n >= 3
    assert re.findall(r"\\caption{(.*?)}", many) == [f"Wide ({i} of {n})" for i in range(1, n + 1)]
    assert many.count(r"\label{tab:x-wide}") == 1


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
    assert re.findall(r"\\includegraphics\[width=\\textwidth,.*?\]{(.*?)}", text) == ["search.pdf", "step_sizes.pdf"]
    assert r"\caption{$\lambda$, 95 \% band}\label{fig:coarse-search-search}" in text
    assert r"\caption{$\eta_{\max}$}\label{fig:coarse-search-step-sizes}" in text
