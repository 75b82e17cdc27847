"""Tables, as Markdown (which is also what the terminal shows) and as LaTeX."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax.stats import Estimate


class Table(NamedTuple):
    """Cells are text, ready to be read; the first column is aligned to the left, the others to the right."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def markdown(table: Table) -> str:
    """A pipe table under its caption, padded so that it reads as plain text too."""
    grid = [table.header, *table.rows]
    widths = [max(len(row[i]) for row in grid) for i in range(len(table.header))]

    def line(row):
        cells = [cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([table.caption, "", line(table.header), rule, *map(line, table.rows)]) + "\n"


_LATEX = str.maketrans(
    {"%": r"\%", "&": r"\&", "_": r"\_", "#": r"\#", "±": r"$\pm$", "λ": r"$\lambda$", "η": r"$\eta$", "–": "--"}
)


def latex(table: Table) -> str:
    r"""A floating table with booktabs rules (\usepackage{booktabs})."""

    def line(row):
        return " & ".join(cell.translate(_LATEX) for cell in row) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            rf"  \caption{{{table.caption.translate(_LATEX)}}}",
            r"  \centering",
            rf"  \begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
            r"    \toprule",
            f"    {line(table.header)}",
            r"    \midrule",
            *(f"    {line(row)}" for row in table.rows),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def percent(estimate: Estimate, digits: int = 2) -> str:
    """Mean ± standard deviation of a fraction, in per cent."""
    if estimate.n == 0:
        return "diverged"
    mean = f"{100 * estimate.mean:.{digits}f}"
    return mean if estimate.n == 1 else f"{mean} ± {100 * estimate.sd:.{digits}f}"


def percent_interval(estimate: Estimate, digits: int = 2) -> str:
    """The 95 % interval of the mean of a fraction, in per cent."""
    if estimate.n < 2:
        return "–"
    low, high = max(estimate.low, 0.0), min(estimate.high, 1.0)  # few seeds leave the range of a fraction
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"


def points(difference: float) -> str:
    """A difference of fractions, in points."""
    return f"{100 * difference:+.2f}"


def points_interval(low: float, high: float) -> str:
    """An interval of it; a dash where it is not a number."""
    return "–" if math.isnan(low) else f"{points(low)} to {points(high)}"


def number(estimate: Estimate, digits: int = 3) -> str:
    """Mean ± standard deviation."""
    if estimate.n == 0:
        return "diverged"
    mean = f"{estimate.mean:.{digits}f}"
    return mean if estimate.n == 1 else f"{mean} ± {estimate.sd:.{digits}f}"
