"""Flags that are lists of numbers, and numbers from the moment they are parsed."""

import math
from collections.abc import Callable, Sequence

from absl import flags

TINY, MAX = 2.0**-126, 2.0**128 - 2.0**104  # of float32, which NumPy would know: --help is there before NumPy is
NOT_IN_FLOAT32 = f"must be 0 or from {TINY:.2g} to {MAX:.2g}, as float32 has them"


def is_in_float32(value: float) -> bool:
    return value == 0 or TINY <= abs(value) <= MAX


class Parser(flags.BaseListParser):
    """Of a comma list of numbers that are at least `least`."""

    def __init__(self, number: Callable[[str], float], least: float):
        super().__init__(",", "comma")
        self._number, self._least = number, least

    def parse(self, argument: str | Sequence[float]) -> list[float]:
        if not isinstance(argument, str):
            return list(argument)  # a default
        try:
            values = [self._number(item) for item in super().parse(argument)]
        except ValueError:
            values = [math.nan]
        if not all(math.isfinite(value) and value >= self._least for value in values):
            kind = "whole numbers" if self._number is int else "finite numbers"
            raise ValueError(f"must be {kind} of at least {self._least:g}, with commas between")
        if self._number is float and not all(map(is_in_float32, values)):
            raise ValueError(NOT_IN_FLOAT32)
        return values


class Flag(flags.Flag):
    """A list that goes on where the flag is repeated."""

    def parse(self, argument):
        before = self.value if self.present else []
        super().parse(argument)
        self.value = [*before, *self.value]


def define(name: str, default: Sequence[float], text: str, number: Callable[[str], float], least: float) -> None:
    """A flag of numbers, as `number` makes them of text."""
    default = [number(value) for value in default]
    flags.DEFINE_flag(Flag(Parser(number, least), flags.ListSerializer(","), name, default, text))
