"""Files that are written whole or not at all, and locked."""

import contextlib
import csv
import errno
import io
import math
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from dd2424_jax.io.terminal import Mendable

try:
    import fcntl
except ImportError:  # not a POSIX system: two processes can't exclude each other
    fcntl = None


PART = re.compile(r"\..+-\w{8}\.part")  # of a write that was killed: as `written` names them


class DiskFull(Mendable):
    """There is no space for a file; the message says which, and what to do."""


def expanded(path: str | Path) -> Path:
    """With the home that ~ or ~user stands for.

    Raises:
      OSError: there is none.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise FileNotFoundError(errno.ENOENT, "there is no such home", str(path)) from error


def user_cache() -> Path:
    """The folder of what this package can get again.

    Raises:
      OSError: there is no home.
    """
    return expanded(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dd2424_jax")


def open_locked(file: Path, *, patience: float = math.inf) -> TextIO | None:
    """A file opened and locked until it is closed, or its process dies, however that dies; made where it is not there.

    None if another process holds it for more than `patience` seconds. Whoever holds it may remove it. It is opened
    through no link. Where the system or the file system has no locks, it is only opened.
    """
    deadline = time.monotonic() + patience
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o644)
        _check_regular(handle, file)
        if os.fstat(handle).st_nlink > 1:
            os.close(handle)
            raise OSError(errno.EMLINK, "has other names too", str(file))
        if _lock(handle) and _is_at(handle, file):
            return os.fdopen(handle, "a+")
        os.close(handle)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.1)


def open_regular(file: Path) -> BinaryIO:
    """A file to read.

    Raises:
      OSError: it can't be read, or is none: one would wait for ever for what a pipe or a device says.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    _check_regular(handle, file)
    return os.fdopen(handle, "rb")


def _check_regular(handle: int, file: Path) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "is no regular file", str(file))


def _lock(handle: int) -> bool:
    """False if another one holds it."""
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def _is_at(handle: int, file: Path) -> bool:
    """Whether an open file is still the one of that name, and not one that was removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(file))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """A file to write, and to read back: whole after the block, or as it was: written beside, forced to disk, renamed.

    Raises:
      DiskFull: there is no space for it.
    """
    part = None
    try:
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-", suffix=".part")
        with open(handle, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.chmod(part, 0o644)
        os.replace(part, file)
        _sync(file.parent)
    except BaseException as error:
        if part:
            with contextlib.suppress(OSError):
                os.unlink(part)
        if isinstance(error, OSError):
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(f"no space left for {file}; free some, and the same command resumes") from error
            error.filename = str(file)  # and not the part's, or none
        raise


def write_bytes(file: Path, content: bytes) -> None:
    """All of the content or nothing."""
    with written(file) as out:
        out.write(content)


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
    with open_regular(file) as opened:
        return opened.read().decode()
