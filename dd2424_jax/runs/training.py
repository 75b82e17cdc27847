"""A plan's runs, trained as far as nobody has yet: part by part, and of a race look by look.

A part is a rectangle of runs that are trained at once, kept in a folder of its own (see parts.py). Whoever goes on
after an interruption, shares the plan with others, or has more seeds or settings than a finished run, trains what is
missing.
"""

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import chunks, race, sweep
from dd2424_jax.parallel import processes
from dd2424_jax.runs import parts
from dd2424_jax.runs.directory import Run
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.shards import Shard
from dd2424_jax.segments import Cells


def share(plan: Plan, outcome: sweep.Outcome, shard: Shard) -> np.ndarray:
    """Which runs are the shard's, [n_settings, n_seeds]: of all or, of a race, of the look that is due, if one is."""
    settings, seeds = np.arange(len(plan.hypers.lam)), np.arange(len(plan.seeds))
    if plan.race is not None:
        state, looks = _state(plan, outcome), (0, *plan.race.looks)
        settings = np.array(state.survivors)
        seeds = np.arange(*looks[state.look : state.look + 2]) if state.reason is None else []
    mask = np.zeros(outcome.trained.shape, bool)
    if len(seeds):
        own_settings, own_seeds = shard.cells(len(settings), len(seeds))
        mask[np.ix_(settings[own_settings], seeds[own_seeds])] = True
    return mask


def _state(plan: Plan, outcome: sweep.Outcome) -> race.State:
    return race.follow(plan.race, outcome.scores, outcome.trained)


def standing(plan: Plan, outcome: sweep.Outcome) -> str:
    """Where a race stands, in words."""
    state = _state(plan, outcome)
    n_left, n, n_looks = len(state.survivors), len(plan.hypers.lam), len(plan.race.looks)
    if state.reason is not None:
        return f"the race is over after look {state.look} of {n_looks}: {n_left} of {n} settings left ({state.reason})"
    return f"look {state.look + 1} of {n_looks}, {plan.race.looks[state.look]} seeds: {n_left} of {n} settings left"


def missing(plan: Plan, outcome: sweep.Outcome, n_shards: int) -> list[int]:
    """Of which shards there are runs missing."""
    return [i for i in range(n_shards) if (share(plan, outcome, Shard(i, n_shards)) & ~outcome.trained).any()]


def train(
    run: Run,
    plan: Plan,
    shard: Shard,
    *,
    reuse: bool,
    weights: bool,
    devices: Sequence[jax.Device],
    runs_at_once: int,
    say: Callable[[str], None],
) -> None:
    """Train the shard's runs that are missing, and write them as parts of the run.

    Of a race, as many looks as the other shards have trained their share of. With `reuse`, what other run directories
    of the experiment have is not trained again. With `weights`, the final weights are kept too, and what has none is
    missing. `say` is for whoever watches.
    """
    outcome = parts.blank(plan)
    own = np.zeros(outcome.trained.shape, bool)  # what is there of this share, from an earlier process or this one
    if processes.first():
        parts.collect(plan, parts.folders(run.own), outcome, ~outcome.trained, weights=weights)
        own = outcome.trained
    while True:
        if processes.first():
            of_shards = parts.folders(run.path) if run.shard else ()
            wanted = ~outcome.trained & (share(plan, outcome, shard) | (plan.race is not None))
            given = parts.collect(plan, [*of_shards, *_elsewhere(run, reuse)], outcome, wanted, weights=weights)
            if taken := _taken(run, given):
                say(f"{sum(taken.values())} of its {plan.n_runs} runs are there already, in {', '.join(taken)}")
            if plan.race is not None:
                say(standing(plan, outcome))
        # As it was begun, before anything of it was there: so that its checkpoint is of one of these rectangles.
        todo = _broadcast(share(plan, outcome, shard) & (own | ~outcome.trained))
        own = _broadcast(own)
        rectangles = [
            None if own[np.ix_(*cells)].all() else cells for cells in _rectangles(plan, todo, devices, runs_at_once)
        ]
        if not any(rectangles):
            return
        for i, cells, trained in _each(run, plan, rectangles, devices):
            own[np.ix_(*cells)] = True
            if processes.first():
                parts.write(run.own, plan.part(*cells), trained if weights else trained.without_weights())
                sweep.checkpoint_of(run.own, i).unlink(missing_ok=True)
                outcome.put(*cells, trained)


def _taken(run: Run, given: Iterable[parts.Given]) -> dict[str, int]:
    """How many runs other run directories gave, by name."""
    taken = collections.Counter()
    for one in given:
        name = one.folder.relative_to(run.path.parent).parts[0]
        if name != run.path.name:
            taken[f"{run.path.parent.name}/{name}"] += one.n_runs
    return dict(taken)


def _rectangles(plan: Plan, todo: np.ndarray, devices, runs_at_once: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The runs in chunks of settings and seeds, by index: seeds of one fold that lack the same settings go together."""
    groups, fold = collections.defaultdict(list), plan.fold
    for seed in np.flatnonzero(todo.any(axis=0)):
        groups[fold[seed], todo[:, seed].tobytes()].append(seed)
    for group in groups.values():
        settings, seeds = np.flatnonzero(todo[:, group[0]]), np.array(group)
        for i, j in chunks.cut(plan.config, (len(settings), len(seeds)), devices, runs_at_once):
            yield settings[i], seeds[j]


def _each(run: Run, plan: Plan, rectangles, devices) -> Iterator:
    """The number, the cells and the outcome of each rectangle that is not None, once it is trained."""
    todo = [(i, cells, plan.part(*cells)) for i, cells in enumerate(rectangles) if cells is not None]
    work = [None] * len(rectangles)
    for i, _, part in todo:
        work[i] = Cells(part.hypers, np.asarray(part.seeds, np.uint32)), part.folds[part.fold[0]]
    for (i, cells, _), outcome in zip(todo, sweep.each(plan.config, work, run.own, devices), strict=True):
        yield i, cells, outcome


def _broadcast(mask: np.ndarray) -> np.ndarray:
    """The first process's mask, in every process."""
    return np.frombuffer(processes.broadcast(mask.tobytes()), bool).reshape(mask.shape).copy()


class Gathered(NamedTuple):
    """What is there of a plan's runs.

    outcome  their numbers, without parameters
    given    which folder gave which of them
    taken    how many are other run directories', by name
    """

    outcome: sweep.Outcome
    given: Sequence[parts.Given]
    taken: Mapping[str, int]


def gather(run: Run, plan: Plan, *, reuse: bool, weights: bool) -> Gathered:
    """What is there of the plan's runs, where only those with final weights count, or all."""
    places = [*parts.folders(run.path), *_elsewhere(run, reuse)]
    wanted = np.ones(plan.shape, bool)
    if plan.race is not None:
        known = parts.blank(plan)
        parts.collect(plan, places, known, wanted, weights=weights)
        wanted = np.arange(len(plan.seeds)) < _state(plan, known).n_seeds[:, None]
    outcome = parts.blank(plan)
    given = parts.collect(plan, places, outcome, wanted, weights=weights)
    own = [one.compile_seconds for one in given if one.folder.is_relative_to(run.path)]
    return Gathered(outcome._replace(compile_seconds=sum(own)), given, _taken(run, given))


def _elsewhere(run: Run, reuse: bool) -> list[Path]:
    """With `reuse`, where other run directories of the experiment may have finished runs: the newest first."""
    others = run.path.parent.iterdir() if reuse else []
    there = [path for path in others if path.is_dir() and not path.is_symlink() and path.name != run.path.name]
    there.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [folder for path in there for folder in parts.folders(path)]
