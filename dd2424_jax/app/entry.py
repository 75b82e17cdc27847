"""How a command begins and ends: what it imports first, and one line for what a user can mend."""

import importlib.util
import os
import sys

from dd2424_jax.io import terminal

COMMAND = os.path.basename(sys.argv[0]).replace("__main__.py", "dd2424_jax")
if sys.version_info < (3, 11):  # noqa: UP036, what is imported next would not say it
    sys.exit(f"{COMMAND}: this is Python {sys.version.split()[0]}, and 3.11 is needed: make setup PYTHON=/path/to/it")
terminal.prepare()
os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}  # figures are files, and alike for everyone
# XLA doubts every program that it reads back on a CPU, two lines each, also where it was compiled on that very CPU: it
# compares what it compiled for, hints such as prefer-no-gather included, with the features that the CPU reports, which
# have none. Nothing less silences it than all that XLA logs; what goes wrong, JAX raises as well.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for package in ("jax", "matplotlib", "absl"):
    if importlib.util.find_spec(package) is None:
        advice = "source .venv/bin/activate (make setup makes that environment)"
        sys.exit(f"{COMMAND}: No module named {package!r}: {advice}")

from dd2424_jax.app import imports

imports.defer()

import logging
import re
from collections.abc import Callable

from absl import app

from dd2424_jax.app import command_line
from dd2424_jax.io import compiled
from dd2424_jax.parallel import processes

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
for name in ("matplotlib", "fontTools"):  # else they tell of every folder that is not there
    logging.getLogger(name).setLevel(logging.ERROR)


def start(main: Callable[..., None], *, with_rest: bool = False) -> None:
    """Run an experiment. What a user can mend ends in one line on standard error and status 1.

    `with_rest`: main is given the arguments after the flags; else there may be none.
    """

    def parse(argv):
        try:
            return command_line.parse(argv, main.__globals__["__doc__"], with_rest=with_rest)
        except command_line.UsageError as error:
            _say(error)
            sys.exit(error.status)

    app.run(lambda argv: _guarded(main, argv), flags_parser=parse)


def _guarded(main: Callable[..., None], argv) -> None:
    from dd2424_jax import data  # by now: it needs NumPy

    if {"dataset", "data_dir"} <= {*command_line.FLAGS}:  # while JAX is imported
        data.begin(command_line.FLAGS.dataset, command_line.FLAGS.data_dir)
    jax = _jax()
    try:
        main(*argv[1:])
        sys.stdout.flush()
    except terminal.Mendable as error:
        _fail(error, error.status)
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


def _jax():
    """JAX, which takes a second to import: once the flags make sense."""
    try:
        import jax
    except (ValueError, ModuleNotFoundError) as error:  # a variable JAX_... has an unknown value; there is no jaxlib
        _say(error)
        sys.exit(1)
    logging.getLogger("jax").setLevel(logging.WARNING)  # else it tells of every accelerator that is not there
    for name, value in OPTIONS.items():
        jax.config.update(name, value)
    compiled.keep()
    return jax


def _fail(message, status: int = 1) -> None:
    _say(message)
    processes.leave(status)


def _say(message) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(message).split())}", file=sys.stderr)
