"""Commands one after another, as processes, under one progress display."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io.progress import Progress

HOW_FAR = re.compile(r"(?<![\d.])(\d[\d,]*) of (\d[\d,]*) \w+")  # what commands say of themselves


class Command(NamedTuple):
    """A script with flags, and how many seconds it takes, about."""

    words: Sequence[str]
    seconds: float
    name: str


def run(commands: Sequence[Command], finished: Callable[[int], bool]) -> None:
    """All of them; one that fails is passed over if its run is finished all the same, as that of a check can be.

    finished: whether there is the run of the command at this place, after it has ended.

    Raises:
      UsageError: there is none, with what the command said.
    """
    with Progress(round(sum(command.seconds for command in commands)), "second") as progress:
        for i, command in enumerate(commands, 1):
            where = f"{command.name} ({i} of {len(commands)})"
            progress.say(where)
            done, said = 0, ""
            with _started(command) as process:
                for line in process.stderr:
                    said = line.strip() or said
                    if match := HOW_FAR.search(line):
                        part, whole = (int(number.replace(",", "")) for number in match.groups())
                        now = max(done, round(command.seconds * min(part / max(whole, 1), 1)))
                        progress.update(now - done, where)
                        done = now
            if not finished(i - 1):
                status = process.returncode
                how = "left no run" if status == 0 else "failed" if status > 0 else f"was ended by signal {-status}"
                raise UsageError(f"{' '.join(command.words)} {how}: {said}")
            progress.update(round(command.seconds) - done, where)


@contextlib.contextmanager
def _started(command: Command) -> Iterator[subprocess.Popen]:
    """Its process, which does not outlive this one."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "errors": "backslashreplace"}
    process = subprocess.Popen([sys.executable, *command.words], **pipes)
    try:
        yield process
    except BaseException:
        process.terminate()
        raise
    finally:
        process.wait()
