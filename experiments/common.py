"""What the experiments share: their flags, and the way from a command line to a finished run directory."""

import os
import signal
import sys


def _interrupted(*_):
    print("\ninterrupted: the same command goes on from the last evaluation", file=sys.stderr, flush=True)
    os._exit(130)  # nothing is ever half written, and JAX's threads would hold up a polite exit


signal.signal(signal.SIGINT, _interrupted)  # before the imports, which take a second

import errno
import logging
import math
import time
from collections.abc import Callable, Sequence

import jax
import numpy as np
from absl import app, flags

import dd2424_jax
from dd2424_jax import cifar10, data, report, results, sweep, train

logging.getLogger("jax").setLevel(logging.WARNING)  # else it tells of every accelerator that is not there

FLAGS = flags.FLAGS
LABELS = {"cifar10": "CIFAR-10", "synthetic": "SYNTHETIC stand-in, not CIFAR-10"}
NOT_IDENTITY = ("dataset", "data_dir", "out_dir", "name", "force", "devices", "runs_at_once")  # same run, same numbers


class UsageError(Exception):
    """Flags that do not go together; the message says which."""


# Flags


def define_data_flags(*, n_train: int, n_valid: int, train_batches: Sequence[int], valid_batches: Sequence[int] = ()):
    """Which images, and where results go."""
    flags.DEFINE_enum(
        "dataset",
        "auto",
        ["auto", "cifar10", "synthetic"],
        "auto: CIFAR-10 if it is there or can be downloaded, else, with a warning, the synthetic stand-in",
    )
    flags.DEFINE_string(
        "data_dir", None, "where CIFAR-10 is, or is downloaded to; else $DD2424_DATA_DIR, else the user's cache"
    )
    _define_integers("train_batches", train_batches, "training batches to learn from, some of 1 to 5", least=1)
    _define_integers(
        "valid_batches",
        valid_batches,
        "training batches to validate on; empty: hold out the end of train_batches",
        least=1,
    )
    flags.DEFINE_integer("n_train", n_train, "training images, the first of train_batches; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_valid", n_valid, "validation images; at least 1, fewer than there are", lower_bound=1)
    flags.DEFINE_string("out_dir", "results", "where run directories go")
    flags.DEFINE_string("name", None, "the run directory's name; by default a digest of the configuration")
    flags.DEFINE_boolean("force", False, "compute anew, beside the finished run of the same configuration")


def define_training_flags(*, lam: Sequence[float], lr_min: float, lr_max: float, n_seeds: int, hidden: Sequence[int]):
    """Which runs, and on what."""
    flags.DEFINE_multi_string(
        "lam", [_comma(lam)], "λ of the penalty λ Σ W²: a number or a comma list, repeatable; each at least 0"
    )
    _define_float("lr_min", lr_min, "least learning rate; at least 0")
    _define_float("lr_max", lr_max, "greatest learning rate; at least lr_min")
    flags.DEFINE_integer("n_batch", 100, "examples of an update; 1 to n_train", lower_bound=1)
    _define_integers("hidden", hidden, "units of every hidden layer; empty: a linear classifier", least=1)
    flags.DEFINE_integer("seed", 0, "the first seed; 0 to 2^32 - 1", lower_bound=0, upper_bound=2**32 - 1)
    flags.DEFINE_integer("n_seeds", n_seeds, "how many seeds: seed, seed + 1, ...; at least 1", lower_bound=1)
    flags.DEFINE_integer("devices", 0, "how many devices to use at most; 0: all", lower_bound=0)
    flags.DEFINE_integer("runs_at_once", 256, "train a larger sweep in chunks of so many runs", lower_bound=1)

    def ascending(values):
        return values["lr_min"] <= values["lr_max"]

    flags.register_validator("lam", _are_numbers, "each must be a finite number of at least 0")
    flags.register_multi_flags_validator(["lr_min", "lr_max"], ascending, "lr_min must not exceed lr_max")
    flags.register_multi_flags_validator(
        ["n_batch", "n_train"], lambda f: f["n_batch"] <= f["n_train"], "n_batch must not exceed n_train"
    )
    flags.register_multi_flags_validator(
        ["seed", "n_seeds"], lambda f: f["seed"] + f["n_seeds"] <= 2**32, "the last seed must be below 2^32"
    )


def define_cycle_flags(*, n_s: int, n_cycles: int, n_evals: int):
    """How long, in cycles of the learning rate."""
    flags.DEFINE_integer("n_s", n_s, "updates of half a cycle of the learning rate; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_cycles", n_cycles, "cycles; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_evals", n_evals, "evaluations per cycle; 1 to 2 n_s", lower_bound=1)
    flags.register_multi_flags_validator(
        ["n_evals", "n_s"], lambda f: f["n_evals"] <= 2 * f["n_s"], "n_evals must not exceed 2 n_s"
    )


def _define_float(name, default, text):
    flags.DEFINE_float(name, default, text, lower_bound=0.0)
    flags.register_validator(name, math.isfinite, "must be finite")


def _define_integers(name, default, text, *, least):
    def valid(values):
        return all(v.strip().isdecimal() and int(v) >= least for v in values)

    flags.DEFINE_list(name, [str(v) for v in default], f"{text} (comma list)")
    flags.register_validator(name, valid, f"must be integers of at least {least}, with commas between")


def _comma(numbers) -> str:
    return ",".join(f"{number:g}" for number in numbers)


def numbers(values: Sequence[str]) -> list[float]:
    """The numbers of a repeatable comma-list flag."""
    return [float(number) for value in values for number in value.split(",")]


def integers(values: Sequence[str]) -> list[int]:
    """The numbers of an integer list flag."""
    return [int(value) for value in values]


def _are_numbers(values):
    try:
        return bool(values) and all(math.isfinite(number) and number >= 0 for number in numbers(values))
    except ValueError:
        return False


def cycle_evaluations() -> tuple[int, ...]:
    """After which updates to evaluate: n_evals times a cycle, as evenly as whole numbers allow."""
    return tuple(round(i * 2 * FLAGS.n_s / FLAGS.n_evals) for i in range(1, FLAGS.n_evals * FLAGS.n_cycles + 1))


# From flags to results


def reproduce(
    experiment: str,
    lams: Sequence[float],
    eval_steps: Sequence[int],
    draw: Callable[[sweep.Outcome, Sequence[report.Setting], str], report.Report],
    *,
    with_test: bool,
) -> None:
    """Train every λ with every seed, write the run directory, show the table; or find all that done already.

    `draw(outcome, settings, label)` is called once the numbers are on disk; `label` says which data and seeds.
    """
    began = time.perf_counter()
    dataset = data.load(FLAGS.dataset, FLAGS.data_dir)
    batches = integers(FLAGS.train_batches), integers(FLAGS.valid_batches)
    splits = data.split(dataset, *batches, n_train=FLAGS.n_train, n_valid=FLAGS.n_valid)
    sizes = (cifar10.DIMENSIONS, *integers(FLAGS.hidden), len(cifar10.CLASSES))
    config = train.Config(sizes, FLAGS.n_batch, FLAGS.n_s, tuple(eval_steps))
    hypers = train.Hypers(np.array(lams), FLAGS.lr_min, FLAGS.lr_max)
    seeds = range(FLAGS.seed, FLAGS.seed + FLAGS.n_seeds)
    devices = _devices()
    label = f"{LABELS[dataset.name]}, {_count(len(seeds), 'seed')}"
    about = {
        "name": dataset.name,
        "n_train": len(splits.train.y),
        "n_valid": len(splits.valid.y),
        "n_test": len(splits.test.y),
        "sha256": dataset.sha256,
    }
    given = {flag.name: flag.value for flag in _own_flags()}
    identity = {"experiment": experiment, "dataset": about, "code": dd2424_jax.__version__}
    identity |= {flag: value for flag, value in given.items() if flag not in NOT_IDENTITY} | {"lam": list(lams)}
    facts = {**results.provenance(), "flags": given, "dataset": about, "devices": [str(device) for device in devices]}
    with results.open_run(FLAGS.out_dir, experiment, identity, facts, name=FLAGS.name, force=FLAGS.force) as run:
        if run.finished:
            _say(f"{experiment} is there already, on {label}; --force computes it anew")
        else:
            _say(
                f"{experiment} on {label}: {_count(len(lams), 'setting')}, {config.eval_steps[-1]:,} updates a run, "
                f"{_count(len(devices), 'device')} ({devices[0].device_kind})"
            )
            outcome = sweep.run(
                config,
                hypers,
                seeds,
                splits,
                with_test=with_test,
                directory=run.path,
                devices=devices,
                runs_at_once=FLAGS.runs_at_once,
            )
            report.write_numbers(
                run.path, outcome, dataset=dataset.name, steps_per_epoch=len(splits.train.y) / FLAGS.n_batch
            )
            settings = report.settings(outcome)
            report.write_report(run.path, draw(outcome, settings, label))
            timing = {
                "compile_seconds": outcome.compile_seconds,
                "run_seconds": outcome.run_seconds,
                "total_seconds": time.perf_counter() - began,
            }
            found = [setting.as_json() for setting in settings]
            run.finish({"experiment": experiment, "dataset": about, "settings": found, "timing": timing})
    print((run.path / "table.md").read_text())
    print(run.path)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _own_flags() -> list[flags.Flag]:
    """The experiment's flags, without absl's."""
    modules = FLAGS.flags_by_module_dict().items()
    return [flag for module, own in modules if not module.startswith("absl") for flag in own]


def _devices() -> list[jax.Device]:
    """All devices, or --devices of them. A CPU is as many devices as it has cores, up to 8."""
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", FLAGS.devices or min(os.cpu_count(), 8))
    devices = jax.devices()
    if FLAGS.devices > len(devices):
        raise UsageError(f"--devices={FLAGS.devices}: there are only {len(devices)}")
    return devices[: FLAGS.devices or None]


# The way out


def start(main: Callable[[], None]) -> None:
    """Run an experiment. What a user can mend ends in one line on standard error and status 1."""

    def parse(argv):
        try:
            rest = FLAGS(argv)[1:]
        except flags.Error as error:
            _fail(f"{error}; --help lists the flags")
        if rest:
            _fail(f"{rest[0]!r} is not a flag; --help lists them")
        return argv

    def guarded(_):
        try:
            main()
        except (UsageError, data.DataError, results.ResultError) as error:
            _fail(error)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            _fail(f"{error.filename or 'a file'}: {error.strerror}; mend it, and the same command goes on")
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            _fail(f"the device's memory is too small for this: lower --runs_at_once (now {FLAGS.runs_at_once})")

    for flag in _own_flags():  # --help shows a script's key flags, and ours are defined in this module
        FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    app.run(guarded, flags_parser=parse)


def _fail(message) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(str(message).split())}", file=sys.stderr)
    sys.exit(1)
