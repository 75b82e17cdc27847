import errno
import json
import os

import numpy as np
import pytest

from dd2424_jax.io import files


def test_a_full_disk_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    file = tmp_path / "numbers.npz"
    files.write_npz(file, a=np.arange(3))

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.DiskFull, match=r"no space left.*resumes"):
        files.write_npz(file, a=np.zeros(9))
    np.testing.assert_array_equal(files.read_npz(file)["a"], np.arange(3))
    assert os.listdir(tmp_path) == ["numbers.npz"]


def test_json_has_null_where_there_is_no_number(tmp_path):
    content = {"a": np.float32(np.nan), "b": [np.inf, 1], "c": np.arange(2), "d": {"e": (None, True, np.int64(3))}}
    files.write_json(tmp_path / "x.json", content)
    assert "NaN" not in (tmp_path / "x.json").read_text()
    found = json.loads((tmp_path / "x.json").read_text())
    assert found == {"a": None, "b": [None, 1], "c": [0, 1], "d": {"e": [None, True, 3]}}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nothing"])
def test_a_damaged_archive_reads_as_none(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    assert files.read_npz(tmp_path / "x.npz") is None
    files.write_npz(tmp_path / "y.npz", a=np.arange(1000.0))
    whole = (tmp_path / "y.npz").read_bytes()
    for keep in (10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "x.npz").write_bytes(whole[:keep])
        assert files.read_npz(tmp_path / "x.npz") is None
