"""Checkpoints: trees of arrays in one file, with what they are of. Where and when they are written says `sweep.py`."""

import io
from pathlib import Path

import jax
import numpy as np

from dd2424_jax.io import files

OF = "of"


class CheckpointError(Exception):
    """A checkpoint can't be used; the message says why, to stand behind its name."""


def save(file: Path, of: str, **trees) -> None:
    """Write trees of NumPy's arrays by name; `of` says what they are of."""
    files.write_npz(file, **{OF: of}, **_leaves(trees))


def load(content: bytes, of: str, **like) -> dict:
    """The trees of a checkpoint, of the structure, shapes and types of those in `like`, which have their names.

    Raises:
      CheckpointError: it is damaged, or of something else.
    """
    arrays = files.read_npz(io.BytesIO(content))
    if arrays is None or OF not in arrays:
        raise CheckpointError("is damaged")
    if str(arrays.pop(OF)) != of:
        raise CheckpointError("is of other runs")
    if _layout(arrays) != _layout(_leaves(like)):
        raise CheckpointError("is damaged")
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[place] for place in _leaves(like)])


def _leaves(trees: dict) -> dict[str, np.ndarray]:
    """By their places, as in ['state'].params[0].W."""
    return {jax.tree_util.keystr(place): leaf for place, leaf in jax.tree.leaves_with_path(trees)}


def _layout(arrays: dict[str, np.ndarray]) -> dict:
    return {place: (a.shape, a.dtype) for place, a in arrays.items()}
