"""The images: their files, splits and z-scores."""

from dd2424_jax.data.cifar10 import CLASSES, DIMENSIONS, DataError
from dd2424_jax.data.splits import Dataset, Scale, Source, Split, Splits, load, scale, split, standardize

__all__ = [
    "CLASSES",
    "DIMENSIONS",
    "DataError",
    "Dataset",
    "Scale",
    "Source",
    "Split",
    "Splits",
    "load",
    "scale",
    "split",
    "standardize",
]
