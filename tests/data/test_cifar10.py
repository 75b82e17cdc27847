import itertools
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from dd2424_jax.data import cifar10
from dd2424_jax.io import download


def forge(file: Path, **changes) -> Path:
    """A batch file of noise in the official layout, with some keys changed (None: left out)."""
    rng = np.random.default_rng(len(file.name))
    batch = {
        b"batch_label": cifar10.TITLES[file.name].encode(),
        b"labels": rng.integers(0, 10, 10_000).tolist(),
        b"data": rng.integers(0, 256, (10_000, 3072), np.uint8),
    }
    batch |= {key.encode(): value for key, value in changes.items()}
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps({k: v for k, v in batch.items() if v is not None}, protocol=3))
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("cifar10") / cifar10.FOLDER
    for name in cifar10.TITLES:
        forge(root / name)
    return root


def test_a_batch_is_read_as_it_was_written(folder):
    X, y = cifar10.read_batch(folder / "data_batch_2")
    written = pickle.loads((folder / "data_batch_2").read_bytes(), encoding="bytes")
    np.testing.assert_array_equal(X, written[b"data"])
    np.testing.assert_array_equal(y, written[b"labels"])
    assert X.dtype == y.dtype == np.uint8


def test_a_pickle_of_python_2_is_read(tmp_path):
    """The official files are such: byte strings, and NumPy's names of before version 2."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    labels, pixels = bytes(range(10)) * 1000, np.random.default_rng(0).bytes(10_000 * 3072)
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNNJ" + b"\xff" * 4
    dtype += b"J" + b"\xff" * 4 + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + text(b"b") + b"tR"
    array += b"(K\x01M\x10\x27M\x00\x0c\x86" + dtype + b"\x89T" + len(pixels).to_bytes(4, "little") + pixels + b"tb"
    content = b"\x80\x02}(" + text(b"batch_label") + text(b"training batch 1 of 5")
    content += text(b"labels") + b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    file = tmp_path / "data_batch_1"
    file.write_bytes(content + text(b"data") + array + b"u.")
    X, y = cifar10.read_batch(file)
    assert X.tobytes() == pixels
    assert y.tobytes() == labels


class Malicious:
    """Its pickle calls os.mkdir when it is loaded by a trusting unpickler."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_executes_nothing(tmp_path):
    mark = tmp_path / "executed"
    file = forge(tmp_path / "data_batch_1", extra=Malicious(mark))
    with pytest.raises(cifar10.DataError, match=r"mkdir"):
        cifar10.read_batch(file)
    assert not mark.exists()
    pickle.loads(file.read_bytes())
    assert mark.exists()  # it would have


SHORT = [1] * 9_999


@pytest.mark.parametrize(
    "changes",
    [
        {"data": None},
        {"data": [1, 2, 3]},
        {"data": np.zeros((10_000, 3071), np.uint8)},
        {"data": np.zeros((9_999, 3072), np.uint8)},
        {"data": np.zeros((10_000, 3072), np.float32)},
        {"labels": None},
        {"labels": SHORT},
        {"labels": [*SHORT, 10]},
        {"labels": [*SHORT, -1]},
        {"labels": [*SHORT, 0.5]},
        {"labels": [*SHORT, "cat"]},
        {"labels": 3},
        {"batch_label": b"training batch 2 of 5"},
        {"batch_label": b"testing batch 1 of 1"},
        {"batch_label": None},
    ],
    ids=itertools.count(),
)
def test_a_batch_that_is_not_what_it_should_be_is_refused(tmp_path, changes):
    with pytest.raises(cifar10.DataError, match=r"data_batch_1 .*; remove .* and run again"):
        cifar10.read_batch(forge(tmp_path / "data_batch_1", **changes))


@pytest.mark.parametrize("keep", [0, 1, 1000, 15_000_000, -1])
def test_a_batch_cut_short_is_refused(folder, tmp_path, keep):
    file = tmp_path / "data_batch_1"
    file.write_bytes((folder / file.name).read_bytes()[:keep])
    with pytest.raises(cifar10.DataError, match=r"cut short"):
        cifar10.read_batch(file)


def test_what_is_no_pickle_or_not_there_is_refused(tmp_path):
    file = tmp_path / "data_batch_1"
    with pytest.raises(cifar10.DataError, match=r"cannot read"):
        cifar10.read_batch(file)
    file.write_bytes(b"<html>404</html>")
    with pytest.raises(cifar10.DataError, match=r"no batch of CIFAR-10"):
        cifar10.read_batch(file)


def test_the_folder_is_found_by_its_own_name_and_by_its_parents(folder):
    assert cifar10.obtain(folder) == cifar10.obtain(folder.parent) == folder


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_answering", lambda urls, _: list(urls))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(cifar10.DataError, match=r"--data_dir"):
        cifar10.obtain(blocked / "below")


def test_the_root_is_the_flag_else_the_variable_else_the_cache(monkeypatch):
    monkeypatch.delenv("DD2424_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cifar10.data_root(None) == Path("/cache/dd2424_jax")
    monkeypatch.setenv("DD2424_DATA_DIR", "/variable")
    assert cifar10.data_root(None) == Path("/variable")
    assert cifar10.data_root("~/flag") == Path.home() / "flag"


def test_what_has_no_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "data_batch_1")
    with pytest.raises(cifar10.DataError, match="is no regular file"):
        cifar10.read_batch(tmp_path / "data_batch_1")
    os.mkfifo(tmp_path / cifar10.ARCHIVE)
    (tmp_path / "data_batch_1").unlink()
    with pytest.raises(cifar10.DataError, match="is no regular file"):
        cifar10.obtain(tmp_path)
