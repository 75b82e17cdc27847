"""How a command begins and ends: what it imports first, and one line for what a user can mend."""

import os
import sys

from dd2424_jax.io import terminal

COMMAND = os.path.basename(sys.argv[0]).replace("__main__.py", "dd2424_jax")
if sys.version_info < (3, 11):  # noqa: UP036, what is imported next would not say it
    sys.exit(f"{COMMAND}: this is Python {sys.version.split()[0]}, and 3.11 is needed: make setup PYTHON=/path/to/it")
terminal.prepare()
os.environ["MPLBACKEND"] = "agg"  # figures are files, whatever windows there are

import logging
import re
from collections.abc import Callable

try:
    import jax
    import matplotlib  # noqa: F401
    from absl import app
except ModuleNotFoundError as error:
    sys.exit(f"{COMMAND}: {error}: source .venv/bin/activate (make setup makes that environment)")
except ValueError as error:  # a variable JAX_... has a value that it does not know, or a matplotlibrc is no text
    sys.exit(f"{COMMAND}: {error}")

from dd2424_jax.app import command_line
from dd2424_jax.data import DataError
from dd2424_jax.io.files import DiskFull
from dd2424_jax.memory import TooLarge
from dd2424_jax.parallel import processes
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.shards import MissingError

MENDABLE = (command_line.UsageError, TooLarge, DataError, ResultError, DiskFull, processes.ProcessError, MissingError)
OPTIONS = {  # of JAX, on which the numbers depend, whatever variables say
    "jax_enable_x64": False,
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_random_seed_offset": 0,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
    "jax_default_matmul_precision": None,
    "jax_disable_jit": False,
    "jax_no_tracing": False,
    "jax_default_device": None,
    "jax_debug_nans": False,
    "jax_debug_infs": False,
    "jax_transfer_guard": "allow",
}
# Else they tell of every accelerator and every folder that is not there.
logging.getLogger("jax").setLevel(logging.WARNING)
for name in ("matplotlib", "fontTools"):
    logging.getLogger(name).setLevel(logging.ERROR)


def start(main: Callable[..., None], *, with_rest: bool = False) -> None:
    """Run an experiment. What a user can mend ends in one line on standard error and status 1.

    `with_rest`: main is given the arguments after the flags; else there may be none.
    """
    for name, value in OPTIONS.items():
        jax.config.update(name, value)

    def parse(argv):
        try:
            return command_line.parse(argv, main.__globals__["__doc__"], with_rest=with_rest)
        except command_line.UsageError as error:
            _fail(error)

    def guarded(argv):
        try:
            main(*argv[1:])
            sys.stdout.flush()
        except MENDABLE as error:
            _fail(error, getattr(error, "status", 1))
        except BrokenPipeError:  # whoever read this has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            processes.leave(141)
        except OSError as error:
            where = error.filename or "standard output"
            _fail(f"{where}: {error.strerror or error}; mend it, and the same command resumes")
        except MemoryError:
            _fail("this machine's memory is too small for this: ask for less of it at once")
        except jax.errors.JaxRuntimeError as error:
            if re.search("RESOURCE_EXHAUSTED|[Oo]ut of memory", str(error)):
                _fail("the device's memory is too small for this: ask for less of it at once, as by --runs_at_once")
            if not jax.distributed.is_initialized():
                raise
            _fail(f"another process was lost, or a device ({str(error).splitlines()[0]}); the same commands resume")

    app.run(guarded, flags_parser=parse)


def _fail(message, status: int = 1) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(message).split())}", file=sys.stderr)
    processes.leave(status)
