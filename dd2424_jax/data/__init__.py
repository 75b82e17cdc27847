"""The images: their files, splits and z-scores."""

import sys

from dd2424_jax.io import terminal

if "-m dd2424_jax.data" in " ".join(sys.orig_argv):  # as a command, of which this is imported first
    terminal.prepare()

from dd2424_jax.data.cifar10 import BATCH_SIZE, CLASSES, DIMENSIONS, DataError
from dd2424_jax.data.splits import Dataset, Scale, Source, Split, Splits, begin, load, scale, split, splits, standardize

__all__ = [
    "BATCH_SIZE",
    "CLASSES",
    "DIMENSIONS",
    "DataError",
    "Dataset",
    "Scale",
    "Source",
    "Split",
    "Splits",
    "begin",
    "load",
    "scale",
    "split",
    "splits",
    "standardize",
]
