"""Run directories: what a run is and what came out, never half written and never overwritten.

`<out_dir>/<experiment>/<name>/` holds config.json from the start, checkpoints and finished parts on the way, and
summary.json as its last file: where that is, the run is finished.

A process holds its run by a lock. Where several share a run, each holds a folder of its own in it, and the run itself
only while it begins and while it completes it.
"""

import contextlib
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dd2424_jax.io import files, records
from dd2424_jax.runs import interim, latest
from dd2424_jax.runs.identity import differences, digest, plain
from dd2424_jax.runs.latest import LATEST, SUMMARY
from dd2424_jax.runs.locks import LOCK, ResultError, held

CONFIG = "config.json"
ASKED = ("command", "flags", "changed", "own")  # of a run's facts: how it was asked for
PATIENCE = 30.0  # seconds to wait for a lock that is held shortly


class Run:
    """One run directory, held by this process; of one that is shared, the shard's folder.

    `own` is where checkpoints go: the folder that is held.
    """

    def __init__(self, path: Path, shard: str | None = None, config: Mapping | None = None):
        self.path, self.shard = path, shard
        self._config = config or {}
        self._place = path.stat() if config else None

    @property
    def own(self) -> Path:
        return self.path / (self.shard or "")

    @property
    def finished(self) -> bool:
        return (self.path / SUMMARY).exists()

    @property
    def resumed(self) -> bool:
        """Whether an earlier process has left something to go on from."""
        return bool(interim.checkpoints(self.own) or interim.parts(self.own))

    @property
    def summary(self) -> dict:
        """What summary.json holds, once it is finished.

        Raises:
          ResultError: it is damaged.
        """
        try:
            summary = records.read_json(self.path / SUMMARY)
            if summary.pop("digest", None) != read_config(self.path).get("digest"):
                raise records.Unusable("is of another run")
        except records.Unusable as error:
            advice = "remove it, and the same command makes it again"
            raise ResultError(f"{self.path / SUMMARY} {error}: {advice}") from error
        return summary

    def check_place(self) -> None:
        """Before anything is written over.

        Raises:
          ResultError: the directory was replaced since it was opened.
        """
        if not os.path.samestat(self.path.stat(), self._place):
            raise ResultError(f"{self.path} was replaced by another folder meanwhile: choose another --name")

    def note(self, **facts) -> None:
        """Add facts to config.json that were not known when it was begun."""
        records.write_json(self.path / CONFIG, {**(read_config(self.path) or self._config), **facts})

    def asked_for(self, facts: Mapping) -> None:
        """Keep how a finished run was asked for last by its own script, with flags that change no number: so drawn."""
        known, now = read_config(self.path), {name: facts[name] for name in ASKED if name in facts}
        scripts = {Path(own["command"][1]).stem if len(own.get("command", ())) > 1 else "" for own in (known, now)}
        differs = known.get("changed") != plain(dict(now.get("changed", {})))
        if len(scripts) == 1 and differs and os.access(self.path, os.W_OK):
            self.note(**now)

    def finish(self, summary: Mapping) -> None:
        """Write summary.json, let `latest` name the newest run, and drop what was only needed on the way."""
        self._write_summary(summary)
        self.finalise()

    def revise(self, summary: Mapping) -> None:
        """Replace the summary of a finished run, which stays as new as it was."""
        times = (self.path / SUMMARY).stat()
        self._write_summary(summary)
        os.utime(self.path / SUMMARY, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _write_summary(self, summary: Mapping) -> None:
        config = read_config(self.path) or self._config
        if not (self.path / CONFIG).exists():  # lost meanwhile
            records.write_json(self.path / CONFIG, config)
        records.write_json(self.path / SUMMARY, {**summary, "digest": config["digest"]})

    def exclusively(self) -> contextlib.AbstractContextManager:
        """Hold the run itself, waiting for those that share it and do so now."""
        return held(self.path, patience=math.inf) if self.shard else contextlib.nullcontext()

    def finalise(self) -> None:
        """What comes after summary.json; done again where it was interrupted."""
        parent = self.path.parent
        # Where this makes good an interruption, another run may have finished since.
        newest = max([self.path, *latest.finished(parent.parent, parent.name)], key=latest.finished_at)
        latest.point_to(parent, newest.name)
        interim.remove(self.path, held=self.own)
        with contextlib.suppress(OSError):
            (self.path / LOCK).unlink()  # the last: while it is there, this is done again


class RunElsewhere(Run):
    """A run directory that another process holds: here is only known where it is, and whether it was finished."""

    def __init__(self, path: Path, finished: bool):
        super().__init__(path)
        self._finished = finished

    @property
    def finished(self) -> bool:
        return self._finished


@contextlib.contextmanager
def open_run(
    out_dir: str,
    experiment: str,
    identity: Mapping,
    facts: Mapping,
    *,
    name: str | None = None,
    force: bool = False,
    shard: str | None = None,
) -> Iterator[Run]:
    """The directory of the run that `identity` describes: the finished one, the one to resume, or a new one.

    `facts` are written beside the identity, but don't make it another run. With `force`, what is there is left as it
    is and a new run begun beside it: <name>-2, <name>-3, ... (or resumed, where that was interrupted). `shard` names
    the part of a run that several processes do, each its own.

    Raises:
      ResultError: the name is taken by another configuration, another process holds the run or the shard, or the
        folder can't be written.
    """
    name = digest(identity) if name is None else name
    if not re.fullmatch(r"\w[\w.-]*", name) or name == LATEST:
        raise ResultError(f"--name={name}: use letters, digits, '_', '-' and '.', and not {LATEST!r}")
    folder = files.expanded(out_dir) / experiment
    tries = [folder / name]
    while (following := folder / f"{name}-{len(tries) + 1}").exists():
        tries.append(following)
    identity = plain(identity)
    _check_that_it_is_a_runs(tries[0])
    _check_identity(tries[0], identity)
    runs = [Run(path) for path in tries if _may_be_of(path, identity)]
    finished = [run for run in runs if run.finished]
    if force:
        # What an interrupted --force began is resumed; anything else stays as it is.
        begun = not runs[-1].finished and read_config(runs[-1].path).get("forced", True)
        path = runs[-1].path if begun else following
    else:
        path = (finished[-1] if finished else runs[0]).path
    run = Run(path, shard)
    if run.finished:
        # Of a process that was killed, or is about to finish or to revise it.
        if (run.path / LOCK).exists() and os.access(run.path, os.W_OK):
            with held(run.path, patience=PATIENCE):
                run.finalise()
        run.asked_for(facts)
        yield run
        return
    with contextlib.ExitStack() as until_ready, held(run.own):
        if shard:
            until_ready.enter_context(held(run.path, patience=PATIENCE))
        _check_identity(run.path, identity)  # again: another process may have been first
        config = {**facts, "identity": identity, "digest": digest(identity), "forced": force}
        if not (run.path / CONFIG).exists():
            records.write_json(run.path / CONFIG, config)
        until_ready.close()
        yield Run(path, shard, config)


def _check_that_it_is_a_runs(path: Path) -> None:
    """A folder of something else is left alone."""
    if path.is_dir() and not (path / CONFIG).exists():
        ours = re.compile(
            rf"{LOCK}|{interim.SHARD}|{files.PART.pattern}"
        )  # of a run that was killed before it had its config.json
        if others := [entry.name for entry in path.iterdir() if not ours.fullmatch(entry.name)]:
            raise ResultError(f"{path} is not a run's: it has {others[0]} and no {CONFIG}; choose another --name")


def read_config(path: Path) -> dict:
    """config.json of a run directory; empty where there is none yet."""
    if not (path / CONFIG).exists():
        return {}
    try:
        config = records.read_json(path / CONFIG)
        if digest(config.get("identity")) != config.get("digest"):
            raise records.Unusable("is of another version of this program")
        return config
    except records.Unusable as error:
        raise ResultError(f"{path / CONFIG} {error}; remove {path}, or choose another --name") from error


def _identity(path: Path) -> dict | None:
    return read_config(path).get("identity")


def _may_be_of(path: Path, own: Mapping) -> bool:
    """Whether a directory is of this configuration, or of none yet."""
    try:
        return _identity(path) in (None, own)
    except ResultError:  # damaged, it is somebody else's
        return False


def _check_identity(path: Path, own: Mapping) -> None:
    if _identity(path) not in (None, own):
        differ = differences(_identity(path), own)
        raise ResultError(f"{path} holds another configuration ({differ}); choose another --name")
