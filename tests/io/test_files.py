import concurrent.futures
import errno
import os
import time

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


def test_a_lock_is_not_opened_through_a_link(tmp_path):
    (tmp_path / "precious").write_text("all")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic link"):
        files.open_locked(tmp_path / "lock")
    assert (tmp_path / "precious").read_text() == "all"


def test_of_those_that_wait_for_a_lock_that_is_removed_one_has_it_at_a_time(tmp_path):
    holders, most = [], []

    def hold(_):
        with files.open_locked(tmp_path / "lock"):
            holders.append(1)
            most.append(len(holders))
            time.sleep(0.002)
            holders.pop()
            (tmp_path / "lock").unlink()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(40)))
    assert most == [1] * 40


def test_a_lock_that_another_holds_is_none(tmp_path):
    with files.open_locked(tmp_path / "lock", patience=0):
        assert files.open_locked(tmp_path / "lock", patience=0) is None
    assert files.open_locked(tmp_path / "lock", patience=0).close() is None


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", tmp_path, "/dev/full"):
        with pytest.raises(OSError, match=r"is no regular file|Is a directory"):
            files.open_regular(file)


def test_what_keeps_a_file_from_being_written_is_said_of_that_file(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        files.write_text(tmp_path / "gone" / "table.md", "text")
    assert error.value.filename == str(tmp_path / "gone" / "table.md")
