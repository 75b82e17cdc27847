"""Compiled programs, kept from one process to the next in the user's cache.

JAX's own store writes in place: what a kill or a full disk leaves there is found damaged by every process after it.
Here an entry is whole, of this processor and this compiler, or it is not there.
"""

import contextlib
import hashlib
import os
import platform
import sys
from pathlib import Path

import jax
from jax._src import compilation_cache  # nothing public takes a store

from dd2424_jax.io import files
from dd2424_jax.io.terminal import Mendable

MAX_BYTES = 2**28  # of all entries: some 400 configurations
DIGEST = hashlib.sha256().digest_size


def keep() -> None:
    """Let JAX keep what it compiles, unless its own variables say where, or that it shall not.

    Where the folder can't be made, a line says so, and programs are compiled as if there were none.
    """
    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:
        return
    try:
        root = files.user_cache() / "compiled"
        folder = root / f"{processor()}-jaxlib-{jax.lib.__version__}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what lies there is executed
        prune(root)
    except OSError as error:
        return _not_kept(error)
    compilation_cache.get_file_cache = lambda path: (Store(Path(path)), path)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # all of them


def processor() -> str:
    """What programs are compiled for and JAX leaves out of an entry's name, in short: model, features, cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
        known = [line for line in lines if line.startswith(("model name", "flags", "CPU part", "Features"))]
    except OSError:
        known = []
    known = known or [platform.processor(), platform.version()]
    known.append(f"{os.cpu_count()} cores")
    return f"{platform.machine()}-{hashlib.sha256(chr(10).join(known).encode()).hexdigest()[:10]}"


def prune(root: Path, max_bytes: int = MAX_BYTES) -> None:
    """Remove the entries used least recently, of any processor, until the others have at most so many bytes."""
    left, there = 0, []
    for file in root.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # another process writes there too
            if file.is_file():
                there.append((file.stat(), file))
    for stat, file in sorted(there, key=lambda entry: entry[0].st_mtime_ns, reverse=True):
        left += stat.st_size
        if left > max_bytes:
            file.unlink(missing_ok=True)


class Store:
    """Entries by name, as JAX asks for them: files with their checksum, in a folder that several processes share."""

    def __init__(self, folder: Path):
        self._path, self._kept = folder, True

    def get(self, key: str) -> bytes | None:
        """None where it is not there, or is damaged: then it is removed, to be put again."""
        file = self._path / key
        try:
            with files.open_regular(file) as opened:
                content = opened.read()
            value, checksum = content[:-DIGEST], content[-DIGEST:]
            if hashlib.sha256(value).digest() != checksum:
                file.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(file)  # for `prune`
        return value

    def put(self, key: str, value: bytes) -> None:
        """Where it can't be written, a line says so once."""
        if self._kept:
            try:
                files.write_bytes(self._path / key, value + hashlib.sha256(value).digest())
            except (OSError, Mendable) as error:
                self._kept = False
                _not_kept(error)


def _not_kept(error: Exception) -> None:
    print(f"what is compiled is not kept: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
