"""What a command owes to the terminal that it is started from, before anything that takes long is imported."""

import contextlib
import os
import signal
import sys


class Mendable(Exception):
    """What a user can mend: its message, a line, says what is wrong; `status` is the command's."""

    status = 1


def prepare() -> None:
    """Ctrl-C ends in a line. A stream that was closed is there, so that no file takes its place; all show any text."""
    signal.signal(signal.SIGINT, _interrupted)
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # λ and ± where a terminal has ASCII only


def _interrupted(*_):
    with contextlib.suppress(OSError):
        print("\ninterrupted: nothing finished is lost, and the same command resumes", file=sys.stderr, flush=True)
    os._exit(130)  # nothing is ever half written, and JAX's threads would hold up a polite exit
