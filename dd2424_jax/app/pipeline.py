"""From a plan to its finished run directory: found, resumed or trained, then drawn."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import jax
import numpy as np

from dd2424_jax import sweep
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.app.session import Session
from dd2424_jax.parallel import processes
from dd2424_jax.reporting import labels, report
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs import directory, provenance, result, shards, training, weights
from dd2424_jax.runs.directory import ResultError, Run
from dd2424_jax.runs.identity import digest
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.result import Result
from dd2424_jax.runs.training import Gathered

Draw = Callable[[Result], Report]


class Unfinished(SystemExit):
    """This shard has trained its runs and others have not: a success, but what needs all runs can't follow."""


def run(plan: Plan, draw: Draw, session: Session, gathered: Gathered | None = None) -> Mapping:
    """As `finished` does; what summary.json holds, nothing in a process that is not the first one."""
    done = finished(plan, draw, session, gathered)
    return done.summary if processes.first() else {}


def finished(plan: Plan, draw: Draw, session: Session, gathered: Gathered | None = None) -> Run:
    """Train every setting of the plan with every seed and write the run directory; or find it finished.

    `draw` is called once the numbers are on disk, and again if a finished run was drawn with other arguments. Where all
    runs are `gathered` already, nothing is trained.

    Raises:
      Unfinished: runs of other shards are missing.
    """
    began = time.perf_counter()
    if session.shard.n > plan.n_runs:
        raise UsageError(f"--num_shards={session.shard.n}: there are only {labels.count(plan.n_runs, 'run')}")
    with opened(plan.experiment, plan.identity(), plan.dataset, session) as run:
        if not run.finished:
            resumed = run.resumed
            if gathered is None and not session.merge:
                _train(run, plan, session)
            with run.exclusively():
                if run.finished:  # another shard has completed it while this one waited
                    run.finalise()
                elif processes.first():
                    gathered = gathered or _gather(run, plan, session)
                    facts = _facts(gathered.outcome, session, time.perf_counter() - began, resumed=resumed)
                    run.note(taken=gathered.taken)
                    _complete(run, plan, gathered, draw, session, facts)
        if processes.first():
            if session.weights and not run.summary["weights"]:
                _add_weights(run, plan, gathered, session)
            _redraw_if_drawn_otherwise(run, plan, draw, session.own)
    return run


def _facts(outcome: sweep.Outcome, session: Session, total_seconds: float, *, resumed: bool) -> dict:
    """What it took."""
    timing = {
        "compile_seconds": outcome.compile_seconds,
        "run_seconds": float(np.nansum(outcome.seconds)),  # of all its runs, also of those that are another's
        "total_seconds": total_seconds,
        "resumed": resumed,  # if so, all seconds are those of the last process
        "shards": session.shard.n,  # if several, the seconds of compiling and running are their sums
    }
    used = (session.devices[0].memory_stats() or {}).get("peak_bytes_in_use")
    return {"timing": timing, "memory": {"device_bytes": used}}


def _train(run: Run, plan: Plan, session: Session) -> None:
    """What is missing of this process's share of the plan."""
    shard, devices, kept = session.shard, session.devices, {"reuse": not session.force, "weights": session.weights}
    part = "" if shard.n == 1 else f"shard {shard.index} of {shard.n}, "
    where = "" if jax.process_count() == 1 else f", in each of {jax.process_count()} processes"
    say(
        f"{plan.experiment} on {labels.data_and_seeds(plan)}: {labels.count(len(plan.hypers.lam), 'setting')}, "
        f"{plan.config.n_updates:,} updates each, {part}{labels.count(len(devices), 'device')} "
        f"({devices[0].device_kind}){where}"
    )
    training.train(run, plan, shard, **kept, devices=devices, runs_at_once=session.runs_at_once, say=say)


def _gather(run: Run, plan: Plan, session: Session) -> Gathered:
    """The plan's runs.

    Raises:
      Unfinished: some are missing, and what follows needs them all.
    """
    gathered = training.gather(run, plan, reuse=not session.force, weights=session.weights)
    shard = session.shard
    if missing := training.missing(plan, gathered.outcome, shard.n):
        if shard.n == 1 and not session.merge:
            raise ResultError("runs that were to be taken from other run directories are gone: start the command again")
        which = f"of {shard.n} shards, {', '.join(map(str, missing))} {'is' if len(missing) == 1 else 'are'} missing"
        which += "" if plan.race is None else f" for {training.standing(plan, gathered.outcome)}"
        if session.weights:
            anyway = training.gather(run, plan, reuse=not session.force, weights=False).outcome
            if training.missing(plan, anyway, shard.n) != missing:
                which += ", or without final weights: --weights=none is of all shards or of none"
        if session.merge:
            raise shards.MissingError(f"{run.path}: {which}; start them, and --merge when they are finished")
        say(f"shard {shard.index} is finished; {which}")
        if not session.quiet:
            print(run.path)
        raise Unfinished
    return gathered


def _complete(run: Run, plan: Plan, gathered: Gathered, draw: Draw, session: Session, facts: Mapping) -> None:
    """The numbers, then what is drawn from them, then the summary, with the `facts`."""
    run.check_place()
    outcome = gathered.outcome
    result.write_runs(run.path, plan, outcome)
    result.write_arrays(run.path, plan, outcome)
    if session.weights:
        outcome = outcome._replace(**weights.gather(run.path, plan, gathered.given)._asdict())
    drawn = _draw(result.conclude(plan, outcome, run.path), draw, session.own)
    about = {"experiment": plan.experiment, "dataset": plan.dataset, "weights": session.weights}
    run.finish({**about, **facts, **drawn})


def _add_weights(run: Run, plan: Plan, gathered: Gathered | None, session: Session) -> None:
    """To a finished run that was made without, where other run directories have them."""
    gathered = gathered or training.gather(run, plan, reuse=True, weights=True)
    if training.missing(plan, gathered.outcome, 1):
        say(f"{run.path} was made without final weights: --force trains them, in another run beside it")
    else:
        with revising(run):
            weights.gather(run.path, plan, gathered.given)
            run.revise({**run.summary, "weights": True})


@contextlib.contextmanager
def revising(run: Run) -> Iterator[None]:
    """Hold a finished run, which has no lock otherwise."""
    with directory.held(run.path):
        yield
        (run.path / directory.LOCK).unlink(missing_ok=True)


def _redraw_if_drawn_otherwise(run: Run, plan: Plan, draw: Draw, own: Mapping) -> None:
    """The report of a finished run, from its numbers, if it was drawn otherwise, or is damaged."""
    summary = run.summary
    drawn = report.digest_of_drawing(draw, own=own, weights=summary["weights"])
    if summary.get("drawn") == drawn and report.intact(run.path, summary.get("table")):
        return
    try:
        concluded = result.read(plan, run.path, weights=summary["weights"])
    except ResultError as error:
        raise ResultError(f"{error}: --force computes the run from scratch, beside it") from error
    with revising(run):  # killed before it is through, it is drawn again
        run.revise({**summary, "drawn": None})
        run.revise({**summary, **_draw(concluded, draw, own)})


def _draw(concluded: Result, draw: Draw, own: Mapping) -> dict:
    """Write the report of a result; its entries of summary.json. `own`: the experiment's own values, by flag."""
    concluded = concluded._replace(own=own)
    drawn = draw(concluded)
    diverged = labels.diverged(concluded) if drawn.omits else []
    table = report.write(concluded.path, drawn._replace(remarks=[*drawn.remarks, *diverged]))
    settings = [setting.as_json() for setting in concluded.settings]
    of = report.digest_of_drawing(draw, own=own, weights=concluded.outcome.params is not None)
    return {"settings": settings, **drawn.summary, "drawn": of, "table": table}


# Run directories, in all processes


@contextlib.contextmanager
def opened(experiment: str, identity: Mapping, dataset: Mapping, session: Session) -> Iterator[Run]:
    """The run directory of an identity; its table is shown at the end, unless the session is quiet.

    The first process holds it, for a shard only the shard's part; the others know where it is.
    """
    if not processes.first():
        yield _elsewhere(identity)
        return
    with _open(experiment, identity, dataset, session) as run:
        yield run
    if not session.quiet:
        print(report.read(run.path, run.summary.get("table")))
        print(run.path)


@contextlib.contextmanager
def _open(experiment: str, identity: Mapping, dataset: Mapping, session: Session) -> Iterator[Run]:
    """In the first process, which broadcasts where it is."""
    shown = [f"{device} ({device.device_kind})" for device in session.devices]
    facts = {"devices": shown, "dataset": dataset}
    facts |= {"flags": session.options, "changed": session.changed, "own": session.own}
    facts |= provenance.collect()
    own = None if session.shard.n == 1 or session.merge else session.shard.name
    where = {"name": session.name, "force": session.force, "shard": own}
    with contextlib.ExitStack() as held:
        try:
            run = held.enter_context(directory.open_run(session.out_dir, experiment, identity, facts, **where))
        except ResultError as error:
            broadcast(error=str(error))
            raise
        broadcast(path=str(run.path), finished=run.finished, digest=digest(identity))
        before, now = directory.read_config(run.path).get("commit"), facts["commit"]
        if (run.finished or before != now) and not session.quiet:
            changed = "" if before == now else f" by other code ({before}; this is {now})"
            state = "finished" if run.finished else "begun"
            say(f"{experiment} was {state}{changed}; --force computes it from scratch")
        yield run


def _elsewhere(identity: Mapping) -> Run:
    """The run directory as the first process has it."""
    received = broadcast()
    if "error" in received:
        raise ResultError(received["error"])
    if received["digest"] != digest(identity):
        raise ResultError("the first process has another configuration or other data than this one")
    return directory.RunElsewhere(Path(received["path"]), received["finished"])


def broadcast(**facts) -> Mapping:
    """The first process's facts, in every process."""
    return json.loads(processes.broadcast(json.dumps(facts).encode()))


def say(text: str) -> None:
    """A line for whoever watches; standard output is for results."""
    if processes.first():
        print(text, file=sys.stderr, flush=True)
