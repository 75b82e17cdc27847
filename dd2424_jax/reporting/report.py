"""What is drawn from a result, to be read: tables, remarks, figures, and their files."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dd2424_jax.io import files
from dd2424_jax.reporting import latex, plots, tables
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.identity import digest, drawing_code, of_sources

TABLE, STRUCTURE = "table.md", "report.json"
FORMS = ("png", "pdf")  # of every figure
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function as text, another one in every process


class Report(NamedTuple):
    """Tables, remarks to stand under them, figures by file name, and what summary.json is to have besides.

    omits  whether it leaves out diverged runs, which it then says
    """

    tables: Sequence[tables.Table]
    remarks: Sequence[str]
    figures: Mapping[str, plots.Figure]
    summary: Mapping = MappingProxyType({})
    omits: bool = True


def write(directory: Path, report: Report) -> str:
    """table.md (all tables, and the remarks), the same for LaTeX and as JSON, and every figure as PNG and PDF.

    For LaTeX are tables/<name>.tex, table.tex, which inputs them, and figures.tex. Their labels begin with the
    experiment, which a run directory's folder is named by.

    Returns:
      what `intact` knows table.md, report.json and the figures by.
    """
    experiment = directory.parent.name
    parts = [tables.markdown(table) for table in report.tables] + [f"{remark}\n" for remark in report.remarks]
    files.write_text(directory / TABLE, "\n".join(parts))
    _write_tables(directory / "tables", {each.name: each for each in report.tables}, experiment)
    files.write_text(directory / "table.tex", latex.tables(report.tables, report.remarks))
    for name, fig in report.figures.items():
        for form in FORMS:
            files.write_bytes(directory / f"{name}.{form}", plots.render(fig, form))
    captions = {name: plots.title(fig) for name, fig in report.figures.items()}
    files.write_text(directory / "figures.tex", latex.figures(experiment, captions))
    alternatives = {name: plots.in_words(fig) for name, fig in report.figures.items()}
    _write_structure(directory, Shown(report.tables, report.remarks, captions, alternatives))
    return _checksum(directory)


class Shown(NamedTuple):
    """What was drawn, as it can be shown elsewhere.

    captions, alternatives  of figures, by file name: what they are, and what is seen on them
    """

    tables: Sequence[tables.Table]
    remarks: Sequence[str]
    captions: Mapping[str, str]
    alternatives: Mapping[str, str]


def _write_structure(directory: Path, shown: Shown) -> None:
    whole = {"code": drawing_code(), **shown._asdict(), "tables": [table._asdict() for table in shown.tables]}
    files.write_text(directory / STRUCTURE, json.dumps(whole, indent=1, ensure_ascii=False))


def read_structure(directory: Path, checksum: str | None) -> Shown:
    """report.json.

    Raises:
      ResultError: it is not the one that was written.
    """
    _check(directory, checksum)
    whole = _read_structure(directory)
    drawn = [tables.Table(**table) for table in whole["tables"]]
    return Shown(drawn, *(whole[name] for name in Shown._fields[1:]))


def is_current(directory: Path, checksum: str | None) -> bool:
    """Whether the package's present code has drawn what is there, and it is undamaged."""
    return intact(directory, checksum) and _read_structure(directory).get("code") == drawing_code()


def _read_structure(directory: Path) -> dict:
    return json.loads(files.read_text(directory / STRUCTURE))


def _write_tables(folder: Path, named: Mapping[str, tables.Table], experiment: str) -> None:
    """A file each, and none of an earlier report."""
    if named:
        folder.mkdir(exist_ok=True)
    for name, table in named.items():
        files.write_text(folder / f"{name}.tex", latex.table(table, latex.label(experiment, name)))
    for file in folder.glob("*.tex"):
        if file.stem not in named:
            file.unlink()


def intact(directory: Path, checksum: str | None) -> bool:
    """Whether table.md, report.json and the figures are those that were written."""
    try:
        return _checksum(directory) == checksum
    except (OSError, ValueError, KeyError, TypeError):  # a file is gone, or no longer what it was
        return False


def read(directory: Path, checksum: str | None) -> str:
    """table.md.

    Raises:
      ResultError: it is not the one that was written.
    """
    _check(directory, checksum)
    return files.read_text(directory / TABLE)


def _check(directory: Path, checksum: str | None) -> None:
    if not intact(directory, checksum):
        raise ResultError(f"{directory / TABLE} or a figure is damaged: --force computes the run anew, beside it")


def _checksum(directory: Path) -> str:
    figures = [f"{name}.{form}" for name in _read_structure(directory)["captions"] for form in FORMS]
    whole = hashlib.sha256()
    for name in (TABLE, STRUCTURE, *figures):
        with files.open_regular(directory / name) as file:
            whole.update(file.read())
    return whole.hexdigest()


def digest_of_drawing(draw: Callable, *, own: Mapping, weights: bool, **more) -> str:
    """Of what a report depends on besides the numbers: what is bound in `draw`, the code that draws, and `more`."""
    bound, function = (draw.keywords, draw.func) if isinstance(draw, functools.partial) else ({}, draw)
    source = of_sources([Path(file)]) if (file := inspect.getsourcefile(function)) else ""
    parameters = inspect.signature(function).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    texts = {name: ADDRESS.sub("", str(value)) for name, value in {**defaults, **bound}.items()}
    given = {"own": sorted(map(repr, own.items())), "weights": weights, **more}
    return digest({**texts, "code": [drawing_code(), source], **given})
