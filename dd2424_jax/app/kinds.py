"""Single flags, by what they hold."""

from collections.abc import Sequence

from absl import flags

from dd2424_jax.app import number_lists


def define_numbers(name: str, default: Sequence[float], text: str):
    """A flag of numbers of at least 0, and at least one unless it has none by default."""
    number_lists.define(name, default, f"{text} (a number or a comma list, repeatable)", float, 0)
    if len(default):
        flags.register_validator(name, bool, "needs a number")


def define_integers(name: str, default: Sequence[int], text: str, *, least: int):
    """A flag of whole numbers."""
    number_lists.define(name, default, f"{text} (comma list)", int, least)


def define_float(name: str, default: float, text: str):
    """A flag of a number of at least 0."""
    flags.DEFINE_float(name, default, text, lower_bound=0.0)
    flags.register_validator(name, number_lists.is_in_float32, number_lists.NOT_IN_FLOAT32)


def define_path(name: str, default: str | None, text: str):
    """A flag that names a folder or a file."""
    flags.DEFINE_string(name, default, text)
    flags.register_validator(name, lambda value: value != "", "must not be empty")


def define_share(name: str, text: str):
    """A flag of a number in [0, 1), 0 by default."""
    flags.DEFINE_float(name, 0.0, f"{text}; 0 to below 1", lower_bound=0.0, upper_bound=1 - 2**-16)  # of dropout.py
