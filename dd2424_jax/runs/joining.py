"""Searches of the same settings with other seeds, put together as the one search with all of them."""

from collections.abc import Sequence

import numpy as np

from dd2424_jax import data
from dd2424_jax.runs import identity, parts
from dd2424_jax.runs.catalogue import Entry
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.plan import Plan, from_identity
from dd2424_jax.runs.training import Gathered


def join(searches: Sequence[Entry], dataset: data.Dataset, *, weights: bool) -> tuple[Plan, Gathered]:
    """The plan with the seeds of all searches, ascending, and what they have of it, with `weights` these too.

    Raises:
      ResultError: one is no finished search, or damaged; they differ in more than their seeds, or share one; or the
        data is another.
    """
    plans = [_plan(search, dataset) for search in searches]
    for search, plan in zip(searches, plans, strict=True):
        own, first = ({**one.identity(), "seeds": []} for one in (plan, plans[0]))
        if differ := identity.differences(first, own):
            raise ResultError(f"{search.path} and {searches[0].path} are of different settings ({differ})")
    seeds = np.concatenate([plan.seeds for plan in plans])
    if len(np.unique(seeds)) < len(seeds):
        values, counts = np.unique(seeds, return_counts=True)
        raise ResultError(f"seed {values[counts > 1][0]} is in more than one of these searches")
    plan = plans[0]._replace(seeds=tuple(np.sort(seeds).tolist()))
    if weights:
        _check_weights(searches)
    outcome = parts.blank(plan)
    given = parts.collect(plan, [search.path for search in searches], outcome, ~outcome.trained, weights=weights)
    if not outcome.trained.all():
        raise ResultError("the numbers of one of these searches are damaged")
    outcome = outcome._replace(compile_seconds=sum(one.compile_seconds for one in given))
    return plan, Gathered(outcome, given, {})


def _plan(search: Entry, dataset: data.Dataset) -> Plan:
    """Its plan, as the present code identifies it."""
    if search.state != "finished" or "choice" not in search.summary:
        raise ResultError(f"{search.path} is no finished search ({search.state})")
    if search.config["identity"].get("race") is not None:
        raise ResultError(f"{search.path} is a race: a search with --n_seeds takes from it what it has")
    if search.config["identity"]["dataset"]["sha256"] != dataset.sha256:
        raise ResultError(f"{search.path} was on other data than is at hand: say where that is by --data_dir")
    try:
        plan = from_identity(search.config["identity"], dataset)
    except ValueError as error:
        raise ResultError(f"{search.path}: {error}") from error
    if plan.digest != search.config["digest"]:
        raise ResultError(f"{search.path} was made by other code than this: join it with that, or search again")
    return plan


def _check_weights(searches: Sequence[Entry]) -> None:
    for search in searches:
        if not search.summary["weights"]:
            raise ResultError(f"{search.path} has no weights: join with --weights=none")
