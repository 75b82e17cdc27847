"""Imports that wait: a module of this package is loaded when something of it is first used.

So --help and a mistake in the flags take no second for JAX, matplotlib and SciPy, which only those modules import.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec, PathFinder

PREFIX = f"{__name__.partition('.')[0]}."


class _Finder:
    @staticmethod
    def find_spec(name: str, path=None, target=None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.startswith(PREFIX) else None
        # A package is loaded at once: loaded by the import of a module in it, it would load that module twice.
        if spec is not None and spec.submodule_search_locations is None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def defer() -> None:
    """From here on."""
    sys.meta_path.insert(0, _Finder)
