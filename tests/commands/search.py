"""The search that several processes and several shards must do as one process does."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.commands.scripts import TINY, Done, numbers, once, run

FLAGS = [*TINY, "--n_cycles=2", "--snapshots", "--hidden=5", "--lam=0.001,0.01", "--devices=1"]


class Alone(NamedTuple):
    """The search in one process, never interrupted: where, its run directory, and what it said."""

    cwd: Path
    path: Path
    done: Done


def alone(tmp_path_factory) -> Alone:
    return once(tmp_path_factory, "alone", lambda cwd: Alone(cwd, *run("coarse_search", *FLAGS, cwd=cwd)))


def assert_same_run(path: Path, expected: Path) -> None:
    assert path.name == expected.name
    assert sorted(file.name for file in path.iterdir()) == sorted(file.name for file in expected.iterdir())
    np.testing.assert_allclose(numbers(path), numbers(expected), rtol=1e-3, atol=1e-3)  # rounding
    ours, theirs = (np.load(folder / "params.npz") for folder in (path, expected))
    assert ours.files == theirs.files
    for name in ("W1", "b2", "snapshots_W1", "snapshots_b2"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-3, atol=1e-3)
