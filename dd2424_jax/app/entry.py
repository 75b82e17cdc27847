"""How a command begins and ends: Ctrl-C, and one line for what a user can mend."""

import os
import re
import signal
import sys


def _interrupted(*_):
    print("\ninterrupted: nothing finished is lost, and the same command resumes", file=sys.stderr, flush=True)
    os._exit(130)  # nothing is ever half written, and JAX's threads would hold up a polite exit


signal.signal(signal.SIGINT, _interrupted)  # before the imports, which take a second

import logging
from collections.abc import Callable

import jax
from absl import app

from dd2424_jax.app import flags
from dd2424_jax.data import DataError
from dd2424_jax.io.files import DiskFull
from dd2424_jax.memory import TooLarge
from dd2424_jax.parallel import processes
from dd2424_jax.runs.directory import ResultError

logging.getLogger("jax").setLevel(logging.WARNING)  # else it tells of every accelerator that is not there


def start(main: Callable[..., None], *, with_rest: bool = False) -> None:
    """Run an experiment. What a user can mend ends in one line on standard error and status 1.

    `with_rest`: main is given the arguments after the flags; else there may be none.
    """

    def parse(argv):
        try:
            return flags.parse(argv, with_rest=with_rest)
        except flags.UsageError as error:
            _fail(error)

    def guarded(argv):
        try:
            main(*argv[1:])
        except (flags.UsageError, TooLarge, DataError, ResultError, DiskFull, processes.ProcessError) as error:
            _fail(error)
        except OSError as error:
            _fail(f"{error.filename or 'a file'}: {error.strerror or error}; mend it, and the same command resumes")
        except MemoryError:
            _fail("this machine's memory is too small for this: lower --runs_at_once, or try fewer seeds or settings")
        except jax.errors.JaxRuntimeError as error:
            if re.search("RESOURCE_EXHAUSTED|[Oo]ut of memory", str(error)):
                _fail("the device's memory is too small for this: lower --runs_at_once")
            if not jax.distributed.is_initialized():
                raise
            _fail(f"another process was lost, or a device ({str(error).splitlines()[0]}); the same commands resume")

    app.run(guarded, flags_parser=parse)


def _fail(message) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(message).split())}", file=sys.stderr)
    processes.leave(1)
