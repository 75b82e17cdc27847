"""Files that are written whole or not at all, and read whole or not at all."""

import contextlib
import csv
import errno
import io
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

try:
    import fcntl
except ImportError:  # not a POSIX system: two processes can't exclude each other
    fcntl = None


class DiskFull(Exception):
    """There is no space for a file; the message says which, and what to do."""


def lock(opened, *, wait: bool) -> bool:
    """Lock an open file until it is closed, or its process dies, however that dies. False if another one holds it.

    True also where the system or the file system has no locks.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def write_bytes(file: Path, content: bytes) -> None:
    """All of the content or nothing: written beside, forced to disk, renamed."""
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-", suffix=".part")
    try:
        with open(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(part, 0o644)
        os.replace(part, file)
        _sync(file.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"no space left for {file}; free some, and the same command resumes") from error
        raise


def _sync(folder: Path) -> None:
    """Force the names in a folder to disk, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(file: Path, text: str) -> None:
    write_bytes(file, text.encode())


def write_npz(file: Path, **arrays) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(file, buffer.getbuffer())


def read_npz(file: Path | BinaryIO) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None if it is not whole."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    write_text(file, text.getvalue())


def write_json(file: Path, content) -> None:
    """JSON has no NaN and no infinity: they become null."""

    def plain(value):
        if isinstance(value, Mapping):
            return {str(key): plain(v) for key, v in value.items()}
        if isinstance(value, np.ndarray | list | tuple):
            return [plain(v) for v in value]
        if isinstance(value, np.generic):
            value = value.item()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    write_text(file, json.dumps(plain(content), indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_text(file: Path) -> str:
    """Text as `write_text` writes it, whatever the locale."""
    return file.read_text(encoding="utf-8")


def read_json(file: Path):
    return json.loads(read_text(file))
