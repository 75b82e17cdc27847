"""Finished runs against each other, as tables and a figure."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dd2424_jax import stats
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.comparison import Row, Scored

MAX_ROWS = 28  # of the figure


def draw(runs: Sequence[Scored], split: str, rows: Sequence[Row]) -> Report:
    """In which flags they differ, their accuracies, and these minus the first run's."""
    data = labels.DATASETS[runs[0].entry.dataset]
    names = _names(rows)
    return Report(
        [_flags(runs), _accuracies(rows, names, split, data), _differences(rows, names, split, data)],
        _remarks(runs, rows),
        {"comparison": _figure(rows, names, split, data)},
    )


def _flags(runs: Sequence[Scored]) -> tables.Table:
    """The flags that decide numbers, where not all runs have the same."""
    configs = [run.entry.config for run in runs]
    names = list(dict.fromkeys(name for config in configs for name in (*config["own"], *config["changed"])))
    values = {name: [_text(config["flags"].get(name)) for config in configs] for name in names}
    values["code"] = [config["identity"]["code"]["source"] for config in configs]
    rows = [[name, *of_runs] for name, of_runs in values.items() if len(set(of_runs)) > 1]
    rows = rows or [["nothing", *["–"] * len(runs)]]
    return tables.Table("flags", "What differs", ["flag", *(run.name for run in runs)], rows)


def _text(value) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _names(rows: Sequence[Row]) -> list[str]:
    """Each row's setting, as far as it differs from others of the rows or of its own run, and its run."""
    everyone = [_symbols(row.run, setting) for row in rows for setting in row.run.settings]
    texts = {}
    for symbol in dict.fromkeys(symbol for setting in everyone for symbol in setting):
        values = list(dict.fromkeys(setting[symbol] for setting in everyone if symbol in setting))
        if len(values) > 1 or not all(symbol in setting for setting in everyone):
            texts[symbol] = dict(zip(values, labels.numbers(values), strict=True))
    names = []
    for row in rows:
        setting = _symbols(row.run, row.setting)
        own = [f"{symbol} = {texts[symbol][value]}" for symbol, value in setting.items() if symbol in texts]
        names.append(", ".join([*own, row.run.name]))
    return names


def _symbols(run: Scored, setting: Mapping[str, float]) -> dict[str, float]:
    """A setting by its symbols; a constant learning rate is one."""
    if run.entry.config["identity"]["config"]["schedule"] == "constant":
        setting = {name: value for name, value in setting.items() if name != "lr_min"}
        return {"η" if name == "lr_max" else labels.SYMBOLS[name]: value for name, value in setting.items()}
    return {labels.SYMBOLS[name]: value for name, value in setting.items()}


def _estimate(row: Row) -> stats.Estimate:
    return stats.estimate(row.accuracy[np.isfinite(row.accuracy)])


def _accuracies(rows: Sequence[Row], names: Sequence[str], split: str, data: str) -> tables.Table:
    caption = f"Accuracy on {data}, {tables.SPLITS[split]}: mean ± sd over seeds, and the 95 % interval of the mean"
    cells = []
    for row, name in zip(rows, names, strict=True):
        estimate = _estimate(row)
        cells.append([name, str(estimate.n), tables.percent(estimate), tables.percent_interval(estimate)])
    return tables.Table("accuracy", caption, ["run", "seeds", f"{tables.SPLITS[split]} %", "95 % interval"], cells)


def _differences(rows: Sequence[Row], names: Sequence[str], split: str, data: str) -> tables.Table:
    caption = (
        f"Minus {rows[0].run.name}, {tables.SPLITS[split]} accuracy on {data}: points, with simultaneous 95 % "
        "confidence intervals (Bonferroni)"
    )
    cells = []
    for row, name in zip(rows, names, strict=True):
        if row.difference is not None:
            mean, low, high = row.difference
            differs = "–" if np.isnan(low) else "no" if low <= 0 <= high else "yes"
            kind = "paired by seed" if row.paired else "Welch"
            cells.append([name, tables.points(mean), tables.points_interval(low, high), kind, differs])
    return tables.Table("differences", caption, ["run", "points", "interval", "difference", "significant"], cells)


def _remarks(runs: Sequence[Scored], rows: Sequence[Row]) -> list[str]:
    remarks = []
    if any(row.difference is not None and not row.paired for row in rows):
        remarks.append("Welch's interval where seeds or images differ: what the seeds share does not cancel.")
    if any("choice" in run.entry.summary for run in runs):
        remarks.append(
            "A search's best validation accuracy is too high by its selection bias; its own report has that."
        )
    return remarks


def _figure(rows: Sequence[Row], names: Sequence[str], split: str, data: str):
    """Every seed, the mean and its 95 % interval, a line a run and setting."""
    shown = rows[:MAX_ROWS]
    of_how_many = "" if len(shown) == len(rows) else f"; the first {len(shown)} of {len(rows)}"
    title = f"{tables.SPLITS[split].capitalize()} accuracy on {data}: seeds, mean and 95 % interval{of_how_many}"
    fig, ((ax,),) = plots.figure(1, 1, title, height=0.6 + 0.25 * len(shown))
    for i, row in enumerate(shown):
        estimate = _estimate(row)
        ax.plot(row.accuracy, np.full(len(row.accuracy), i), "o", color=plots.GREY, markersize=3, alpha=0.7)
        half = np.nan_to_num(estimate.high - estimate.mean)
        colour, marker = (plots.BLUE, "D") if row.difference is None else (plots.VERMILION, "s")
        ax.errorbar(estimate.mean, i, xerr=half, fmt=marker, color=colour, markersize=5, capsize=3)
    low, high = ax.get_xlim()
    ax.set(
        xlim=(max(low, 0.0), min(high, 1.0)), ylim=(len(shown) - 0.5, -0.5), xlabel=f"{tables.SPLITS[split]} accuracy"
    )
    ax.set_yticks(range(len(shown)), names[: len(shown)])
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(True)
    return fig
