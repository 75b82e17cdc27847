"""Times that can be compared in spite of CPU contention: round by round, with the share of the cores that there was."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax.io.progress import Progress


class Times(NamedTuple):
    """One number a round [n_rounds]: seconds, and the seconds of all cores together that the process got in them."""

    wall: np.ndarray
    cpu: np.ndarray

    def per(self, units: float) -> "Times":
        """Of one of so many units of work."""
        return Times(self.wall / units, self.cpu / units)

    def summary(self) -> dict:
        """As JSON: seconds, and how many cores were busy, which tells of contention."""
        return spread(self.wall) | {"cores_busy": float(np.median(self.cpu / self.wall))}


def spread(values: np.ndarray) -> dict:
    """Median, quartiles and extremes of values [n_rounds], as JSON."""
    least, low, median, high, most = np.percentile(values, (0, 25, 50, 75, 100))
    return {"median": median, "quartiles": [low, high], "extremes": [least, most]}


PAUSE = 0.1  # seconds: within less, XLA's products are slower where NumPy's came before


def race(cases: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Call every case once a round, so that contention slows all of them down alike.

    Each returns when its work is done. A round before the first compiles and warms up, and isn't counted. There is a
    pause before every other call, and the order of a round is drawn, as threads can slow down what comes after theirs.
    """
    clocked = {name: [] for name in cases}
    names, rng = list(cases), np.random.default_rng(0)
    with Progress((rounds + 1) * len(names), "measurement") as progress:
        for i in range(rounds + 1):
            for name in (names[k] for k in rng.permutation(len(names))):
                time.sleep(PAUSE if i else 0)
                wall, cpu = time.perf_counter(), time.process_time()
                cases[name]()
                clocked[name].append((time.perf_counter() - wall, time.process_time() - cpu))
                progress.update(1)
    return {name: Times(*np.transpose(pairs[1:])) for name, pairs in clocked.items()}


class Process(NamedTuple):
    """What a process took: seconds, seconds of all cores together, and its greatest memory in bytes."""

    wall: float
    cpu: float
    memory: int
    stdout: str


# In between, as a process begins with the greatest memory that the one which starts it ever had.
_STARTER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
status = subprocess.run(sys.argv[1:]).returncode
wall, usage = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print()
print(json.dumps([status, wall, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss]))
"""


def process(command: Sequence[str], **environment: str) -> Process:
    """Run a command to its end.

    Raises:
      RuntimeError: it fails, with its output.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = subprocess.run([sys.executable, "-c", _STARTER, *command], env=os.environ | environment, **pipes)
    output, _, measured = started.stdout.removesuffix("\n").rpartition("\n")
    status, wall, cpu, memory = json.loads(measured)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)}: {output}")
    return Process(wall, cpu, memory, output)
