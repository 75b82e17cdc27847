"""Augmentation: images mirrored and moved at random whenever they are trained on.

Images are uint8 [n, 3072]; a row is 1024 red, 1024 green, 1024 blue values, each channel row by row of 32 pixels. What
becomes of them is chosen by index, in rows of 3072: XLA's CPU backend is slow at padding or reversing rows of 32.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dd2424_jax import names
from dd2424_jax.data.cifar10 import DIMENSIONS

SIDE = 32  # pixels of an image's rows and columns
CHANNEL, ROW, COLUMN = np.indices((3, SIDE, SIDE), np.int32).reshape(3, DIMENSIONS)  # where a value lies


def flipped(key, images, probability):
    """Each image mirrored left to right with that probability, independently of the others."""
    return mirror(images, jax.random.bernoulli(key, probability, (len(images),)))


def shifted(key, images, most: int, padding: str):
    """Each image moved by (dy, dx), independent and uniform in -most, ..., most, independently of the others.

    Raises:
      ValueError: `most` is not in 0, ..., 31, or the padding is none of names.PADDINGS.
    """
    if most not in range(SIDE):
        raise ValueError(f"most={most} must lie in 0, ..., {SIDE - 1}")
    dy, dx = jax.random.randint(key, (2, len(images)), -most, most + 1)
    return move(images, dy, dx, padding)


def mirror(images, which):
    """The images, those of them mirrored left to right for which `which` [n] is true."""
    # The last five bits of an index are its column: all five inverted, column c becomes 31 - c.
    return _gather(images, jnp.arange(DIMENSIONS) ^ jnp.where(which, SIDE - 1, 0)[:, None])


def move(images, dy, dx, padding: str):
    """Each image moved down by dy [n] and to the right by dx [n] pixels.

    What comes in from outside is of the `padding`
      zero  black: pixels are padded before they become z-scores, as in torchvision's RandomCrop before Normalize
      edge  the nearest pixel of the image

    Raises:
      ValueError: the padding is none of names.PADDINGS.
    """
    if padding not in names.PADDINGS:
        raise ValueError(f"padding={padding!r} is none of {', '.join(names.PADDINGS)}")
    row, column = ROW - dy[:, None], COLUMN - dx[:, None]
    nearest_row, nearest_column = jnp.clip(row, 0, SIDE - 1), jnp.clip(column, 0, SIDE - 1)
    moved = _gather(images, (CHANNEL * SIDE + nearest_row) * SIDE + nearest_column)
    is_inside = (row == nearest_row) & (column == nearest_column)
    return moved if padding == "edge" else jnp.where(is_inside, moved, 0)


def _gather(images, index):
    """Of each image the values at its row of index [n, 3072], all of which exist."""
    return jnp.take_along_axis(images, index, axis=1, mode="promise_in_bounds")
