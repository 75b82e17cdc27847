"""Scripts as processes: how to start them, small and away from data and network, and what they say."""

import csv
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from dd2424_jax.io import files

ROOT = Path(__file__).parent.parent
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
SMALL = ["--dataset=synthetic", "--n_train=400", "--n_valid=200", "--n_seeds=2", "--n_batch=30"]  # 30 divides no 400
TINY = [*SMALL, "--n_s=6", "--n_cycles=1", "--n_evals=3"]


def command(script, *flags):
    return [sys.executable, str(ROOT / "experiments" / f"{script}.py"), *flags]


def environment(**changes):
    """Without data, and without a network to get it from. XLA optimises little: here it is about flags and files."""
    nowhere = "http://127.0.0.1:9"
    clean = {key: value for key, value in os.environ.items() if key not in ("DD2424_DATA_DIR", "XDG_CACHE_HOME")}
    return (
        clean
        | {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "", "HOME": "/nonexistent"}
        | QUICK
        | changes
    )


def call(script, *flags, cwd, **changes):
    return subprocess.run(
        command(script, *flags), cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=300
    )


def run(script, *flags, cwd, **changes):
    """The run directory and all that was said."""
    done = call(script, *flags, cwd=cwd, **changes)
    assert done.returncode == 0, done.stderr
    return Path(cwd) / done.stdout.splitlines()[-1], done


def fails(script, *flags, cwd, **changes):
    """The one line on standard error."""
    done = call(script, *flags, cwd=cwd, **changes)
    assert done.returncode not in (0, -signal.SIGKILL)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"{script}.py: ")
    return lines[0]


def wait_for(process, condition):
    """What the condition finds, once it does, while the process is running."""
    deadline = time.monotonic() + 300
    while not (found := condition()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return found


def numbers(path):
    """runs.csv without its last columns, status and dataset."""
    with open(path / "runs.csv") as file:
        return np.array([row[:-2] for row in csv.reader(file)][1:], float)


def once(tmp_path_factory, name, make):
    """What `make(cwd)` returns, made by the first worker that asks and found by the others."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    made = root / f"{name}.pickle"
    with open(root / f"{name}.lock", "w") as lock:
        files.lock(lock, wait=True)
        if not made.exists():
            (root / name).mkdir(exist_ok=True)
            made.write_bytes(pickle.dumps(make(root / name)))
    return pickle.loads(made.read_bytes())
