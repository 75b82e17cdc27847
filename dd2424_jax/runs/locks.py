"""Folders that one process at a time may write: held by a lock in them, which ends with its process."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from dd2424_jax.io import files

LOCK = "lock"


class ResultError(Exception):
    """A run directory can't be used; the message says why and what to do."""


@contextlib.contextmanager
def held(folder: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of a folder, made where it is not there.

    Raises:
      ResultError: another process holds it, for more than `patience` seconds, or the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o644)
        lock = os.fdopen(handle, "a+")
    except OSError as error:
        raise ResultError(f"cannot write {folder}: {error.strerror}; choose another --out_dir") from error
    with lock:
        deadline = time.monotonic() + patience
        while not files.lock(lock, wait=False):
            if time.monotonic() >= deadline:
                lock.seek(0)
                holder = lock.read() or "another process"
                raise ResultError(f"{folder} is being written by {holder}; wait for it")
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}")
        lock.flush()
        for part in folder.glob(".*.part"):  # of a write that was killed
            part.unlink()
        yield
