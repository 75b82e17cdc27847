"""Commands as jobs: their logs, how they ended, and the signals that end those who wait for them.

A SLURM job imports this before its command is started, so it imports nothing that takes long.
"""

import collections
import contextlib
import itertools
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ENDING = signal.SIGINT, signal.SIGTERM
MAX_REASONS = 5
TIME_LIMIT = "its time limit is over: --minutes sets it"
KILLED = {
    signal.SIGKILL: "killed, as where memory runs out",
    signal.SIGTERM: "terminated, as by scancel",
    signal.SIGUSR2: TIME_LIMIT,  # what submitit lets SLURM send shortly before
}


class Ended(NamedTuple):
    """How a job ended: why it failed, if it did, and the last line of its standard output."""

    failure: str | None
    printed: str = ""


class Job(NamedTuple):
    """A command, and where its logs go: `log`.out and `log`.err."""

    command: list[str]
    log: Path

    def start(self, **options) -> subprocess.Popen:
        """The command's process. The options are Popen's."""
        with open(f"{self.log}.out", "ab") as out, open(f"{self.log}.err", "ab") as err:
            return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **options)

    def ended(self, status: int) -> Ended:
        """What its process, which has ended with this status, has left."""
        if status == 0:
            return Ended(None, last_line(Path(f"{self.log}.out")))
        if status < 0:
            return Ended(KILLED.get(-status, f"killed by signal {-status} ({signal.strsignal(-status)})"))
        said = without_script(last_line(Path(f"{self.log}.err")), self.command)
        return Ended(said or f"it ended with status {status}")

    def run(self) -> Ended:
        """The command to its end."""
        process = self.start()
        try:
            return self.ended(process.wait())
        finally:  # also when submitit interrupts this at the time limit
            process.kill()
            process.wait()


def last_line(file: Path) -> str:
    """The last line of a log that says something; empty where there is none."""
    with contextlib.suppress(OSError), open(file, "rb") as log:
        log.seek(max(0, log.seek(0, 2) - 2**14))
        lines = re.split(r"[\r\n]+", log.read().decode(errors="replace"))
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
    return ""


def without_script(line: str, command: Sequence[str]) -> str:
    """A script's own line, without its name."""
    return line.removeprefix(f"{Path(command[1]).name}: ")


def failures(ends: Sequence[Ended]) -> str:
    """How many jobs failed, and why: each reason once, the most frequent first. Empty where none did."""
    shards = collections.defaultdict(list)
    for i, end in enumerate(ends):
        if end.failure is not None:
            shards[end.failure].append(i)
    if not shards:
        return ""
    reasons = sorted(shards, key=lambda reason: -len(shards[reason]))
    said = [f"{reason} ({_named(shards[reason])})" for reason in reasons[:MAX_REASONS]]
    if more := reasons[MAX_REASONS:]:
        said.append(f"and for {len(more)} other reasons")
    return f"{sum(map(len, shards.values()))} of {len(ends)} jobs failed: {'; '.join(said)}"


def _named(indices: Sequence[int]) -> str:
    """Shards as a list of ranges: shards 0-2, 5."""
    groups = itertools.groupby(enumerate(indices), lambda pair: pair[1] - pair[0])
    runs = [[i for _, i in group] for _, group in groups]
    names = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"{'shard' if len(indices) == 1 else 'shards'} {names}"


class Standing:
    """Lines on how the jobs stand, where that has changed, on standard error."""

    EVERY = 10.0  # seconds at least

    def __init__(self):
        self._text, self._at = "", time.monotonic()

    def show(self, text: str) -> None:
        if text != self._text and time.monotonic() - self._at >= self.EVERY:
            self._text, self._at = text, time.monotonic()
            print(text, file=sys.stderr, flush=True)


class Interrupted(Exception):
    """Whoever waited was told to end; the message says what becomes of the jobs."""

    def __init__(self, signum: int, message: str):
        super().__init__(f"interrupted: {message}")
        self.status = 128 + signum


@contextlib.contextmanager
def interruptions() -> Iterator[list[int]]:
    """The Ctrl-C and SIGTERM that came meanwhile: whoever waits looks here, and leaves nothing half begun."""
    met = []
    before = {number: signal.signal(number, lambda number, _: met.append(number)) for number in ENDING}
    try:
        yield met
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
