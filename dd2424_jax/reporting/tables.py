"""Tables, as Markdown (which is also what the terminal shows), and numbers as text."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from dd2424_jax.reporting import labels
from dd2424_jax.runs.result import Result
from dd2424_jax.stats import Estimate


class Table(NamedTuple):
    """Cells are text, ready to be read; the first column is aligned to the left, the others to the right.

    name  of its file, and of the label by which a document refers to it
    """

    name: str
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


# Tables of results

SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def of_settings(
    result: Result,
    caption: str,
    metrics: Sequence[str],
    *,
    interval: str = "",
    digits: int = 3,
    name: str = "accuracy",
    alike: Mapping[str, object] = MappingProxyType({}),
) -> Table:
    """A row a setting: what varies, the mean ± sd over seeds of some metrics, and how many runs diverged.

    metrics: keys of the settings' estimates, as in train_loss or valid_accuracy. After `interval`, an accuracy
    among them, stands its 95 % interval. Other metrics than accuracies have so many digits. `alike`: by name, what
    all settings have in common, in a column of its own.
    """
    names = labels.columns(result.plan) | {name: [str(value)] * len(result.settings) for name, value in alike.items()}
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
    return Table(name, caption, header, [list(row) for row in zip(*columns, strict=True)])


def with_column(table: Table, name: str, cells: Sequence[str]) -> Table:
    """The table with another column on its right."""
    rows = [[*row, cell] for row, cell in zip(table.rows, cells, strict=True)]
    return table._replace(header=[*table.header, name], rows=rows)


# Numbers as text

NOTHING = "– (too few seeds)"  # is what an interval says that excludes no number
LONG = 1e5  # from here on a number is written by its power of ten


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
    if (low, high) == (0.0, 1.0):
        return NOTHING
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"


def points(difference: float) -> str:
    """A difference of fractions, in points; a dash where it is not a number."""
    return "–" if math.isnan(difference) else f"{100 * difference:+.2f}"


def points_interval(low: float, high: float) -> str:
    """An interval of it; a dash where it is not a number, or excludes nothing."""
    if low <= -1 and high >= 1:
        return NOTHING
    return "–" if math.isnan(low) else f"{points(low)} to {points(high)}"


def p_value(p: float) -> str:
    """A dash where there was no test."""
    return "–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(estimate: Estimate, digits: int = 3) -> str:
    """Mean ± standard deviation."""
    if estimate.n == 0:
        return "diverged"
    form = f".{digits}f" if abs(estimate.mean) < LONG else ".2e"
    mean = f"{estimate.mean:{form}}"
    return mean if estimate.n == 1 else f"{mean} ± {estimate.sd:{form}}"


def mean_and_interval(estimate: Estimate, digits: int = 3) -> str:
    """Mean (low to high); the mean alone where there is no interval, or all seeds agree."""
    if estimate.n == 0:
        return "diverged"
    mean, low, high = (f"{value:.{digits}f}" for value in (estimate.mean, estimate.low, estimate.high))
    return mean if estimate.n == 1 or low == high else f"{mean} ({low} to {high})"
