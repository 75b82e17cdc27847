from typing import NamedTuple

import jax
import numpy as np
import pytest

from dd2424_jax.io import checkpoints, files


class Tree(NamedTuple):
    a: np.ndarray
    b: tuple


TREE = Tree(np.arange(6.0).reshape(2, 3), (np.int32(4) * np.ones(2, np.int32), np.zeros(1, bool)))


@pytest.fixture
def saved(tmp_path):
    checkpoints.save(tmp_path / "c.npz", "these runs", step=np.array(7), tree=TREE)
    return tmp_path / "c.npz"


def test_what_is_saved_is_loaded(saved):
    loaded = checkpoints.load(saved.read_bytes(), "these runs", step=np.array(0), tree=TREE)
    assert loaded["step"] == 7
    assert jax.tree.structure(loaded["tree"]) == jax.tree.structure(TREE)
    jax.tree.map(np.testing.assert_array_equal, loaded["tree"], TREE)


def test_a_checkpoint_of_something_else_is_refused(saved):
    with pytest.raises(checkpoints.CheckpointError, match="is of other runs"):
        checkpoints.load(saved.read_bytes(), "other runs", step=np.array(0), tree=TREE)


@pytest.mark.parametrize(
    "expected",
    [
        {"tree": TREE._replace(a=TREE.a[:1])},
        {"tree": TREE._replace(a=TREE.a.astype(np.float32))},
        {"tree": TREE._replace(b=TREE.b[:1])},
        {"tree": TREE, "more": np.zeros(2)},
    ],
)
def test_arrays_of_other_shapes_types_or_places_are_refused(saved, expected):
    with pytest.raises(checkpoints.CheckpointError, match="is damaged"):
        checkpoints.load(saved.read_bytes(), "these runs", step=np.array(0), **expected)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", "cut", "unnamed"])
def test_what_is_not_whole_is_refused(saved, tmp_path, content):
    if content == "cut":
        content = saved.read_bytes()[:-20]
    elif content == "unnamed":
        files.write_npz(tmp_path / "u.npz", step=np.array(7))
        content = (tmp_path / "u.npz").read_bytes()
    with pytest.raises(checkpoints.CheckpointError, match="is damaged"):
        checkpoints.load(content, "these runs", step=np.array(0), tree=TREE)
