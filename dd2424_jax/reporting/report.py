"""What is drawn from a result, to be read: tables, remarks, figures, and their files."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from matplotlib.figure import Figure

from dd2424_jax.io import files
from dd2424_jax.reporting import plots, tables
from dd2424_jax.runs.directory import ResultError

TABLE = "table.md"


class Report(NamedTuple):
    """Tables, remarks to stand under them, figures by file name, and what summary.json is to have besides."""

    tables: Sequence[tables.Table]
    remarks: Sequence[str]
    figures: Mapping[str, Figure]
    summary: Mapping = MappingProxyType({})


def write(directory: Path, report: Report) -> str:
    """table.md (all tables, and the remarks), table.tex, and every figure as PNG and PDF.

    Returns:
      what `intact` knows table.md by.
    """
    parts = [tables.markdown(table) for table in report.tables] + [f"{remark}\n" for remark in report.remarks]
    files.write_text(directory / TABLE, "\n".join(parts))
    files.write_text(directory / "table.tex", "\n".join(map(tables.latex, report.tables)))
    for name, fig in report.figures.items():
        for form in ("png", "pdf"):
            files.write_bytes(directory / f"{name}.{form}", plots.render(fig, form))
    return _checksum(directory)


def intact(directory: Path, checksum: str | None) -> bool:
    """Whether table.md is the one that was written."""
    return (directory / TABLE).exists() and _checksum(directory) == checksum


def read(directory: Path, checksum: str | None) -> str:
    """table.md.

    Raises:
      ResultError: it is not the one that was written.
    """
    if not intact(directory, checksum):
        raise ResultError(f"{directory / TABLE} is damaged: --force computes the run from scratch, beside it")
    return files.read_text(directory / TABLE)


def _checksum(directory: Path) -> str:
    with files.open_regular(directory / TABLE) as table:
        return hashlib.sha256(table.read()).hexdigest()
