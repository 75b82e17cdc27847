"""Commands one after another, as processes, under one progress display."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io.progress import Progress

HOW_FAR = re.compile(r"([\d,]+) of ([\d,]+) \w+")  # what commands say of themselves


class Command(NamedTuple):
    """A script with flags, and how many seconds it takes, about."""

    words: Sequence[str]
    seconds: float
    name: str


def run(commands: Sequence[Command], finished: Callable[[int], bool]) -> None:
    """All of them; one that fails is passed over if its run is finished all the same, as that of a check can be.

    Raises:
      UsageError: a command failed, with what it said.
    """
    with Progress(round(sum(command.seconds for command in commands)), "second") as progress:
        for i, command in enumerate(commands, 1):
            where = f"{command.name} ({i} of {len(commands)})"
            progress.say(where)
            process = subprocess.Popen(
                [sys.executable, *command.words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            done, said = 0, ""
            for line in process.stderr:
                said = line.strip() or said
                if match := HOW_FAR.search(line):
                    part, whole = (int(number.replace(",", "")) for number in match.groups())
                    now = max(done, round(command.seconds * min(part / max(whole, 1), 1)))
                    progress.update(now - done, where)
                    done = now
            if process.wait() and not finished(i - 1):
                raise UsageError(f"{' '.join(command.words)} failed: {said}")
            progress.update(round(command.seconds) - done, where)
