import io
import json
import zipfile

import numpy as np
import pytest

from dd2424_jax.io import records
from dd2424_jax.io.records import Unusable

ARRAYS = {"a": np.arange(6.0, dtype=np.float32).reshape(2, 3), "step": np.array(7), "name": np.array("cifar10")}


@pytest.fixture
def archive(tmp_path):
    records.write_arrays(tmp_path / "x.npz", "these runs", ARRAYS)
    return tmp_path / "x.npz"


def read(file, of="these runs", expected=ARRAYS):
    return records.read_arrays(file, of, expected)


def test_arrays_are_read_as_they_were_written(archive):
    found = read(archive)
    assert found.keys() == ARRAYS.keys()
    for name, a in ARRAYS.items():
        np.testing.assert_array_equal(found[name], a)
        assert found[name].dtype == a.dtype


def test_others_read_the_files_too(archive, tmp_path):
    np.testing.assert_array_equal(np.load(archive)["a"], ARRAYS["a"])
    records.write_json(tmp_path / "x.json", {"λ": 1})
    content = json.loads((tmp_path / "x.json").read_text())
    assert content["λ"] == 1
    assert [*content] == ["λ", "sha256"]


def test_arrays_of_something_else_are_refused(archive):
    with pytest.raises(Unusable, match="is of other runs"):
        read(archive, of="other runs")


@pytest.mark.parametrize(
    "expected",
    [
        ARRAYS | {"a": ARRAYS["a"][:1]},
        ARRAYS | {"a": ARRAYS["a"].astype(float)},
        ARRAYS | {"more": np.zeros(2)},
        {"a": ARRAYS["a"]},
    ],
)
def test_arrays_that_are_not_those_expected_are_refused(archive, expected):
    with pytest.raises(Unusable, match="is damaged"):
        read(archive, expected=expected)


def _with_other_values(content):
    buffer = io.BytesIO()
    arrays = dict(np.load(io.BytesIO(content)))
    np.savez(buffer, **arrays | {"a": arrays["a"] + 1})
    return buffer.getvalue()


def _deflated(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, bytes(10**6) if name == "a.npy" else old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"PK\x03\x04",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[1:],
        lambda content: content + b"\0",
        lambda content: content + bytes(10**7),
        lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:],
        lambda content: content[:6] + b"\1" + content[7:],  # said to be encrypted
        _with_other_values,
        _deflated,
    ],
)
def test_whatever_is_changed_in_an_archive_it_is_damaged(archive, damage):
    content = archive.read_bytes()
    archive.write_bytes(damage(content))
    with pytest.raises(Unusable, match="is damaged"):
        read(archive)


def test_no_more_of_a_file_is_read_than_it_can_need(archive):
    with open(archive, "r+b") as sparse:
        sparse.truncate(10**12)
    assert len(records.read_content(archive, ARRAYS)) < 2 * records.ROOM
    with pytest.raises(Unusable, match="is damaged"):
        read(archive)


def test_json_has_null_where_there_is_no_number(tmp_path):
    content = {"a": np.float32(np.nan), "b": [np.inf, 1], "c": np.arange(2), "d": {"e": (None, True, np.int64(3))}}
    records.write_json(tmp_path / "x.json", content)
    assert "NaN" not in (tmp_path / "x.json").read_text()
    assert records.read_json(tmp_path / "x.json") == {
        "a": None,
        "b": [None, 1],
        "c": [0, 1],
        "d": {"e": [None, True, 3]},
    }


def test_json_may_have_names_that_are_not_text(tmp_path):
    content = {"command": ["\udcff"]}  # as an argument of other bytes than UTF-8's
    records.write_json(tmp_path / "x.json", content)
    (tmp_path / "x.json").read_bytes().decode()
    assert records.read_json(tmp_path / "x.json") == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-3],
        lambda text: text.replace("0.5", "0.6"),
        lambda text: text.replace('"lam"', '"lan"'),
        lambda text: text.replace("0.5", "NaN"),
        lambda text: "null",
        lambda text: "[]",
        lambda text: "{}",
        lambda text: "[" * 100_000,
        lambda text: "9" * 10_000,
        lambda text: '{"lam": 0.5}',
    ],
)
def test_whatever_is_changed_in_json_it_is_damaged(tmp_path, damage):
    file = tmp_path / "x.json"
    records.write_json(file, {"lam": 0.5})
    file.write_text(damage(file.read_text()))
    with pytest.raises(Unusable, match="is damaged"):
        records.read_json(file)


def test_json_that_is_not_utf8_is_damaged(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe")
    with pytest.raises(Unusable, match="is damaged"):
        records.read_json(tmp_path / "x.json")
