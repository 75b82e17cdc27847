"""The images: loaded, split, and standardised by the training split. They stay uint8 until a step uses them."""

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dd2424_jax.data import cifar10, synthetic
from dd2424_jax.data.cifar10 import TRAIN_BATCHES, DataError
from dd2424_jax.io import download


class Split(NamedTuple):
    """Images X [n, d] uint8 and labels y [n] uint8."""

    X: np.ndarray
    y: np.ndarray


class Scale(NamedTuple):
    """Mean and standard deviation [d] of every pixel over a training split, in units of a pixel (0 to 255)."""

    mean: np.ndarray
    sd: np.ndarray


class Splits(NamedTuple):
    """Training, validation and test images, and the training split's scale, by which all are standardised.

    `test` is None where no choice may depend on it: what searches train on.
    """

    train: Split
    valid: Split
    test: Split | None
    scale: Scale


class Dataset(NamedTuple):
    """Ten thousand images a batch: five to train on, one to test on. `sha256` is of all pixels and labels."""

    name: str
    batches: tuple[Split, ...]
    test: Split
    sha256: str


class Source(NamedTuple):
    """Which images the splits have: the dataset's name and sha256, and the arguments of `splits`."""

    name: str
    sha256: str
    train_batches: tuple[int, ...]
    valid_batches: tuple[int, ...]
    n_train: int
    n_valid: int
    n_splits: int = 1

    def split(self, dataset: Dataset) -> tuple[Splits, ...]:
        """These images of the dataset, the test split among them, for each of n_splits sets held out."""
        n = {"n_train": self.n_train, "n_valid": self.n_valid}
        return splits(dataset, self.train_batches, self.valid_batches, **n, n_splits=self.n_splits)


def load(name: str = "auto", data_dir: str | None = None) -> Dataset:
    """The dataset `name`: cifar10, synthetic, or auto (CIFAR-10 if it is there or can be fetched, else synthetic).

    CIFAR-10 is looked for in `data_dir`, else in $DD2424_DATA_DIR, else in the user's cache: as the folder
    cifar-10-batches-py (itself, or within, as torchvision leaves it) or as cifar-10-python.tar.gz. What is not there
    is downloaded to there.

    Raises:
      DataError: an unknown name; files that are damaged; no network and not auto; a folder that can't be written.
    """
    if name not in ("auto", "cifar10", "synthetic"):
        raise DataError(f"unknown dataset {name!r}: choose auto, cifar10 or synthetic")
    if name == "synthetic":
        return _synthetic()
    root = cifar10.data_root(data_dir)
    try:
        folder = cifar10.obtain(root)
    except download.DownloadError as error:
        lacking = f"CIFAR-10 is not in {root} and could not be downloaded ({error})"
        advice = f"put {cifar10.ARCHIVE} or {cifar10.FOLDER}/ there, or name its folder with --data_dir"
        if name == "cifar10":
            raise DataError(f"{lacking}: {advice}, or use --dataset=synthetic") from error
        print(
            f"WARNING: {lacking}. Using the SYNTHETIC stand-in, whose numbers say nothing about CIFAR-10. "
            f"For real ones, {advice}.",
            file=sys.stderr,
        )
        return _synthetic()
    begun = _BEGUN.pop(folder, None)
    return begun.result() if begun else _read(folder)


_BEGUN: dict[Path, Future[Dataset]] = {}


def begin(name: str, data_dir: str | None) -> None:
    """Begin to read what `load` will be asked for, beside what else is done; not where it is to be fetched or made."""
    with contextlib.suppress(DataError):
        folder = None if name == "synthetic" else cifar10.located(cifar10.data_root(data_dir))
        if folder is not None and folder.is_dir():
            pool = ThreadPoolExecutor(1)
            _BEGUN[folder] = pool.submit(_read, folder)
            pool.shutdown(wait=False)


def _read(folder: Path) -> Dataset:
    with ThreadPoolExecutor() as pool:  # most of it copies bytes, which other threads need not wait for
        batches = pool.map(cifar10.read_batch, [folder / file for file in cifar10.TITLES])
        return _dataset("cifar10", (Split(*batch) for batch in batches))


def _synthetic() -> Dataset:
    return _dataset("synthetic", (Split(*batch) for batch in synthetic.batches()))


def _dataset(name: str, batches: Iterable[Split]) -> Dataset:
    sha256, there = hashlib.sha256(), []
    for batch in batches:
        for part in batch:
            sha256.update(part)
        there.append(batch)
    return Dataset(name, tuple(there[:-1]), there[-1], sha256.hexdigest())


def split(
    dataset: Dataset,
    train_batches: Sequence[int] = TRAIN_BATCHES,
    valid_batches: Sequence[int] = (),
    *,
    n_train: int,
    n_valid: int,
) -> Splits:
    """Training and validation images from the batches named (1 to 5), and the test batch.

    Training takes the first n_train images of its batches. Validation takes the first n_valid of its own batches or,
    where none are named, the last n_valid of training's: those are then held out.

    Raises:
      DataError: a batch is unknown or on both sides, or there are not so many images.
    """
    return splits(dataset, train_batches, valid_batches, n_train=n_train, n_valid=n_valid)[0]


def splits(
    dataset: Dataset,
    train_batches: Sequence[int] = TRAIN_BATCHES,
    valid_batches: Sequence[int] = (),
    *,
    n_train: int,
    n_valid: int,
    n_splits: int = 1,
) -> tuple[Splits, ...]:
    """As `split`, n_splits times, each with other validation images; the first time, they are `split`'s.

    The sets are disjoint as far as the images go, and else evenly spaced. Where validation has no batches of its own,
    training takes the n_train images that follow a set, and after the last image the first.

    Raises:
      DataError: as `split`, or there are not so many different sets.
    """
    if not train_batches or not {*train_batches, *valid_batches} <= {*TRAIN_BATCHES}:
        raise DataError(f"batches {[*train_batches, *valid_batches]}: name some of {list(TRAIN_BATCHES)} for training")
    if len({*train_batches, *valid_batches}) < len(train_batches) + len(valid_batches):
        raise DataError(f"a batch appears twice in {list(train_batches)} and {list(valid_batches)}")
    pool = _join(dataset, train_batches)
    held_out = _join(dataset, valid_batches) if valid_batches else pool
    room = len(pool.y) - (0 if valid_batches else n_valid)
    different = len(held_out.y) - n_valid + 1
    if n_valid < 1 or n_train < 1 or n_train > room or n_valid > len(held_out.y):
        raise DataError(
            f"n_train={n_train} and n_valid={n_valid} do not fit: {len(pool.y)} images to train on"
            + (f", {len(held_out.y)} to validate on" if valid_batches else ", of which validation takes its share")
        )
    if n_splits > different:
        raise DataError(f"n_splits={n_splits}: of {len(held_out.y)} images there are {different} sets of {n_valid}")
    n = len(held_out.y)
    offsets = [i * n_valid if n_splits * n_valid <= n else i * (n - n_valid) // (n_splits - 1) for i in range(n_splits)]
    if valid_batches:
        train = _images(pool, 0, n_train)
        scaled = scale(train.X)
        return tuple(Splits(train, _images(held_out, at, n_valid), dataset.test, scaled) for at in offsets)
    if n_splits > 1:  # twice the images on end: what follows a set is one piece, without a copy for each
        pool = _join(dataset, [*train_batches, *train_batches])
    made = []
    for at in offsets:
        train = _images(pool, n - at if at else 0, n_train)
        made.append(Splits(train, _images(pool, n - at - n_valid, n_valid), dataset.test, scale(train.X)))
    return tuple(made)


def _images(pool: Split, first: int, n: int) -> Split:
    return Split(pool.X[first : first + n], pool.y[first : first + n])


def _join(dataset: Dataset, batches: Sequence[int]) -> Split:
    if len(batches) == 1:
        return dataset.batches[batches[0] - 1]
    key = (id(dataset.batches), *batches)
    if key not in _JOINED:
        _JOINED.clear()
        joined = Split(*(np.concatenate([dataset.batches[i - 1][part] for i in batches]) for part in (0, 1)))
        _JOINED[key] = dataset.batches, joined  # while it holds these, no other dataset has their id
    return _JOINED[key][1]


_JOINED: dict[tuple[int, ...], tuple] = {}  # the last: all plans of a command share one copy of its images


def scale(X: np.ndarray) -> Scale:
    """Mean and standard deviation of every pixel of X [n, d], in float64; a pixel that never changes gets sd 1."""
    # Sums of integers are exact, need no float64 copy of the images, and leave one rounding to the end.
    n = len(X)
    total = squares = np.zeros(X.shape[1], np.int64)
    for block in np.array_split(X, -(-n // 200)):  # such as a core's cache holds
        block = block.astype(np.uint32)
        total = total + block.sum(axis=0, dtype=np.uint32)
        squares = squares + (block * block).sum(axis=0, dtype=np.uint32)
    sd = np.sqrt(n * squares - total**2) / n
    return Scale(total / n, np.where(sd > 0, sd, 1.0))


def standardize(scale: Scale, X):
    """Images X [n, d] uint8 as z-scores, in the scale's precision. Scaling to [0, 1] before would change nothing."""
    return (X - scale.mean) * (1 / scale.sd)
