"""The weights of a plan's runs, brought together from the folders that have them: a run at a time is held."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dd2424_jax import sweep
from dd2424_jax.io import records
from dd2424_jax.runs import result
from dd2424_jax.runs.parts import Given
from dd2424_jax.runs.plan import Plan

NOBODY = -1


def gather(directory: Path, plan: Plan, given: Sequence[Given]) -> sweep.Weights:
    """Write params.npz of the plan's runs that were given, NaN for the others; what it holds, left in the file."""
    givers, places = np.full(plan.shape, NOBODY), np.zeros((*plan.shape, 2), int)
    for k, one in enumerate(given):
        givers[one.cells.here], places[one.cells.here] = k, np.transpose(one.cells.there)

    @functools.cache
    def of_giver(k: int) -> dict[str, records.Place]:
        return records.places(given[k].folder / result.PARAMS)

    def of_runs(name: str, a) -> Iterator[np.ndarray]:
        for cell in np.ndindex(plan.shape):
            if givers[cell] == NOBODY:
                yield np.full(a.shape[2:], np.nan, a.dtype)
            else:
                yield of_giver(givers[cell])[name].at(tuple(places[cell]))

    named = sweep.shapes(plan.config, plan.shape).named().items()
    pieces = {name: records.Pieces(a.shape, a.dtype, of_runs(name, a)) for name, a in named}
    result.write_params(directory, plan, pieces)
    return result.read_params(directory, plan)
