import errno
import os

import pytest

from dd2424_jax.io import files


def test_a_full_disk_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    file = tmp_path / "numbers.csv"
    files.write_csv(file, ["a"], [[1]])

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.DiskFull, match=r"no space left.*resumes"):
        files.write_csv(file, ["a"], [[2]])
    assert file.read_text() == "a\n1\n"
    assert os.listdir(tmp_path) == ["numbers.csv"]
