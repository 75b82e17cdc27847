"""What is written to be read back: JSON and arrays, each with its checksum, so that no damage is taken for content.

The checksum of JSON is its last entry, that of arrays the comment of the npz archive: both stay what others can read.
"""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dd2424_jax.io import files

SHA256, OF = "sha256", "of"
N_DIGITS = 64  # of a checksum
MAX_JSON = 2**28  # bytes
ROOM = 2**20  # bytes of an archive besides its arrays, by far


class Unusable(Exception):
    """What a file holds can't be used; the message says why, to stand behind the file's name."""


# JSON


def write_json(file: Path, content: Mapping) -> None:
    """JSON has no NaN and no infinity: they become null."""
    content = _plain(content)
    text = json.dumps({**content, SHA256: _checksum(content)}, indent=2, allow_nan=False, ensure_ascii=False)
    files.write_text(file, text + "\n")


def read_json(file: Path) -> dict:
    """What `write_json` wrote.

    Raises:
      Unusable: it is damaged, or was changed.
      OSError: it can't be read.
    """
    try:
        content = json.loads(_read(file, MAX_JSON).decode())
        if content.pop(SHA256) == _checksum(content):
            return content
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        pass
    raise Unusable("is damaged")


def _plain(value):
    if isinstance(value, Mapping):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _checksum(content: Mapping) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# Arrays


def write_arrays(file: Path, of: str, arrays: Mapping[str, np.ndarray]) -> None:
    """An npz archive; `of` says what they are of."""
    buffer = io.BytesIO()
    np.savez(buffer, **{OF: of}, **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(N_DIGITS)
    content = buffer.getbuffer()
    content[-N_DIGITS:] = _seal(content)
    files.write_bytes(file, content)


def read_arrays(file: Path, of: str, expected: Mapping) -> dict[str, np.ndarray]:
    """What `write_arrays` wrote, by name; they must be those `expected`, by name, shape and dtype.

    Raises:
      Unusable: it is damaged, or of something else.
      OSError: it can't be read.
    """
    return parse_arrays(read_content(file, expected), of, expected)


def read_any(file: Path) -> tuple[dict[str, np.ndarray], str]:
    """What `write_arrays` wrote, whatever it is, and what it is of.

    Raises:
      Unusable: it is damaged.
      OSError: it can't be read.
    """
    return _parse(_read(file, file.stat().st_size))


def read_content(file: Path, expected: Mapping) -> bytes:
    """A file as it is, or so much of it that it is too long for the arrays expected."""
    return _read(file, ROOM + 2 * sum(_n_bytes(a) for a in expected.values()))


def parse_arrays(content: bytes, of: str, expected: Mapping) -> dict[str, np.ndarray]:
    """As `read_arrays`, of what is read."""
    arrays, actual = _parse(content)
    if actual != of:
        raise Unusable("is of other runs")
    if {name: (a.shape, a.dtype) for name, a in arrays.items()} != {
        name: (a.shape, a.dtype) for name, a in expected.items()
    }:
        raise Unusable("is damaged")
    return arrays


def _parse(content: bytes) -> tuple[dict[str, np.ndarray], str]:
    if len(content) < N_DIGITS or content[-N_DIGITS:] != _seal(content):
        raise Unusable("is damaged")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = dict(archive)
    return arrays, str(arrays.pop(OF, None))


def _seal(content) -> bytes:
    return hashlib.sha256(memoryview(content)[:-N_DIGITS]).hexdigest().encode()


def _n_bytes(a) -> int:
    return math.prod(a.shape) * np.dtype(a.dtype).itemsize


def _read(file: Path, n_bytes: int) -> bytes:
    """No more than so many and one, of a file that is one."""
    with files.open_regular(file) as opened:
        return opened.read(n_bytes + 1)
