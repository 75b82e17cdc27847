"""Tables, as Markdown (which is also what the terminal shows) and as LaTeX."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax.reporting import labels
from dd2424_jax.runs.result import Result
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
    {character: rf"\{character}" for character in "%&_#${}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"–": "--", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "²": "$^2$", "√": r"$\surd$"}
    | {"<": "$<$", ">": "$>$", "|": "$|$"}
    | {"λ": r"$\lambda$", "η": r"$\eta$", "μ": r"$\mu$", "µ": r"\textmu{}"}
)


def latex_text(text: str) -> str:
    """Text as LaTeX would have it, for pdflatex, which knows no character of the table above by itself."""
    return re.sub(r"\$\\eta\$\\_(min|max)", r"$\\eta_{\\\1}$", text.translate(_LATEX))


PAGE = 45  # rows


def latex(table: Table) -> str:
    r"""Floating tables with booktabs rules (\usepackage{booktabs, graphicx}), no wider than the text, a page each."""
    pages = [table.rows[i : i + PAGE] for i in range(0, len(table.rows), PAGE)]
    if len(pages) <= 1:
        return _float(table)
    captions = (f"{table.caption} ({i} of {len(pages)})" for i in range(1, len(pages) + 1))
    return "\n".join(_float(Table(caption, table.header, rows)) for caption, rows in zip(captions, pages, strict=True))


def _float(table: Table) -> str:

    def line(row):
        return " & ".join(map(latex_text, row)) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            rf"  \caption{{{latex_text(table.caption)}}}",
            r"  \centering",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"  \begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
            r"    \toprule",
            f"    {line(table.header)}",
            r"    \midrule",
            *(f"    {line(row)}" for row in table.rows),
            r"    \bottomrule",
            r"  \end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


# Tables of results

SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def of_settings(result: Result, caption: str, metrics: Sequence[str], *, interval: str = "", digits: int = 3) -> Table:
    """A row a setting: what varies, the mean ± sd over seeds of some metrics, and how many runs diverged.

    metrics: keys of the settings' estimates, as in train_loss or valid_accuracy. After `interval`, an accuracy
    among them, stands its 95 % interval. Other metrics than accuracies have so many digits.
    """
    names = labels.columns(result.plan)
    header, columns = [*names], [*names.values()]
    for key in metrics:
        split, metric = key.split("_")
        estimates = [setting.estimates[key] for setting in result.settings]
        header.append(f"{SPLITS[split]} {'%' if metric == 'accuracy' else metric}")
        columns.append([percent(e) if metric == "accuracy" else number(e, digits) for e in estimates])
        if key == interval:
            header.append("95 % interval")
            columns.append([percent_interval(e) for e in estimates])
    header.append("diverged")
    columns.append([str(setting.diverged) for setting in result.settings])
    return Table(caption, header, [list(row) for row in zip(*columns, strict=True)])


def with_column(table: Table, name: str, cells: Sequence[str]) -> Table:
    """The table with another column on its right."""
    rows = [[*row, cell] for row, cell in zip(table.rows, cells, strict=True)]
    return table._replace(header=[*table.header, name], rows=rows)


# Numbers as text


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
    """A difference of fractions, in points; a dash where it is not a number."""
    return "–" if math.isnan(difference) else f"{100 * difference:+.2f}"


def points_interval(low: float, high: float) -> str:
    """An interval of it; a dash where it is not a number."""
    return "–" if math.isnan(low) else f"{points(low)} to {points(high)}"


def number(estimate: Estimate, digits: int = 3) -> str:
    """Mean ± standard deviation."""
    if estimate.n == 0:
        return "diverged"
    mean = f"{estimate.mean:.{digits}f}"
    return mean if estimate.n == 1 else f"{mean} ± {estimate.sd:.{digits}f}"
