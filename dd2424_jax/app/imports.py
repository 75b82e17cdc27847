"""Imports that wait: a module of this package is loaded when something of it is first used.

So --help and a mistake in the flags take no second for JAX, matplotlib and SciPy, which only those modules import.
"""

import sys
import threading
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

PREFIX = f"{__name__.partition('.')[0]}."
_LOADING = threading.RLock()  # importlib.util.LazyLoader has none before Python 3.12: threads saw half of a module


class _Deferred(ModuleType):
    def __getattribute__(self, name: str):
        with _LOADING:
            if loader := ModuleType.__getattribute__(self, "__dict__").pop("__deferred__", None):
                loader.exec_module(self)
                self.__class__ = ModuleType
        return ModuleType.__getattribute__(self, name)


class _Deferring(Loader):
    def __init__(self, loader: Loader):
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__.loader = module.__loader__ = module.__deferred__ = self._loader
        module.__class__ = _Deferred


class _Finder:
    @staticmethod
    def find_spec(name: str, path=None, target=None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.startswith(PREFIX) else None
        # A package is loaded at once: loaded by the import of a module in it, it would load that module twice.
        if spec is not None and spec.submodule_search_locations is None:
            spec.loader = _Deferring(spec.loader)
        return spec


def defer() -> None:
    """From here on."""
    sys.meta_path.insert(0, _Finder)
