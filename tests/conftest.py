import contextlib
import functools
import os
from pathlib import Path

os.environ["JAX_NUM_CPU_DEVICES"] = "8"  # for the tests of placements; before JAX is imported
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # most of a test's time is compiling
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # XLA's doubts about what it has compiled for this very machine

import jax
import numpy as np
import pytest

from dd2424_jax import data, sweep
from dd2424_jax.data import cifar10, synthetic

DAMAGES = 3  # of each file


def pytest_addoption(parser):
    parser.addoption("--damages", type=int, default=DAMAGES, help="how many ways to damage each file (test_damage.py)")


@pytest.fixture(scope="session", autouse=True)
def compiled_programs(tmp_path_factory):
    """Compiled programs are kept for all workers, and for the processes that tests start."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(root / "compiled")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    jax.config.update("jax_compilation_cache_dir", str(root / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@pytest.fixture(scope="session", autouse=True)
def programs():
    """Programs of one configuration are compiled once in a process."""
    make, of_configurations = sweep.Programs, {}

    def shared(config):
        return of_configurations.setdefault((config, jax.config.jax_enable_x64, *OPTIMIZED), make(config))

    sweep.Programs = shared
    yield
    sweep.Programs = make


@contextlib.contextmanager
def compiled_for_speed():
    """For what computes for long."""
    jax.config.update("jax_disable_most_optimizations", False)
    OPTIMIZED.append(True)
    try:
        yield
    finally:
        OPTIMIZED.pop()
        jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def optimized():
    with compiled_for_speed():
        yield


OPTIMIZED = []  # something while it is


@pytest.fixture(scope="session", autouse=True)
def stand_in():
    """The synthetic images, made once for all commands that are run in this process."""
    batches = synthetic.batches
    synthetic.batches = functools.cache(lambda: list(batches()))
    yield
    synthetic.batches = batches


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


@pytest.fixture
def real_data(optimized) -> str:
    """A folder with CIFAR-10, named by $DD2424_DATA_DIR."""
    root = os.environ.get("DD2424_DATA_DIR", "")
    if not (Path(root) / cifar10.FOLDER).is_dir():
        pytest.skip("DD2424_DATA_DIR names no folder with CIFAR-10")
    return root
