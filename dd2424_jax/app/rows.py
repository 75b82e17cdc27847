"""The rows of an ablation, which scripts list before JAX is there."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import NamedTuple


class Row(NamedTuple):
    """A name, and the flags that are changed: to a value, or to a function of the options that have all values."""

    name: str
    changes: Mapping[str, object]

    def options(self, options: SimpleNamespace) -> SimpleNamespace:
        """The options with the changes."""
        values = {name: value for name, value in self.changes.items() if not callable(value)}
        changed = SimpleNamespace(**{**vars(options), **values})
        made = {name: value(changed) for name, value in self.changes.items() if callable(value)}
        return SimpleNamespace(**{**vars(changed), **made})
