"""Checkpoints: trees of arrays in one file, with what they are of. Where and when they are written says `sweep.py`."""

from pathlib import Path

import jax
import numpy as np

from dd2424_jax.io import records


def save(file: Path, of: str, **trees) -> None:
    """Write trees of NumPy's arrays by name; `of` says what they are of."""
    records.write_arrays(file, of, _leaves(trees))


def read(file: Path, **like) -> bytes:
    """What the file holds, for `load`; empty where there is none."""
    return records.read_content(file, _leaves(like)) if file.exists() else b""


def load(content: bytes, of: str, **like) -> dict:
    """The trees of a checkpoint, of the structure, shapes and types of those in `like`, which have their names.

    Raises:
      records.Unusable: it is damaged, or of something else.
    """
    places = _leaves(like)
    arrays = records.parse_arrays(content, of, places)
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[place] for place in places])


def _leaves(trees: dict) -> dict[str, np.ndarray]:
    """By their places, as in ['state'].params[0].W."""
    return {jax.tree_util.keystr(place): leaf for place, leaf in jax.tree.leaves_with_path(trees)}
