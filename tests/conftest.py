import os
from pathlib import Path

import jax
import numpy as np
import pytest

from dd2424_jax import cifar10, data

jax.config.update("jax_num_cpu_devices", 8)  # before anything else starts the backend


@pytest.fixture
def x64():
    """Arithmetic in float64, where a tolerance can be tight."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def splits():
    """A small problem that can be learned: 240 + 90 + 70 images of 12 pixels in 3 classes."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 400).astype(np.uint8)
    X = np.clip(128 + 40 * np.eye(3)[y] @ rng.normal(size=(3, 12)) + rng.normal(0, 50, (400, 12)), 0, 255)
    X = X.astype(np.uint8)
    cut = [data.Split(X[a:b], y[a:b]) for a, b in ((0, 240), (240, 330), (330, 400))]
    return data.Splits(*cut, data.scale(cut[0].X))


@pytest.fixture(scope="session")
def real_data() -> str:
    """A folder with CIFAR-10, named by $DD2424_DATA_DIR."""
    root = os.environ.get("DD2424_DATA_DIR", "")
    if not (Path(root) / cifar10.FOLDER).is_dir():
        pytest.skip("DD2424_DATA_DIR names no folder with CIFAR-10")
    return root
