"""Commands, away from data and network: as processes, and in this one, which saves a test their start."""

import contextlib
import csv
import io
import itertools
import os
import pickle
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from absl import flags

from dd2424_jax.app import command_line, pipeline
from dd2424_jax.io import checkpoints, files
from dd2424_jax.launching import slurm  # noqa: F401, now: submitit closes the streams that are logged to by then

ROOT = Path(__file__).parent.parent.parent
SMALL = ["--dataset=synthetic", "--n_train=400", "--n_valid=200", "--n_seeds=2", "--n_batch=30"]  # 30 divides no 400
LISTS = ("--lam", "--lr", "--lr_min", "--lr_max", "--momentum", "--hidden", "--network", "--where")
TINY = [*SMALL, "--n_s=6", "--n_cycles=1", "--n_evals=3"]
EVERY_PART = [  # of training, at once
    *("--flip=0.5", "--shift=2", "--shift_padding=edge", "--dropout=0.2", "--input_dropout=0.1", "--smoothing=0.1"),
    *("--activation=gelu", "--init=he", "--optimizer=adamw", "--schedule=triangular2", "--lr_max=0.01"),
]


class Done(NamedTuple):
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


# As processes


def command(script, *flags):
    """With the last of a flag that has one value, and results in the folder that it is started in."""
    own, rest = (flags, []) if "--" not in flags else (flags[: flags.index("--")], flags[flags.index("--") + 1 :])
    own = ["--logs=results/launches" if script == "launch" else "--out_dir=results", *own]
    if rest:
        rest = ["--", *_last(["--out_dir=results", *rest])]
    file = script if isinstance(script, Path) else ROOT / "experiments" / f"{script}.py"
    return [sys.executable, str(file), *_last(own), *rest]


def _last(flags):
    """Without flags that are given again; lists go on."""
    kept = {}
    for i, flag in enumerate(flags):
        name = flag.partition("=")[0]
        once = name.startswith("--") and name not in LISTS
        kept.pop(name, None)
        kept[name if once else i] = flag
    return list(kept.values())


def environment(**changes):
    """Without data, and without a network to get it from; with the devices that a user would have."""
    nowhere = "http://127.0.0.1:9"
    ours = ("DD2424_DATA_DIR", "XDG_CACHE_HOME", "JAX_NUM_CPU_DEVICES")
    clean = {key: value for key, value in os.environ.items() if key not in ours}
    return clean | {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "", "HOME": "/nonexistent"} | changes


def call(script, *flags, cwd, **changes):
    return subprocess.run(
        command(script, *flags), cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=300
    )


def run_process(script, *flags, cwd, **changes):
    """The run directory and all that was said."""
    return _successful(call(script, *flags, cwd=cwd, **changes), cwd)


def fails_as_process(script, *flags, cwd, **changes):
    """The one line on standard error."""
    return _one_line(call(script, *flags, cwd=cwd, **changes), script)


def wait_for(process, condition):
    """What the condition returns, once that is something, while the process is running."""
    deadline = time.monotonic() + 300
    while not (something := condition()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return something


# In this process


def call_here(script, *given, cwd, **changes) -> Done:
    """A command in this process, on two of its devices where it trains."""
    out, err = io.StringIO(), io.StringIO()
    before, interrupt = os.environ.copy(), signal.getsignal(signal.SIGINT)
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.environ.clear()
        os.environ.update(environment(JAX_NUM_CPU_DEVICES=before["JAX_NUM_CPU_DEVICES"], **changes))
        argv, sys.argv = sys.argv, command(script, *given)[1:]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
            status = 0
        except SystemExit as end:
            status = end.code or 0
        finally:
            sys.argv = argv
            os.environ.clear()
            os.environ.update(before)
            signal.signal(signal.SIGINT, interrupt)
            _forget_flags()
    return Done(status, out.getvalue(), err.getvalue())


class Killed(BaseException):
    """Ends a command in this process where it stands, as a kill would."""


def kill_here(script, *given, cwd, n_checkpoints):
    """Run a command until it is about to write a checkpoint after so many."""
    save, n = checkpoints.save, itertools.count()

    def save_or_end(*args, **trees):
        if next(n) == n_checkpoints:
            raise Killed
        save(*args, **trees)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "save", save_or_end)
        with pytest.raises(Killed):
            call_here(script, *given, cwd=cwd)


def planned(script, *given, cwd):
    """The plan that a command is about to run."""
    plans = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "run", lambda plan, *_: plans.append(plan))
        assert call_here(script, *given, cwd=cwd).returncode == 0
    return plans[-1]


@contextlib.contextmanager
def parsed(script, *given):
    """The options of a command, as they are before it does anything."""
    try:
        runpy.run_path(str(ROOT / "experiments" / f"{script}.py"), run_name=script)
        command_line.parse(command(script, *given)[1:])
        yield command_line.options()
    finally:
        _forget_flags()


def _forget_flags():
    """Those of commands; the test's own process may define them again."""
    for module, defined in list(flags.FLAGS.flags_by_module_dict().items()):
        if not module.startswith("absl"):
            for flag in list(defined):
                delattr(flags.FLAGS, flag.name)


def run(script, *flags, cwd, **changes):
    """The run directory and all that was said."""
    return _successful(call_here(script, *flags, cwd=cwd, **changes), cwd)


def fails(script, *flags, cwd, **changes):
    """The one line on standard error."""
    return _one_line(call_here(script, *flags, cwd=cwd, **changes), script)


# What they leave


def _successful(done, cwd):
    assert done.returncode == 0, done.stderr
    return Path(cwd) / done.stdout.splitlines()[-1], done


def _one_line(done, script):
    assert done.returncode not in (0, -signal.SIGKILL)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"{script}.py: ")
    return lines[0]


def numbers(path):
    """The settings, seeds and metrics of runs.csv."""
    with open(path / "runs.csv") as file:
        rows = list(csv.DictReader(file))
    names = [*rows[0]]
    return np.array([[row[name] for name in names[names.index("lam") : -1]] for row in rows], float)


def once(tmp_path_factory, name, make):
    """What `make(cwd)` returns, made by the first worker that asks and read by the others."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    made = root / f"{name}.pickle"
    with files.open_locked(root / f"{name}.lock"):
        if not made.exists():
            (root / name).mkdir(exist_ok=True)
            made.write_bytes(pickle.dumps(make(root / name)))
    return pickle.loads(made.read_bytes())
