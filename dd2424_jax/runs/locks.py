"""Folders that one process at a time may write: held by a lock in them, which ends with its process."""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from dd2424_jax.io import files
from dd2424_jax.io.terminal import Mendable

LOCK = "lock"
HOLDER, MAX_HOLDER = re.compile(r"(process \d+ on .*)?"), 1000  # what it says


class ResultError(Mendable):
    """A run directory can't be used; the message says why and what to do."""


@contextlib.contextmanager
def held(folder: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a folder, made where it is not there.

    Raises:
      ResultError: another process holds it, for more than `patience` seconds, or the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = files.open_locked(folder / LOCK, patience=patience)
    except OSError as error:
        raise ResultError(f"cannot write {error.filename}: {error.strerror}; choose another --out_dir") from error
    if lock is None:
        raise ResultError(f"{folder} is being written by {_holder(folder)}; wait for it")
    with lock:
        lock.seek(0)
        if not HOLDER.fullmatch(lock.read(MAX_HOLDER)):
            raise ResultError(f"{folder / LOCK} is no lock of this program: remove it, or choose another --name")
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}")
        lock.flush()
        for entry in folder.iterdir():
            if files.PART.fullmatch(entry.name):
                entry.unlink(missing_ok=True)
        yield


def _holder(folder: Path) -> str:
    try:
        return files.read_text(folder / LOCK)[:200] or "another process"
    except (OSError, ValueError):  # just removed, or not text
        return "another process"
