r"""Tables, remarks and figures as LaTeX that pdflatex sets, with \usepackage{booktabs, graphicx}."""

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dd2424_jax.reporting.tables import Table

# Text

_CHARACTERS = str.maketrans(
    {character: rf"\{character}" for character in "%&_#${}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"–": "--", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "²": "$^2$", "√": r"$\surd$", "‖": r"$\Vert$"}
    | {"\xa0": "~", "<": "$<$", ">": "$>$", "|": "$|$"}
    | {"λ": r"$\lambda$", "η": r"$\eta$", "μ": r"$\mu$", "µ": r"\textmu{}"}
)
_NUMBER = r"\d+(?:\.\d+)?"
_PATTERNS = [  # in this order, of what the characters have become
    (r"\$\\eta\$\\_(min|max)", r"$\\eta_{\\\1}$"),
    (rf"(?<![\w.])({_NUMBER})e[+-]00", r"\1"),
    (r"(?<![\w.])1e([+-])0*(\d+)", r"$10^{\1\2}$"),
    (rf"(?<![\w.])({_NUMBER})e([+-])0*(\d+)", r"$\1\\cdot10^{\2\3}$"),
    (r"\^{\+", "^{"),
    (r"(?<!\S)--(?=[a-z])", r"-{}-"),  # a flag, no dash
    (rf"(?<![\w.-])({_NUMBER})-({_NUMBER})(?![\w.-])", r"\1--\2"),  # a range, no date
    (r"(?<![\w.}{$^-])-(?=[\d$])", r"$-$"),
    (r"\$-\$\$", r"$-"),
]


def text(plain: str) -> str:
    """Text as LaTeX would have it: for pdflatex, which knows no character of the table above by itself."""
    translated = plain.translate(_CHARACTERS)
    for pattern, replacement in _PATTERNS:
        translated = re.sub(pattern, replacement, translated)
    return translated


# Tables


class _Layout(NamedTuple):
    r"""How a table is set, in points of the narrowest text block that is usual: LaTeX's article at 10 pt.

    size    of its type: the command, and the share of 10 pt
    wrap    a cell's most characters in a line
    width   of the table
    lines   on a page, header and caption left out
    turned  by 90 degrees, on a page of its own
    """

    size: tuple[str, float]
    wrap: int
    width: float
    lines: int
    turned: bool = False


_SMALL, _FOOTNOTE = (r"\small", 0.9), (r"\footnotesize", 0.8)
_LAYOUTS = [  # the first that a table fits in is taken
    _Layout((r"\normalsize", 1.0), 48, 345, 34),
    _Layout(_SMALL, 48, 345, 36),
    _Layout(_FOOTNOTE, 48, 345, 40),
    _Layout(_FOOTNOTE, 26, 345, 40),
    _Layout(_FOOTNOTE, 32, 520, 24, turned=True),
    _Layout(_FOOTNOTE, 26, 520, 24, turned=True),
    _Layout(_FOOTNOTE, 20, 520, 24, turned=True),
]
_GAP = 10  # points between columns


def table(own: Table, label: str) -> str:
    """Floating tables with booktabs rules, no wider than the text, a page each; the label is the first one's."""
    layout = next((layout for layout in _LAYOUTS if _width(own, layout) <= layout.width), _LAYOUTS[-1])
    pages = list(_pages([_lines(row, [layout.wrap] * len(row)) for row in own.rows], layout.lines))
    floats = []
    for i, lines in enumerate(pages, 1):
        which = f" ({i} of {len(pages)})" if len(pages) > 1 else ""
        named = rf"\label{{tab:{label}}}" if i == 1 else ""
        floats.append(_float(own, lines, rf"\caption{{{text(own.caption + which)}}}{named}", layout))
    return "\n".join(floats)


def _pages(rows: Sequence[list], most: int) -> Iterator[list]:
    """The lines of whole rows, as many as a page has room for."""
    page = []
    for lines in rows:
        if page and len(page) + len(lines) > most:
            yield page
            page = []
        page = page + lines
    yield page


def _lines(cells: Sequence[str], widths: Sequence[int], *, below: bool = False) -> list[Sequence[str]]:
    """A row as lines, with cells wrapped at so many characters; `below`, the last lines are level, else the first."""
    whole = [cell.replace(" = ", "\xa0=\xa0") for cell in cells]
    wrapped = [textwrap.wrap(cell, width, break_long_words=False) for cell, width in zip(whole, widths, strict=True)]
    if below:
        depth = max(map(len, wrapped))
        wrapped = [[""] * (depth - len(parts)) + parts for parts in wrapped]
    else:
        wrapped = [[part if i == 0 else f"   {part}" for i, part in enumerate(parts)] for parts in wrapped]
    return list(itertools.zip_longest(*wrapped, fillvalue=""))


def _header(own: Table, layout: _Layout) -> list[Sequence[str]]:
    """Its lines: no wider than what stands below, or a word or two."""
    columns = zip(*own.rows, strict=True) if own.rows else [[]] * len(own.header)
    widths = [min(layout.wrap, max([8, *map(len, column)])) for column in columns]
    return _lines(own.header, widths, below=True)


def _width(own: Table, layout: _Layout) -> float:
    """Of a table in points, by the characters of its widest cells."""
    rows = [line for row in own.rows for line in _lines(row, [layout.wrap] * len(row))]
    columns = zip(*_header(own, layout), *rows, strict=True)
    return sum(layout.size[1] * max(map(_points, column)) + _GAP for column in columns) - _GAP


def _points(cell: str) -> float:
    """How wide a cell is, about, at 10 points."""
    cell = re.sub(r"e[+-]\d\d", "102222", cell)
    wide, narrow = len(re.findall(r"[A-Zmw%±×−+λη-]", cell)), len(re.findall(r"[\s.,:;()filt]", cell))
    return 5.1 * len(cell) + 2.4 * wide - 1.9 * narrow


def _float(own: Table, lines: Sequence[Sequence[str]], caption: str, layout: _Layout) -> str:
    def line(cells):
        first, *others = cells
        indent = r"\quad " if first.startswith(" ") else ""
        return " & ".join([indent + text(first.strip()), *(text(cell.strip()) for cell in others)]) + r" \\"

    opening, closing = [r"\begin{table}", r"  \centering"], [r"\end{table}", ""]
    if layout.turned:
        opening = [r"\begin{table}[p]", r"  \centering", r"  \rotatebox{90}{\begin{minipage}{0.95\textheight}"]
        opening.append(r"  \centering")
        closing = [r"  \end{minipage}}", *closing]
    return "\n".join(
        [
            *opening,
            f"  {caption}",
            r"  \medskip",
            rf"  {layout.size[0]}\setlength{{\tabcolsep}}{{{_GAP / 2:g}pt}}",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",  # where the estimate is too small
            rf"  \begin{{tabular}}{{@{{}}l{'r' * (len(own.header) - 1)}@{{}}}}",
            r"    \toprule",
            *(f"    {line(cells)}" for cells in _header(own, layout)),
            r"    \midrule",
            *(f"    {line(cells)}" for cells in lines),
            r"    \bottomrule",
            r"  \end{tabular}}",
            *closing,
        ]
    )


# Documents

_ABOUT = r"""% \usepackage{{booktabs, graphicx}} in the preamble. From another folder: \usepackage{{import}}, and
% \subimport{{path/of/this/folder/}}{{{name}}}
"""


def tables(own: Sequence[Table], remarks: Sequence[str]) -> str:
    """What inputs the tables, which are files of their own, and says the remarks."""
    inputs = [rf"\input{{tables/{each.name}}}  % {text(each.caption)}" for each in own]
    return "\n\n".join([_ABOUT.format(name="table") + "\n".join(inputs), *map(text, remarks)]) + "\n"


def figures(experiment: str, captions: dict[str, str]) -> str:
    """A floating figure for each PDF, by its name and caption."""
    floats = [figure(f"{name}.pdf", caption, label(experiment, name)) for name, caption in captions.items()]
    return "\n".join([_ABOUT.format(name="figures"), *floats])


def figure(file: str, caption: str, label: str) -> str:
    """A PDF that floats."""
    return "\n".join(
        [
            r"\begin{figure}",
            r"  \centering",
            rf"  \includegraphics[width=\textwidth]{{{file}}}",
            rf"  \caption{{{text(caption)}}}\label{{fig:{label}}}",
            r"\end{figure}",
            "",
        ]
    )


def label(experiment: str, name: str) -> str:
    """What a float is referred to by, but for its kind."""
    return f"{experiment}-{name}".replace("_", "-")
