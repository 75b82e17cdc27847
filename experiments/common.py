"""What the experiments share: their flags, and how a user's mistake or Ctrl-C ends."""

import os
import signal
import sys


def _interrupted(*_):
    print("\ninterrupted: nothing finished is lost, and the same command goes on", file=sys.stderr, flush=True)
    os._exit(130)  # nothing is ever half written, and JAX's threads would hold up a polite exit


signal.signal(signal.SIGINT, _interrupted)  # before the imports, which take a second

import errno
import logging
import math
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import jax
from absl import app, flags

from dd2424_jax import data, files, losses, processes, results

logging.getLogger("jax").setLevel(logging.WARNING)  # else it tells of every accelerator that is not there

FLAGS = flags.FLAGS


class UsageError(Exception):
    """Flags that do not go together; the message says which."""


# Flags


def define_output_flags():
    """Where the data is, and where results go."""
    define_result_flags()
    flags.DEFINE_enum(
        "dataset",
        "auto",
        ["auto", "cifar10", "synthetic"],
        "auto: CIFAR-10 if it is there or can be downloaded, else, with a warning, the synthetic stand-in",
    )
    flags.DEFINE_string(
        "data_dir", None, "where CIFAR-10 is, or is downloaded to; else $DD2424_DATA_DIR, else the user's cache"
    )


def define_result_flags():
    """Where results go."""
    flags.DEFINE_string("out_dir", "results", "where run directories go")
    flags.DEFINE_string("name", None, "the run directory's name; by default a digest of the configuration")
    flags.DEFINE_boolean("force", False, "compute anew, beside the finished run of the same configuration")


def define_split_flags(*, n_train: int, n_valid: int, train_batches: Sequence[int], valid_batches: Sequence[int] = ()):
    """Which images."""
    _define_integers("train_batches", train_batches, "training batches to learn from, some of 1 to 5", least=1)
    _define_integers(
        "valid_batches",
        valid_batches,
        "training batches to validate on; empty: hold out the end of train_batches",
        least=1,
    )
    flags.DEFINE_integer("n_train", n_train, "training images, the first of train_batches; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_valid", n_valid, "validation images; at least 1, fewer than there are", lower_bound=1)


def define_training_flags(
    *, lam: Sequence[float], n_seeds: int, seed: int = 0, n_batch: int = 100, hidden: Sequence[int] | None = None
):
    """Which runs, and on what. Without `hidden` there is no such flag: the experiment is about linear classifiers."""
    define_numbers("lam", lam, "λ of the penalty λ Σ W²; each at least 0" + ("" if len(lam) else "; by default found"))
    flags.DEFINE_enum(
        "loss",
        "softmax",
        list(losses.LOSSES),
        "cross-entropy of the softmax, mean cross-entropy of K sigmoids, or the SVM's hinge loss",
    )
    if hidden is not None:
        _define_integers("hidden", hidden, "units of every hidden layer; empty: a linear classifier", least=1)
        define_float("init_std", 0.0, "standard deviation of the initial weights; 0: of every layer, 1/√fan-in")
    flags.DEFINE_integer("n_batch", n_batch, "examples of an update; 1 to n_train", lower_bound=1)
    flags.DEFINE_integer("seed", seed, "the first seed; 0 to 2^32 - 1", lower_bound=0, upper_bound=2**32 - 1)
    flags.DEFINE_integer("n_seeds", n_seeds, "how many seeds: seed, seed + 1, ...; at least 1", lower_bound=1)
    flags.DEFINE_integer("devices", 0, "how many devices to use, at most what there are; 0: all", lower_bound=0)
    flags.DEFINE_integer(
        "runs_at_once", 0, "train a larger sweep in chunks of so many runs; 0: as fits in memory", lower_bound=0
    )
    _define_host_flags()
    flags.register_multi_flags_validator(
        ["n_batch", "n_train"], lambda f: f["n_batch"] <= f["n_train"], "n_batch must not exceed n_train"
    )
    flags.register_multi_flags_validator(
        ["seed", "n_seeds"], lambda f: f["seed"] + f["n_seeds"] <= 2**32, "the last seed must be below 2^32"
    )


def _define_host_flags():
    """More processes than one: as one program, or as shards that know nothing of each other."""
    flags.DEFINE_boolean(
        "distributed", False, "one program of several processes, each started with the same flags; the first one writes"
    )
    flags.DEFINE_string("coordinator", None, "host:port of process 0; by default as SLURM or Kubernetes have it")
    flags.DEFINE_integer(
        "num_processes", None, "processes of --distributed; by default as SLURM or Kubernetes have it", lower_bound=1
    )
    flags.DEFINE_integer(
        "process_id", None, "which process this is, from 0; by default as SLURM or Kubernetes have it", lower_bound=0
    )
    flags.DEFINE_integer("meeting_seconds", 300, "how long processes wait for each other to start", lower_bound=1)
    flags.DEFINE_integer(
        "num_shards", None, "cut the sweep into so many programs; by default the tasks of a SLURM array", lower_bound=1
    )
    flags.DEFINE_integer("shard_index", None, "which shard this is, from 0; by default the SLURM task", lower_bound=0)
    flags.DEFINE_boolean("merge", False, "train nothing: complete the run from the num_shards shards' results")
    flags.register_validator(
        "coordinator", lambda v: v is None or re.fullmatch(r".+:\d+", v), "must be host:port of process 0"
    )
    for name in ("coordinator", "num_processes", "process_id"):
        flags.register_multi_flags_validator(
            ["distributed", name], lambda f, name=name: f["distributed"] or f[name] is None, f"{name} needs distributed"
        )
    flags.register_multi_flags_validator(
        ["process_id", "num_processes"],
        lambda f: None in f.values() or f["process_id"] < f["num_processes"],
        "process_id must be below num_processes",
    )
    flags.register_multi_flags_validator(
        ["distributed", "num_shards", "shard_index", "merge"],
        lambda f: not f["distributed"] or (f["num_shards"], f["shard_index"], f["merge"]) == (None, None, False),
        "distributed does not go together with num_shards, shard_index and merge: a shard is one process",
    )
    flags.register_multi_flags_validator(
        ["merge", "num_shards"], lambda f: not f["merge"] or f["num_shards"], "merge needs num_shards"
    )


def define_cycle_flags(*, lr_min: float, lr_max: float, n_s: int, n_cycles: int, n_evals: int):
    """A cyclical learning rate, and how long, in cycles."""
    define_rates(lr_min=lr_min, lr_max=lr_max, n_s=n_s)
    flags.DEFINE_integer("n_cycles", n_cycles, "cycles; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_evals", n_evals, "evaluations per cycle; 1 to 2 n_s", lower_bound=1)
    flags.register_multi_flags_validator(
        ["n_evals", "n_s"], lambda f: f["n_evals"] <= 2 * f["n_s"], "n_evals must not exceed 2 n_s"
    )


def define_rates(*, lr_min: float, lr_max: float, n_s: int):
    """A cyclical learning rate."""
    define_float("lr_min", lr_min, "least learning rate; at least 0")
    define_float("lr_max", lr_max, "greatest learning rate; at least lr_min")
    flags.DEFINE_integer("n_s", n_s, "updates of half a cycle of the learning rate; at least 1", lower_bound=1)
    flags.register_multi_flags_validator(
        ["lr_min", "lr_max"], lambda f: f["lr_min"] <= f["lr_max"], "lr_min must not exceed lr_max"
    )


def define_search_flags():
    """How a search for λ is shown."""
    flags.DEFINE_boolean("published", False, "draw what two reports found by their searches over the figure")


def define_numbers(name: str, default: Sequence[float], text: str):
    """A flag of numbers of at least 0, repeatable, each time a number or a comma list."""
    shown = [",".join(f"{number:g}" for number in default)] if len(default) else []
    flags.DEFINE_multi_string(name, shown, f"{text} (a number or a comma list, repeatable)")
    flags.register_validator(name, _are_numbers, "each must be a finite number of at least 0")


LR = "learning rate of every λ, or one for all"


def one_for_each(lams: Sequence[float], lrs: Sequence[float]) -> list[float]:
    """The learning rate of every λ."""
    if len(lrs) not in (1, len(lams)):
        raise UsageError(f"--lr has {len(lrs)} values and --lam {len(lams)}: give as many, or one for all")
    return [*lrs] * (len(lams) // len(lrs))


def numbers(values: Sequence[str]) -> list[float]:
    """What a flag of numbers holds."""
    return [float(number) for value in values for number in value.split(",")]


def _are_numbers(values) -> bool:
    try:
        return all(math.isfinite(number) and number >= 0 for number in numbers(values))
    except ValueError:
        return False


def define_float(name: str, default: float, text: str):
    """A flag of a finite number of at least 0."""
    flags.DEFINE_float(name, default, text, lower_bound=0.0)
    flags.register_validator(name, math.isfinite, "must be finite")


def _define_integers(name, default, text, *, least):
    def valid(values):
        return all(v.strip().isdecimal() and int(v) >= least for v in values)

    flags.DEFINE_list(name, [str(v) for v in default], f"{text} (comma list)")
    flags.register_validator(name, valid, f"must be integers of at least {least}, with commas between")


def integers(values: Sequence[str]) -> list[int]:
    """What a comma list of integers holds."""
    return [int(value) for value in values]


def _own_flags() -> list[flags.Flag]:
    """The experiment's flags, without absl's."""
    modules = FLAGS.flags_by_module_dict().items()
    return [flag for module, own in modules if not module.startswith("absl") for flag in own]


def epochs(given: SimpleNamespace) -> list[int]:
    """The updates at which epochs end."""
    return [round(epoch * given.n_train / given.n_batch) for epoch in range(1, given.n_epochs + 1)]


def given() -> SimpleNamespace:
    """The experiment's flags and their values, as config.json has them."""
    return SimpleNamespace(**{flag.name: flag.value for flag in _own_flags()})


# The way out


def start(main: Callable[..., None], *, with_rest: bool = False) -> None:
    """Run an experiment. What a user can mend ends in one line on standard error and status 1.

    `with_rest`: main is given the arguments after the flags; else there may be none.
    """

    def parse(argv):
        try:
            rest = FLAGS(argv)[1:]
        except flags.Error as error:
            _fail(f"{error}; --help lists the flags")
        if rest and not with_rest:
            _fail(f"{rest[0]!r} is not a flag (and lists take commas); --help lists them")
        return [argv[0], *rest]

    def guarded(argv):
        try:
            main(*argv[1:])
        except (UsageError, data.DataError, results.ResultError, files.DiskFull, processes.ProcessError) as error:
            _fail(error)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            _fail(f"{error.filename or 'a file'}: {error.strerror}; mend it, and the same command goes on")
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" in str(error):
                _fail("the device's memory is too small for this: lower --runs_at_once")
            if not jax.distributed.is_initialized():
                raise
            _fail(f"another process was lost, or a device ({str(error).splitlines()[0]}); the same commands go on")

    for flag in _own_flags():  # --help shows a script's key flags, and ours are defined in this module
        FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    app.run(guarded, flags_parser=parse)


def _fail(message) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(message).split())}", file=sys.stderr)
    processes.leave(1)
