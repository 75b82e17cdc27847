"""What is drawn from a result, to be read: tables, remarks, figures, and their files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from matplotlib.figure import Figure

from dd2424_jax.io import files
from dd2424_jax.reporting import plots, tables

TABLE = "table.md"


class Report(NamedTuple):
    """Tables, remarks to stand under them, figures by file name, and what summary.json is to have besides."""

    tables: Sequence[tables.Table]
    remarks: Sequence[str]
    figures: Mapping[str, Figure]
    summary: Mapping = MappingProxyType({})


def write(directory: Path, report: Report) -> None:
    """table.md (all tables, and the remarks), table.tex, and every figure as PNG and PDF."""
    parts = [tables.markdown(table) for table in report.tables] + [f"{remark}\n" for remark in report.remarks]
    files.write_text(directory / TABLE, "\n".join(parts))
    files.write_text(directory / "table.tex", "\n".join(map(tables.latex, report.tables)))
    for name, fig in report.figures.items():
        for form in ("png", "pdf"):
            files.write_bytes(directory / f"{name}.{form}", plots.render(fig, form))
