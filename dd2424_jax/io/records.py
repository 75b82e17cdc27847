"""What is written to be read back: JSON and arrays, each with its checksum, so that no damage is taken for content.

The checksum of JSON is its last entry, that of arrays the comment of the npz archive: both stay what others can read.
"""

import hashlib
import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from dd2424_jax.io import files

SHA256, OF = "sha256", "of"
N_DIGITS = 64  # of a checksum
MAX_JSON = 2**28  # bytes
ROOM = 2**20  # bytes of an archive besides its arrays, by far
BLOCK = 2**20  # bytes that are read at once
LENGTHS = 26  # where a member's header has the lengths of its name and of what follows that


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


class Pieces(NamedTuple):
    """An array to be written piece by piece, in the order of its elements, of which nobody holds the whole."""

    shape: tuple[int, ...]
    dtype: np.dtype
    pieces: Iterable[np.ndarray]


def write_arrays(file: Path, of: str, arrays: Mapping[str, np.ndarray | Pieces]) -> None:
    """An npz archive; `of` says what they are of."""
    with files.written(file) as out:
        with zipfile.ZipFile(out, "w") as archive:
            archive.comment = bytes(N_DIGITS)
            for name, a in {OF: np.array(of), **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    _write(member, a)
        seal = _seal(out)
        out.seek(-N_DIGITS, os.SEEK_END)
        out.write(seal)


def _write(member, a: np.ndarray | Pieces) -> None:
    if not isinstance(a, Pieces):
        np.lib.format.write_array(member, np.asanyarray(a), allow_pickle=False)
        return
    header = {"descr": np.lib.format.dtype_to_descr(a.dtype), "fortran_order": False, "shape": a.shape}
    np.lib.format.write_array_header_1_0(member, header)
    for piece in a.pieces:
        member.write(piece.tobytes())


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


def check(file: Path) -> None:
    """That a file is what `write_arrays` wrote, without holding it.

    Raises:
      Unusable: it is damaged.
      OSError: it can't be read.
    """
    with files.open_regular(file) as opened:
        # Before its checksum, as what was appended may be without end.
        if not zipfile.is_zipfile(opened) or _seal(opened) != opened.read(N_DIGITS + 1):
            raise Unusable("is damaged")


class Place(NamedTuple):
    """Where an array lies in a file, its rows or its columns one after another."""

    file: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype
    in_columns: bool

    def mapped(self) -> np.ndarray:
        """The array, of which only that is read which is used."""
        order = "F" if self.in_columns else "C"
        return np.asarray(np.memmap(self.file, self.dtype, "r", self.offset, self.shape, order))

    def at(self, index: tuple[int, ...]) -> np.ndarray:
        """What is at an index of the first axes; nothing else is read."""
        if self.in_columns:
            return self.mapped()[index]
        shape = self.shape[len(index) :]
        i, size = int(np.ravel_multi_index(index, self.shape[: len(index)])), math.prod(shape)
        offset = self.offset + i * size * self.dtype.itemsize
        return np.fromfile(self.file, self.dtype, size, offset=offset).reshape(shape)


def places(file: Path) -> dict[str, Place]:
    """Of the arrays of a file that `check` has seen, by name, and of what it is of."""
    there = {}
    with files.open_regular(file) as opened, zipfile.ZipFile(opened) as archive:
        for member in archive.infolist():
            opened.seek(member.header_offset + LENGTHS)
            opened.seek(sum(struct.unpack("<HH", opened.read(4))), os.SEEK_CUR)
            np.lib.format.read_magic(opened)
            shape, in_columns, dtype = np.lib.format.read_array_header_1_0(opened)
            there[member.filename.removesuffix(".npy")] = Place(file, opened.tell(), shape, dtype, in_columns)
    return there


def mapped(file: Path) -> tuple[dict[str, np.ndarray], str]:
    """As `read_any`, of a file that `check` has seen: but its arrays are left there, and read where they are used."""
    arrays = {name: place.mapped() for name, place in places(file).items()}
    return arrays, str(arrays.pop(OF))


def map_arrays(file: Path, of: str, expected: Mapping) -> dict[str, np.ndarray]:
    """As `read_arrays`, but `mapped`.

    Raises:
      Unusable: it is damaged, or of something else.
      OSError: it can't be read.
    """
    check(file)
    return _as_expected(*mapped(file), of, expected)


def read_content(file: Path, expected: Mapping) -> bytes:
    """A file as it is, or so much of it that it is too long for the arrays expected."""
    return _read(file, ROOM + 2 * sum(_n_bytes(a) for a in expected.values()))


def parse_arrays(content: bytes, of: str, expected: Mapping) -> dict[str, np.ndarray]:
    """As `read_arrays`, of what is read."""
    return _as_expected(*_parse(content), of, expected)


def _as_expected(arrays: dict[str, np.ndarray], actual: str, of: str, expected: Mapping) -> dict[str, np.ndarray]:
    if actual != of:
        raise Unusable("is of other runs")
    if {name: (a.shape, a.dtype) for name, a in arrays.items()} != {
        name: (a.shape, a.dtype) for name, a in expected.items()
    }:
        raise Unusable("is damaged")
    return arrays


def _parse(content: bytes) -> tuple[dict[str, np.ndarray], str]:
    opened = io.BytesIO(content)
    if _seal(opened) != opened.read():
        raise Unusable("is damaged")
    opened.seek(0)
    with np.load(opened, allow_pickle=False) as archive:
        arrays = dict(archive)
    return arrays, str(arrays.pop(OF, None))


def _seal(opened: BinaryIO) -> bytes:
    """The checksum of all but the last digits, which are what is read next."""
    left, checksum = opened.seek(0, os.SEEK_END) - N_DIGITS, hashlib.sha256()
    opened.seek(0)
    while left > 0 and (block := opened.read(min(left, BLOCK))):
        checksum.update(block)
        left -= len(block)
    return checksum.hexdigest().encode()


def _n_bytes(a) -> int:
    return math.prod(a.shape) * np.dtype(a.dtype).itemsize


def _read(file: Path, n_bytes: int) -> bytes:
    """No more than so many and one, of a file that is one."""
    with files.open_regular(file) as opened:
        return opened.read(n_bytes + 1)
