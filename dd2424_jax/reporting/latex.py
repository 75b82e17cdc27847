r"""Tables, remarks and figures as LaTeX that pdflatex sets, with the packages array, booktabs, graphicx, longtable."""

import math
import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax.reporting.tables import Table

# Text

_CHARACTERS = str.maketrans(
    {character: rf"\{character}" for character in "%&_#${}"}
    | {character: f"{{{character}}}" for character in "[]*"}  # which a line's end would take for its own
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
    (r"(?<![\w-])--(?=[a-z])", r"-{}-"),  # a flag, no dash
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
    """How a table is set.

    size    of its type: the command
    shares  of the text block's width, of columns whose lines are broken; None of the others
    lines   that it has, about
    """

    size: str
    shares: Sequence[float | None]
    lines: int


NARROWEST = 345  # points of the narrowest text block that is usual: LaTeX's article at 10 pt
_SIZES = {r"\normalsize": 1.0, r"\small": 0.9, r"\footnotesize": 0.8, r"\scriptsize": 0.7, r"\tiny": 0.5}  # of 10 pt
_BROKEN = list(_SIZES)[2:]  # sizes of tables in which lines are broken
_GAP = 8  # points between columns
_MOST = 30  # lines of a table that floats; a longer one goes on on the next page


def table(own: Table, label: str, width: float = NARROWEST) -> str:
    """A table with booktabs rules, no wider than a text block of so many points."""
    own = own._replace(rows=[[_held(cell) for cell in row] for row in own.rows])
    layout = _layout(own, width)
    columns = "".join(_column(i, share) for i, share in enumerate(layout.shares))
    opening, start = f"{{@{{}}{columns}@{{}}}}", rf"{layout.size}\setlength{{\tabcolsep}}{{{_GAP / 2:g}pt}}"
    head = [r"    \toprule", f"    {_header(own, layout)}", r"    \midrule"]
    rows = [f"    {' & '.join(map(text, row))} \\\\" for row in own.rows]
    space = [r"    \addlinespace[2pt]"] * any(layout.shares)
    if layout.lines <= _MOST:
        return _float(own.caption, rf"\label{{tab:{label}}}", start, opening, [*head, *_joined(rows, space)])
    if layout.size in _BROKEN[1:]:  # as wide as is estimated or wider: several, which can be made narrower
        n = math.ceil(layout.lines / _MOST)
        parts = [rows[i * len(rows) // n : (i + 1) * len(rows) // n] for i in range(n)]
        named = [rf"\label{{tab:{label}}}", *[""] * (n - 1)]
        captions = [f"{own.caption} ({i} of {n})" for i in range(1, n + 1)]
        each = zip(captions, named, parts, strict=True)
        return "\n".join(_float(*about, start, opening, [*head, *_joined(part, space)]) for *about, part in each)
    return "\n".join(
        [
            rf"{{{start}\setlength{{\LTcapwidth}}{{\linewidth}}",
            rf"\begin{{longtable}}{opening}",
            rf"    \caption{{{text(own.caption)}}}\label{{tab:{label}}} \\",
            *(line for end in (r"    \endfirsthead", r"    \endhead") for line in (*head, end)),
            r"    \bottomrule",
            r"    \endlastfoot",
            *_joined(rows, space),
            r"\end{longtable}}",
            "",
        ]
    )


def _joined(rows: Sequence[str], space: Sequence[str]) -> list[str]:
    return [line for i, row in enumerate(rows) for line in (*(space if i else ()), row)]


def _float(caption: str, named: str, start: str, opening: str, lines: Sequence[str]) -> str:
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"  \centering",
            rf"  \caption{{{text(caption)}}}{named}",
            r"  \medskip",
            f"  {start}",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",  # where the estimate is too small
            rf"  \begin{{tabular}}{opening}",
            *lines,
            r"    \bottomrule",
            r"  \end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def _held(cell: str) -> str:
    """Without a line's end at a sign."""
    return re.sub(r" ([=±×]) ", "\xa0\\1\xa0", cell).replace(" %", "\xa0%").replace(" to ", " to\xa0")


def _layout(own: Table, width: float) -> _Layout:
    """The largest type that needs no broken lines, if there is one, or else that which can do with them.

    Columns are as wide as a browser makes them: as their longest word, and the rest of the room goes to them in the
    proportion in which they would be wider.
    """
    columns = [[*_header_lines(own, i), *cells] for i, cells in enumerate(_columns(own))]
    widest = [max(map(_points, column)) for column in columns]
    words = [max(_points(word) for cell in column for word in re.split("[ -]", cell)) for column in columns]

    def room(size: str) -> float:
        return (width - _GAP * (len(columns) - 1)) / _SIZES[size]

    for size in _SIZES:
        if _SIZES[size] >= _SIZES[_BROKEN[0]] and sum(widest) <= room(size):
            return _Layout(size, [None] * len(columns), len(own.rows))
    size = next((size for size in _BROKEN if sum(words) <= room(size)), _BROKEN[-1])
    rest = max(room(size) - sum(words), 0) / max(sum(widest) - sum(words), 1)
    widths = [word + rest * (most - word) for word, most in zip(words, widest, strict=True)]
    lines = [
        max(math.ceil(_points(cell) / points) for cell, points in zip(row, widths, strict=True)) for row in own.rows
    ]
    broken = [word < most for word, most in zip(words, widest, strict=True)]
    shares = [_SIZES[size] * points / width if own else None for own, points in zip(broken, widths, strict=True)]
    return _Layout(size, shares, sum(lines))


def _columns(own: Table) -> list[Sequence[str]]:
    return [*zip(*own.rows, strict=True)] if own.rows else [[]] * len(own.header)


def _header_lines(own: Table, i: int) -> list[str]:
    """No wider than what stands below, or a word or two."""
    most = max([8, *map(len, _columns(own)[i])])
    return textwrap.wrap(own.header[i], most, break_long_words=False) or [""]


def _header(own: Table, layout: _Layout) -> str:
    cells = []
    for i, share in enumerate(layout.shares):
        lines = [text(line) for line in _header_lines(own, i)]
        side, stacked = "r" if i and share is None else "l", r" \\ ".join(lines)
        cells.append(rf"\shortstack[{side}]{{{stacked}}}" if len(lines) > 1 else stacked)
    return " & ".join(cells) + r" \\"


def _column(i: int, share: float | None) -> str:
    if share is None:
        return "r" if i else "l"
    return rf">{{\raggedright\arraybackslash}}p{{{share:.3f}\linewidth}}"


def _points(cell: str) -> float:
    """How wide a cell is, about, at 10 points."""
    cell = re.sub(r"e[+-]\d\d", "102222", cell)
    wide, narrow = len(re.findall(r"[A-Zmw%±×−+λη-]", cell)), len(re.findall(r"[\s.,:;()filt]", cell))
    return 5.1 * len(cell) + 2.4 * wide - 1.9 * narrow


# Documents

_ABOUT = r"""% \usepackage{{array, booktabs, graphicx, longtable}} in the preamble.
% From another folder: \usepackage{{import}}, and \subimport{{path/of/this/folder/}}{{{name}}}
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
            r"\begin{figure}[htbp]",
            r"  \centering",
            rf"  \includegraphics[width=\textwidth, height=0.42\textheight, keepaspectratio]{{{file}}}",
            rf"  \caption{{{text(caption)}}}\label{{fig:{label}}}",
            r"\end{figure}",
            "",
        ]
    )


def label(experiment: str, name: str) -> str:
    """What a float is referred to by, but for its kind."""
    return f"{experiment}-{name}".replace("_", "-")
