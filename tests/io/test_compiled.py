import errno
import os

import jax
import numpy as np
import pytest
from jax._src import compilation_cache

from dd2424_jax import data, train
from dd2424_jax.io import compiled, files
from dd2424_jax.io.compiled import Store

VALUE = bytes(range(256)) * 8
MIN_SECONDS = "persistent_cache_min_compile_time_secs"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """What JAX keeps goes to a store here, by its own ways; the folder."""
    monkeypatch.setattr(compilation_cache, "get_file_cache", lambda path: (Store(tmp_path), path))
    compilation_cache.reset_cache()
    yield tmp_path
    compilation_cache.reset_cache()


def test_what_is_read_back_computes_the_same_bits(kept, splits, optimized):
    config = train.Config((12, 5, 3), 20, (30,), n_s=10)
    batches = train.batch_indices([3], 0, 30, 240, 20)[0]
    state = train.init_state(config, train.Hypers(0.01, 1e-3, 0.1), 3)

    def trained():
        def segment(*args):
            return train.segment(config, *args)

        split = data.Split(*splits.train)
        args = (split, splits.scale, train.Hypers(0.01, 1e-3, 0.1), state, np.uint32(3), np.int32(0), batches)
        return jax.jit(segment).lower(*args).compile()(*args)

    fresh = trained()
    (file,) = kept.glob("jit_segment-*")
    before = file.stat().st_mtime_ns
    os.utime(file, ns=(0, 0))
    again = trained()
    assert 0 < before <= file.stat().st_mtime_ns  # it was read
    jax.tree.map(np.testing.assert_array_equal, again, fresh)
    file.write_bytes(file.read_bytes()[:-1])
    jax.tree.map(np.testing.assert_array_equal, trained(), fresh)  # damaged, it is compiled and put again
    assert Store(kept).get(file.name)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[1:], lambda b: b"", lambda b: b[:9] + b"?" + b[10:]])
def test_what_is_damaged_is_not_there_until_it_is_put_again(store, tmp_path, damage):
    store.put("key", VALUE)
    (tmp_path / "key").write_bytes(damage((tmp_path / "key").read_bytes()))
    assert store.get("key") is None
    store.put("key", VALUE)
    assert store.get("key") == VALUE


def test_where_it_cannot_be_written_a_line_says_so_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    for folder in ("nowhere", "file"):
        store = Store(tmp_path / folder)
        for key in ("a", "b"):
            store.put(key, VALUE)
            assert store.get(key) is None
        assert len(capsys.readouterr().err.splitlines()) == 1

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store = Store(tmp_path)
    for key in ("a", "b"):
        store.put(key, VALUE)
        assert store.get(key) is None
    assert "no space left" in capsys.readouterr().err
    assert {file.name for file in tmp_path.iterdir()} == {"file"}


def test_the_entries_used_last_stay(store, tmp_path):
    for i, key in enumerate("abcd"):
        store.put(key, VALUE)
        os.utime(tmp_path / key, (i, i))
    store.get("a")
    compiled.prune(tmp_path, 2 * len(VALUE) + 100)
    assert {file.name for file in tmp_path.iterdir()} == {"a", "d"}
    compiled.prune(tmp_path / "nowhere")


@pytest.fixture
def options(monkeypatch):
    """Sets JAX's options, as its variables do, and puts back what they were."""
    monkeypatch.setattr(compilation_cache, "get_file_cache", compilation_cache.get_file_cache)
    names = (f"jax_{name}" for name in ("compilation_cache_dir", "enable_compilation_cache", MIN_SECONDS))
    before = {name: getattr(jax.config, name) for name in names}
    yield lambda own: [jax.config.update(name, value) for name, value in own.items()]
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.mark.parametrize(
    ("own", "cache", "where"),
    [
        ({}, "cache", "cache/dd2424_jax/compiled/"),
        ({"jax_compilation_cache_dir": "own"}, "cache", "own"),
        ({"jax_enable_compilation_cache": False}, "cache", "None"),
        ({}, "/proc/nowhere", "None"),
    ],
)
def test_programs_are_kept_in_the_users_cache_unless_jax_is_told_otherwise(
    tmp_path, monkeypatch, capsys, options, own, cache, where
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / cache))
    options({"jax_compilation_cache_dir": None, **own})
    compiled.keep()
    assert str(jax.config.jax_compilation_cache_dir).removeprefix(f"{tmp_path}/").startswith(where)
    assert len(capsys.readouterr().err.splitlines()) == (cache == "/proc/nowhere")


def test_the_users_cache_is_where_xdg_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert files.user_cache() == tmp_path / "dd2424_jax"
