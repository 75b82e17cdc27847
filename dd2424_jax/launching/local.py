"""Jobs on this machine, as many at a time as it has room for. They end with whoever started them."""

import collections
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.launching import jobs

TICK = 0.1  # seconds between looks at the jobs
AFFINITY = hasattr(os, "sched_setaffinity")  # elsewhere a job's cores are only counted


class Room(NamedTuple):
    """What a job may use while it runs: cores, all for None, and GPUs."""

    cores: Sequence[int] | None
    gpus: Sequence[str]

    def start(self, job: jobs.Job) -> subprocess.Popen:
        process = job.start(env={**os.environ, "CUDA_VISIBLE_DEVICES": ",".join(self.gpus)})
        if self.cores is not None and AFFINITY:
            os.sched_setaffinity(process.pid, self.cores)  # of all threads that it is going to start
        return process


class _Running(NamedTuple):
    process: subprocess.Popen
    room: Room
    deadline: float


def rooms(n: int | None, *, cpus: int | None, gpus: int | None) -> list[Room]:
    """Room for n jobs at a time, by default for as many as fit: with `cpus` cores of their own each, or with a core
    for each though they share them; and with `gpus` of the GPUs each, by default with none.

    Raises:
      UsageError: so many don't fit.
    """
    cores, devices = _cores(), _gpus()
    fit = len(cores) // (cpus or 1)
    if gpus:
        fit = min(fit, len(devices) // gpus)
    if fit == 0 or ((n or 0) > fit and (cpus or gpus)):
        asked = f"{n or 1} at a time with --cpus={cpus or 1} and --gpus={gpus or 0}"
        raise UsageError(f"{asked} don't fit: this machine has {len(cores)} cores and {len(devices)} GPUs to use")
    each = gpus or 0
    return [
        Room(cores[i * cpus : (i + 1) * cpus] if cpus else None, devices[i * each : (i + 1) * each])
        for i in range(n or fit)
    ]


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if AFFINITY else list(range(os.cpu_count()))


def _gpus() -> list[str]:
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in visible.split(",") if name]
    found = (re.fullmatch(r"nvidia(\d+)", file.name) for file in Path("/dev").glob("nvidia*"))
    return sorted((match[1] for match in found if match), key=int)


def run(todo: Sequence[jobs.Job], rooms: Sequence[Room], *, seconds: float) -> list[jobs.Ended]:
    """All jobs to their end, each within so many seconds.

    Raises:
      jobs.Interrupted: by Ctrl-C or SIGTERM; the jobs are ended too.
    """
    waiting, free, running, ends = collections.deque(enumerate(todo)), list(rooms), {}, {}
    standing = jobs.Standing()
    with jobs.interruptions() as met:
        try:
            while len(ends) < len(todo) and not met:
                while waiting and free:
                    i, job = waiting.popleft()
                    room = free.pop(0)
                    running[i] = _Running(room.start(job), room, time.monotonic() + seconds)
                time.sleep(TICK)
                for i, end in _over(running, todo):
                    ends[i] = end
                    free.append(running.pop(i).room)
                standing.show(f"{len(ends)} of {len(todo)} jobs have ended; {len(running)} running")
        finally:
            for process, *_ in running.values():
                process.kill()
                process.wait()
    if met:
        raise jobs.Interrupted(met[0], "the jobs are ended too; nothing finished is lost, and the same command resumes")
    return [ends[i] for i in range(len(todo))]


def _over(running: dict[int, _Running], todo: Sequence[jobs.Job]) -> list[tuple[int, jobs.Ended]]:
    """Which jobs have ended, and how."""
    over = []
    for i, (process, _, deadline) in running.items():
        if (status := process.poll()) is not None:
            over.append((i, todo[i].ended(status)))
        elif time.monotonic() > deadline:
            process.kill()
            process.wait()
            over.append((i, jobs.Ended(jobs.TIME_LIMIT)))
    return over
