import contextlib
import io
import shutil
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from dd2424_jax.data import cifar10


def archive(file: Path, folder: Path, names, **extra: bytes) -> Path:
    with tarfile.open(file, "w:gz", compresslevel=1) as tar:
        for name in names:
            tar.add(folder / name, f"{cifar10.FOLDER}/{name}")
        for name, content in extra.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    for name in cifar10.TITLES:
        (root / name).write_bytes(name.encode())
    return root


def test_an_archive_is_unpacked_to_the_known_members_only(small_folder, tmp_path):
    extra = {"../outside": b"x", "/tmp/absolute": b"x", f"{cifar10.FOLDER}/readme.html": b"x"}
    archive(tmp_path / cifar10.ARCHIVE, small_folder, cifar10.TITLES, **extra)
    unpacked = cifar10.obtain(tmp_path)
    assert {file.name for file in unpacked.iterdir()} == set(cifar10.TITLES)
    assert (unpacked / "test_batch").read_text() == "test_batch"
    assert {file.name for file in tmp_path.iterdir()} == {cifar10.ARCHIVE, cifar10.FOLDER}


def test_an_archive_may_be_named_itself(small_folder, tmp_path):
    file = archive(tmp_path / "mine.tar.gz", small_folder, cifar10.TITLES)
    for _ in range(2):
        assert cifar10.obtain(file) == tmp_path / cifar10.FOLDER


def test_two_may_unpack_at_once(small_folder, tmp_path):
    file = archive(tmp_path / cifar10.ARCHIVE, small_folder, cifar10.TITLES)
    assert cifar10._unpack(file, tmp_path) == cifar10._unpack(file, tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {cifar10.ARCHIVE, cifar10.FOLDER}


def test_any_damage_to_an_archive_is_one_clear_error(small_folder, tmp_path):
    content = archive(tmp_path / cifar10.ARCHIVE, small_folder, cifar10.TITLES).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        spoiled = bytearray(content)
        for at in rng.integers(10, len(content), 3):
            spoiled[at] ^= 0xFF
        (tmp_path / "spoiled.tar.gz").write_bytes(spoiled)
        with contextlib.suppress(cifar10.DataError):
            shutil.rmtree(cifar10.obtain(tmp_path / "spoiled.tar.gz"))


@pytest.mark.parametrize("damage", ["cut", "text", "incomplete", "link"])
def test_a_damaged_archive_leaves_nothing_behind(small_folder, tmp_path, damage):
    file = tmp_path / cifar10.ARCHIVE
    archive(file, small_folder, list(cifar10.TITLES)[:-1] if damage in ("incomplete", "link") else cifar10.TITLES)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    if damage == "text":
        file.write_text("not an archive")
    if damage == "link":
        with tarfile.open(file, "w:gz") as tar:
            for name in cifar10.TITLES:
                member = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(member)
    with pytest.raises(cifar10.DataError, match=r"remove it"):
        cifar10.obtain(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [cifar10.ARCHIVE]


def test_what_a_killed_unpacking_left_is_removed_and_nothing_else(small_folder, tmp_path):
    archive(tmp_path / cifar10.ARCHIVE, small_folder, cifar10.TITLES)
    for name in (f".{cifar10.FOLDER}-unpacking-ab_12345", f"{cifar10.FOLDER}_backup1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data_batch_1").write_text("")
    cifar10.obtain(tmp_path)
    names = {cifar10.ARCHIVE, cifar10.FOLDER, f"{cifar10.FOLDER}_backup1"}
    assert {entry.name for entry in tmp_path.iterdir()} == names


class Zeros:
    """A file of so many bytes that are 0."""

    def __init__(self, n):
        self.left = n

    def read(self, n):
        n = min(n, self.left)
        self.left -= n
        return bytes(n)


def _member(name, n, **fields):
    member = tarfile.TarInfo(name)
    member.size = n
    for field, value in fields.items():
        setattr(member, field, value)
    return member


@pytest.mark.parametrize("forged", ["large", "other", "long name", "sparse", "negative"])
def test_an_archive_that_would_fill_disk_or_memory_is_refused(tmp_path, forged):
    name, n = f"{cifar10.FOLDER}/data_batch_1", 400_000_000
    with tarfile.open(tmp_path / cifar10.ARCHIVE, "w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as tar:
        if forged in ("large", "other"):
            tar.addfile(_member(name if forged == "large" else "other", n), Zeros(n))
        elif forged == "long name":
            tar.addfile(_member("././@LongLink", n, type=tarfile.GNUTYPE_LONGNAME), Zeros(n))
        elif forged == "negative":
            header = bytearray(_member(name, 0).tobuf(tarfile.GNU_FORMAT))
            header[124:136] = b"\xff" * 12
            header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
            tar.fileobj.write(header)
        else:
            header = bytearray(_member(name, 0, type=tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
            header[483:495] = b"\x80" + (10**12).to_bytes(11, "big")  # its real size
            header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
            tar.fileobj.write(header)
    tracemalloc.start()
    with pytest.raises(cifar10.DataError, match=r"is damaged|holds no"):
        cifar10.obtain(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 2.5 * cifar10.MAX_UNPACKED
    tracemalloc.stop()
    assert [entry.name for entry in tmp_path.iterdir()] == [cifar10.ARCHIVE]


def test_names_without_end_are_refused(tmp_path):
    with tarfile.open(tmp_path / cifar10.ARCHIVE, "w:gz", compresslevel=1) as tar:
        for _ in range(3000):
            tar.addfile(_member("././@LongLink", 1, type=tarfile.GNUTYPE_LONGNAME), io.BytesIO(b"x"))
    with pytest.raises(cifar10.DataError, match=r"is damaged"):
        cifar10.obtain(tmp_path)
