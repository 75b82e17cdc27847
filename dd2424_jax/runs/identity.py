"""What a run is known by: a mapping of JSON, its short name, and in what two of them differ."""

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import dd2424_jax
from dd2424_jax.io import files

PACKAGE = Path(dd2424_jax.__file__).resolve().parent  # scripts find it by a link beside them
OF_NUMBERS = (  # the modules that they depend on, if only to rounding
    *("losses", "precisions", "schedules", "optimizers", "activations", "initializers", "dropout", "network"),
    *("configs", "train", "evaluation", "programs", "segments", "sweep"),
    *("data/pickles", "data/cifar10", "data/synthetic", "data/splits", "data/augment", "parallel/placement"),
)
DECIDING = ("stats", "dunnett", "comparisons", "power", "choice", "race")


def digest(identity: Mapping) -> str:
    """A short name: the same for the same numbers, whatever their order."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]


def plain(identity: Mapping) -> dict:
    """As JSON gives it back."""
    return json.loads(json.dumps(identity))


def differences(there: Mapping, here: Mapping) -> str:
    """What two identities have that is not the same, by names such as config.n_batch."""
    there, here = dict(_leaves(there)), dict(_leaves(here))
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return ", ".join(f"{key}={there.get(key)} there, {here.get(key)} here" for key in keys)


def _leaves(identity: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in identity.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


@functools.cache
def code() -> dict[str, str]:
    """Which code makes the numbers: the version, and a digest of the modules."""
    sources = [PACKAGE / f"{module}.py" for module in OF_NUMBERS]
    return {"version": dd2424_jax.__version__, "source": of_sources(sources)}


@functools.cache
def deciding_code() -> str:
    """A digest of the modules that decide which runs a race has."""
    return of_sources(PACKAGE / f"{name}.py" for name in DECIDING)


@functools.cache
def drawing_code() -> str:
    """A digest of the modules that make a report of numbers."""
    modules = (*DECIDING, "lr_range", "measures", "runs/result", "runs/comparison")
    return of_sources([*sorted((PACKAGE / "reporting").glob("*.py")), *(PACKAGE / f"{name}.py" for name in modules)])


def of_sources(sources: Iterable[Path]) -> str:
    """A short name for the code in some files."""
    return digest({f"{file.parent.name}/{file.name}": files.read_text(file) for file in sources})
