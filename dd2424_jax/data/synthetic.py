"""A stand-in for CIFAR-10 where there is neither data nor network: same shapes, made in seconds, and not too easy.

An image is a mixture of coarse patterns (8 × 8 × 3, enlarged to 32 × 32) and noise in every pixel:

    x = grey + Σ_r z_r · pattern r + noise,    z = mean of the class + sign · direction of the class + spread

The classes' means are close together, and are all that a linear model can use. The sign is a coin's, so that the
directions leave no trace in any mean: it takes a hidden layer to see them. The spread makes the classes overlap, and
the noise is there to be overfitted. Everything is an integer, so that every machine makes the same bytes.
"""

import numpy as np

BATCHES, BATCH_SIZE, CLASSES = 6, 10_000, 10
COARSE, CELL = 8, 4  # cells across an image, pixels across a cell
PATTERNS = 40  # of -1, 0 and 1, each half a grey level in z
MEAN, DIRECTION, SPREAD = 4, 5, 23  # greatest values of the parts of z


def batches(seed: int = 2424):
    """Yield (X [10000, 3072] uint8, y [10000] uint8) six times: five batches to train on and one to test on."""
    root = np.random.default_rng(seed)
    patterns = root.integers(-1, 2, (PATTERNS, 3 * COARSE * COARSE))
    means = root.integers(-MEAN, MEAN + 1, (CLASSES, PATTERNS))
    directions = root.integers(-DIRECTION, DIRECTION + 1, (CLASSES, PATTERNS))
    for rng in root.spawn(BATCHES):
        y = rng.permutation(np.arange(BATCH_SIZE) % CLASSES)
        sign = rng.choice([-1, 1], (BATCH_SIZE, 1))
        spread = rng.integers(-SPREAD, SPREAD + 1, (BATCH_SIZE, PATTERNS))
        z = means[y] + sign * directions[y] + spread
        coarse = (128 - 64 + z @ patterns // 2).astype(np.int16).reshape(-1, 3, COARSE, 1, COARSE, 1)
        # Raw bytes, halved: -64 to 63 grey levels, and much faster than asking for integers in a range.
        noise = np.frombuffer(rng.bytes(BATCH_SIZE * 3 * (COARSE * CELL) ** 2), np.uint8) >> 1
        X = coarse + noise.reshape(BATCH_SIZE, 3, COARSE, CELL, COARSE, CELL)
        X = np.clip(X, 0, 255, out=X).astype(np.uint8)
        yield X.reshape(BATCH_SIZE, -1), y.astype(np.uint8)
