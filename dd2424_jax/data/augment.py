"""Augmentation: images mirrored and moved at random whenever they are trained on.

Images are uint8 [n, 3072]; a row is 1024 red, 1024 green, 1024 blue values, each channel row by row of 32 pixels.
"""

import jax
import jax.numpy as jnp
import numpy as np

from dd2424_jax import names
from dd2424_jax.data.cifar10 import DIMENSIONS

SIDE = 32  # pixels of an image's rows and columns
CHANNEL, ROW, COLUMN = np.indices((3, SIDE, SIDE), np.int16).reshape(3, DIMENSIONS)  # where a value lies


def flipped(key, images, probability):
    """Each image mirrored left to right with that probability, independently of the others."""
    return mirror(images, jax.random.bernoulli(key, probability, (len(images),)))


def shifted(key, images, most: int, padding: str):
    """Each image moved by (dy, dx), independent and uniform in -most, ..., most, independently of the others.

    Raises:
      ValueError: `most` is not in 0, ..., 31, or the padding is none of PADDINGS.
    """
    if most not in range(SIDE):
        raise ValueError(f"most={most} must lie in 0, ..., {SIDE - 1}")
    dy, dx = jax.random.randint(key, (2, len(images)), -most, most + 1)
    return move(images, dy, dx, padding)


def mirror(images, which):
    """The images, those of them mirrored left to right for which `which` [n] is true."""
    return _for_each(lambda image, one: jax.lax.cond(one, mirrored, lambda same: same, image), images, which)


def mirrored(image):
    """One image [3072], left and right exchanged."""
    return image.reshape(-1, SIDE)[:, ::-1].reshape(-1)


def move(images, dy, dx, padding: str):
    """Each image moved down by dy [n] and to the right by dx [n] pixels, all in -31, ..., 31.

    What comes in from outside is of the `padding`
      zero  black: pixels are padded before they become z-scores, as in torchvision's RandomCrop before Normalize
      edge  the nearest pixel of the image

    Raises:
      ValueError: the padding is none of PADDINGS.
    """
    if padding not in PADDINGS:
        raise ValueError(f"padding={padding!r} is none of {', '.join(PADDINGS)}")
    return _for_each(PADDINGS[padding], images, dy, dx)


def zero(image, dy, dx):
    """One image [3072], moved; from outside comes black."""
    # In a row of 3072 values every pixel moves as far. What leaves its row or channel there is outside of the image.
    farthest = SIDE**2 - 1
    moved = jax.lax.dynamic_slice_in_dim(jnp.pad(image, farthest), farthest - SIDE * dy - dx, DIMENSIONS)
    row, column = (place.astype(np.uint8) - d.astype(np.uint8) for place, d in ((ROW, dy), (COLUMN, dx)))
    return jnp.where((row < SIDE) & (column < SIDE), moved, 0)  # below 0 is above 200


def edge(image, dy, dx):
    """One image [3072], moved; from outside comes the nearest pixel."""
    row, column = (jnp.clip(place - d.astype(np.int16), 0, SIDE - 1) for place, d in ((ROW, dy), (COLUMN, dx)))
    return image.at[(CHANNEL * SIDE + row) * SIDE + column].get(mode="promise_in_bounds")


PADDINGS = {name: globals()[name] for name in names.PADDINGS}


def _for_each(function, *of_images):
    """`function` of each image and what belongs to it: on a CPU one after another, in its cache; else all at once."""

    def one_by_one(*of_images):
        return jax.lax.map(lambda own: function(*own), of_images)

    return jax.lax.platform_dependent(*of_images, cpu=one_by_one, default=jax.vmap(function))
