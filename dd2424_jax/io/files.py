"""Files that are written whole or not at all, and locked."""

import contextlib
import csv
import errno
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

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
    """As UTF-8; bytes of an argument or a file's name that are none are escaped, in a form that JSON reads."""
    write_bytes(file, text.encode(errors="backslashreplace"))


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    write_text(file, text.getvalue())


def read_text(file: Path) -> str:
    """Text as `write_text` writes it, whatever the locale."""
    return file.read_text(encoding="utf-8")
