from typing import NamedTuple

import jax
import numpy as np
import pytest

from dd2424_jax.io import checkpoints
from dd2424_jax.io.records import Unusable


class Tree(NamedTuple):
    a: np.ndarray
    b: tuple


TREE = Tree(np.arange(6.0).reshape(2, 3), (np.int32(4) * np.ones(2, np.int32), np.zeros(1, bool)))
LIKE = {"step": np.array(0), "tree": TREE}


@pytest.fixture
def saved(tmp_path):
    checkpoints.save(tmp_path / "c.npz", "these runs", step=np.array(7), tree=TREE)
    return tmp_path / "c.npz"


def test_what_is_saved_is_loaded(saved):
    loaded = checkpoints.load(checkpoints.read(saved, **LIKE), "these runs", **LIKE)
    assert loaded["step"] == 7
    assert jax.tree.structure(loaded["tree"]) == jax.tree.structure(TREE)
    jax.tree.map(np.testing.assert_array_equal, loaded["tree"], TREE)


def test_where_there_is_none_nothing_is_read(tmp_path):
    assert checkpoints.read(tmp_path / "c.npz", **LIKE) == b""


def test_a_checkpoint_of_something_else_is_refused(saved):
    with pytest.raises(Unusable, match="is of other runs"):
        checkpoints.load(checkpoints.read(saved, **LIKE), "other runs", **LIKE)


@pytest.mark.parametrize(
    "expected",
    [
        {"tree": TREE._replace(a=TREE.a[:1])},
        {"tree": TREE._replace(a=TREE.a.astype(np.float32))},
        {"tree": TREE._replace(b=TREE.b[:1])},
        {"more": np.zeros(2)},
    ],
)
def test_arrays_of_other_shapes_types_or_places_are_refused(saved, expected):
    with pytest.raises(Unusable, match="is damaged"):
        checkpoints.load(saved.read_bytes(), "these runs", **LIKE | expected)
