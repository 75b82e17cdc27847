import pickle
import subprocess
import sys

import numpy as np
import pytest

from dd2424_jax.data import pickles

ARRAY = np.arange(12, dtype=np.uint8).reshape(3, 4)
BATCH = {b"data": ARRAY, b"labels": [1, 2, 3], b"batch_label": b"title"}


@pytest.mark.parametrize("array", [ARRAY, np.asfortranarray(ARRAY), ARRAY[:0]])
def test_what_was_pickled_is_loaded(array):
    loaded = pickles.load(pickle.dumps(BATCH | {b"data": array}, protocol=3))
    loaded_array = loaded.pop(b"data")
    np.testing.assert_array_equal(loaded_array, array)
    assert loaded_array.dtype == np.uint8
    assert loaded == {b"labels": [1, 2, 3], b"batch_label": b"title"}


@pytest.mark.parametrize(
    "array",
    [ARRAY.astype(float), ARRAY.astype(object), np.zeros(2, [("pixel", "u1"), ("label", "u1")]), np.array(["a"])],
)
def test_only_arrays_of_bytes_are_loaded(array):
    with pytest.raises(ValueError, match="not of unsigned bytes"):
        pickles.load(pickle.dumps({b"data": array}, protocol=3))


class Pointers:
    """An array of a void dtype with a field of objects, whose pointers would be these bytes."""

    def __reduce__(self):
        make, about, _ = ARRAY.__reduce__()
        return make, about, (1, (1,), np.dtype([("pointer", object)]), False, b"A" * 8)


def test_pointers_are_not_made_of_bytes():
    with pytest.raises(ValueError, match="not of unsigned bytes"):
        pickles.load(pickle.dumps({b"data": Pointers()}, protocol=3))


BOMBS = {
    "a memo of a number": b"\x80\x03}r\xff\xff\xff\xff.",
    "room for bytes": b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b".",
    "bytes that are not there": b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b".",
    "a frame": b"\x80\x04\x95" + (2**40).to_bytes(8, "little") + b"}.",
    "lists of lists": b"\x80\x03(" + b"".join(b"](" + b"2" * 2 + b"e" for _ in range(60)) + b".",
}


def test_a_few_bytes_do_not_take_all_memory():
    program = f"""
import resource
from dd2424_jax.data import pickles
resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for content in {list(BOMBS.values())!r}:
    try:
        pickles.load(content)
    except Exception:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50_000  # KiB


def test_any_damage_is_an_exception_or_an_array_of_bytes():
    rng, content = np.random.default_rng(0), pickle.dumps(BATCH, protocol=3)
    for _ in range(2000):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        try:
            loaded = pickles.load(bytes(damaged))
        except Exception:
            continue
        assert all(value.dtype == np.uint8 for value in loaded.values() if isinstance(value, np.ndarray))
