"""The finished runs of an experiment, and `latest` beside them, a link to the newest."""

import contextlib
import os
import re
import time
from pathlib import Path

from dd2424_jax.io import files

SUMMARY, LATEST = "summary.json", "latest"
LITTER = re.compile(rf"\.{LATEST}-(\d+|\w{{8}}\.part)")  # of processes that were killed while they made it
LITTER_SECONDS = 30.0  # and younger, of one that is making it


def finished(out_dir: str | Path, experiment: str) -> list[Path]:
    """The finished runs of an experiment, the newest first."""
    folder = files.expanded(out_dir) / experiment
    summaries = [
        file for file in folder.glob(f"*/{SUMMARY}") if not file.parent.is_symlink() and file.parent.name != LATEST
    ]
    return sorted((file.parent for file in summaries), key=finished_at, reverse=True)


def finished_at(path: Path) -> int:
    return (path / SUMMARY).stat().st_mtime_ns


def followed(path: str | Path) -> Path:
    """Where a user's path leads: `latest` to the newest finished run, also where that link leads nowhere any more."""
    path = files.expanded(path)
    if path.name == LATEST and not (path / SUMMARY).exists():
        folder = path.parent
        runs = finished(folder.parent, folder.name) if folder.is_dir() else []
        if runs:
            with contextlib.suppress(OSError):  # of another user, it is only read
                point_to(folder, runs[0].name)
            return runs[0].resolve()
    return path.resolve()


def point_to(folder: Path, name: str) -> None:
    """Let `latest` be a link to it; where there are no links, a file with its name; a folder that is there stays."""
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            if LITTER.fullmatch(entry.name) and time.time() - entry.lstat().st_mtime > LITTER_SECONDS:
                entry.unlink()
    latest = folder / LATEST
    if latest.exists() and not latest.is_symlink() and not _is_a_name(latest):
        return  # somebody else's
    part = folder / f".{LATEST}-{os.getpid()}"
    part.unlink(missing_ok=True)
    try:
        part.symlink_to(name)
    except OSError:
        with contextlib.suppress(OSError):
            files.write_text(latest, name)
        return
    os.replace(part, latest)


def _is_a_name(file: Path) -> bool:
    """Whether it is a file with a run's name, as it stands for a link."""
    try:
        return (file.parent / files.read_text(file) / SUMMARY).exists()
    except (OSError, ValueError):
        return False
