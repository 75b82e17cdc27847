"""What a run directory has until it is finished: checkpoints, finished parts, and the folders of shards with theirs."""

import contextlib
import re
from pathlib import Path

from dd2424_jax.io import files
from dd2424_jax.runs.locks import LOCK

SHARD, PART, CHECKPOINT = r"shard-\d+-of-\d+", r"part-[0-9a-f]{10}", r"checkpoint-\d{3,}\.npz"
OUTCOME = r"(curves|params)\.npz"  # of a part


def checkpoints(folder: Path) -> list[Path]:
    """Those that a sweep has left in its folder."""
    return [entry for entry in _named(folder, CHECKPOINT) if not entry.is_dir()]


def parts(folder: Path) -> list[Path]:
    """The folders of the parts that are finished, or almost."""
    return _named(folder, PART)


def shards(path: Path) -> list[Path]:
    """The folders of the shards of a run."""
    return _named(path, SHARD)


def remove(path: Path, *, held: Path) -> None:
    """All of it that was written by this program; not of a shard whose process still writes, unless it is `held`."""
    for shard in shards(path):
        if shard == held or not _is_written(shard):
            _remove(shard)
    _remove(path)


def _remove(folder: Path) -> None:
    """Of a run directory or a shard's folder, which is removed too where nothing else is in it."""
    for part in parts(folder):
        _unlink(part, OUTCOME)
    _unlink(folder, CHECKPOINT + (f"|{LOCK}" if re.fullmatch(SHARD, folder.name) else ""))


def _unlink(folder: Path, own: str) -> None:
    with contextlib.suppress(OSError):
        for file in _named(folder, rf"{own}|{files.PART.pattern}"):
            file.unlink()
        folder.rmdir()


def _is_written(shard: Path) -> bool:
    """Whether a process holds a shard's folder, or that can't be said."""
    try:
        lock = files.open_locked(shard / LOCK, patience=0) if (shard / LOCK).exists() else None
    except OSError:
        return True
    if lock is None:
        return (shard / LOCK).exists()
    lock.close()
    return False


def _named(folder: Path, pattern: str) -> list[Path]:
    return sorted(entry for entry in folder.glob("*") if re.fullmatch(pattern, entry.name))
