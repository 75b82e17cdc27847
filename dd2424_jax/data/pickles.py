"""Pickles of numbers, texts, lists and arrays of bytes, from anywhere: they execute nothing, and forge no memory.

Python's own unpickler in C takes all memory for a memo of seven bytes, and NumPy's arrays and dtypes believe the bytes
that they are made of. Here both are stand-ins, and an array is made of what they hold once that fits together.
"""

import io
import pickle
from typing import ClassVar

import numpy as np


class _Dtype:
    """Stands for numpy.dtype: its name, and no more."""

    def __init__(self, name=None, *_):
        self.name = name

    def __setstate__(self, state):
        """The order of bytes, and fields that no array of bytes has."""


class _Array:
    """Stands for numpy.ndarray, and for the function that makes an empty one."""

    def __init__(self, *_):
        self.state = ()

    def __setstate__(self, state):
        self.state = state

    def as_bytes(self) -> np.ndarray:
        """The array of uint8.

        Raises:
          ValueError: it is none.
        """
        _, shape, dtype, is_fortran_order, content = self.state
        if not (isinstance(dtype, _Dtype) and dtype.name in ("u1", b"u1") and type(content) is bytes):
            raise ValueError("an array that is not of unsigned bytes")
        return np.frombuffer(content, np.uint8).reshape(shape, order="F" if is_fortran_order else "C")


_STANDINS = {(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")}
_STANDINS |= {("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Dtype}


class _Unpickler(pickle._Unpickler):  # the one in Python, whose memo is a dict
    dispatch: ClassVar = {  # without the code that makes room before it has read what comes there
        code: load for code, load in pickle._Unpickler.dispatch.items() if code != pickle.BYTEARRAY8[0]
    }

    def find_class(self, module, name):
        if (module, name) in _STANDINS:
            return _STANDINS[module, name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no image needs")


def load(content: bytes) -> dict:
    """The dictionary that was pickled, with arrays of uint8 for its arrays.

    Raises:
      Exception: of any kind, where it is not such a pickle.
    """
    values = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    return {key: value.as_bytes() if isinstance(value, _Array) else value for key, value in values.items()}
