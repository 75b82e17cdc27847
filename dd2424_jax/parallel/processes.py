"""One program as several processes, on one host or many: who is first, what it broadcasts, what all gather.

Runs are independent: each process trains its share of them on its own devices (see placement.py), and nothing is
communicated while it does. All go through the same loop, and gather every evaluation's metrics, so that the first
process can write them. One mesh over the devices of all processes would do too, but it is divided along one axis: of
3 seeds × 8 settings, the ninth device and all after it, whole hosts of them, would get nothing.

What is here must be called by all processes at the same point, or those that do wait for the others.
"""

import os
import struct
import sys
import threading
import time

import jax
import numpy as np
from jax.experimental import multihost_utils

from dd2424_jax.io.terminal import Mendable


class ProcessError(Mendable):
    """The processes did not connect, or one was lost; the message says why."""


def start(coordinator: str | None, n: int | None, index: int | None, *, timeout: int) -> None:
    """Find the other processes at `coordinator`, host:port of the first. None: as SLURM or Kubernetes have it.

    To be called before JAX starts its devices. Where they don't find each other within `timeout` seconds, the process
    ends with a line that says so.
    """
    # JAX's own end of a wait is an abort from C++, which nothing can catch.
    where = f" at {coordinator}" if coordinator else ""
    message = (
        f"--distributed: {n or 'the'} processes did not connect{where} within {timeout} s; was each started, and once?"
    )
    watch = threading.Timer(timeout, _give_up, [message])
    watch.daemon = True
    watch.start()
    sys.excepthook = _fail_alone
    os.environ.setdefault("grpc_proxy", "")  # the way to the other hosts is not the way to the web
    jax.config.update("jax_check_proxy_envs", False)
    jax.config.update("jax_enable_preemption_service", False)  # it catches SIGTERM, and nobody acts on it
    try:
        jax.distributed.initialize(coordinator, n, index, initialization_timeout=timeout + 60)
    except (ValueError, RuntimeError, KeyError) as error:  # the last of SLURM's variables
        advice = "outside SLURM and Kubernetes, give --coordinator=host:port, --num_processes and --process_id"
        raise ProcessError(f"--distributed: {error}; {advice}") from error
    finally:
        watch.cancel()


def leave(status: int) -> None:
    """End this process. JAX's own way out waits minutes for the other processes, which wait for this one."""
    if jax.distributed.is_initialized():
        sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def _fail_alone(*error) -> None:
    sys.__excepthook__(*error)
    leave(1)


def _give_up(message: str) -> None:
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr, flush=True)
    os._exit(1)


def connect() -> None:
    """Once the devices are there: check that every process has as many, and connect them to each other.

    From here on, standard output is the first process's.

    Raises:
      ProcessError: another process has more devices, or fewer.
    """
    n, n_devices = jax.process_count(), jax.local_device_count()
    if n * n_devices != jax.device_count():
        raise ProcessError(
            f"--distributed: process {jax.process_index()} has {n_devices} of the {jax.device_count()} devices of {n} "
            "processes, and all need as many: see --devices"
        )
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout = os.fdopen(os.dup(1) if first() else nowhere, "w", encoding=sys.stdout.encoding)
    os.dup2(nowhere, 1)  # Gloo, below JAX on a CPU, talks there past Python
    # It waits half a minute for the others to connect, and forever afterwards: connect before anything takes long.
    gather(np.zeros(1))
    broadcast(b"here")


def first() -> bool:
    """Whether this process is the one that writes and prints."""
    return not jax.distributed.is_initialized() or jax.process_index() == 0  # the second may start the devices


def gather(tree):
    """Leaves [...] of NumPy, of the same shape in every process, as [n_processes, ...]."""
    return _with_all(multihost_utils.process_allgather, tree)


def broadcast(content: bytes = b"") -> bytes:
    """The first process's content, in every process."""
    if jax.process_count() == 1:
        return content
    size = np.frombuffer(len(content).to_bytes(8, "big"), np.uint8)
    n = int.from_bytes(_with_all(multihost_utils.broadcast_one_to_all, size).tobytes(), "big")
    mine = np.frombuffer(content, np.uint8) if first() else np.zeros(n, np.uint8)
    return _with_all(multihost_utils.broadcast_one_to_all, mine).tobytes()


def clock() -> float:
    """Seconds of the first process's clock, in every process: what is decided by them, all decide alike."""
    return struct.unpack("d", broadcast(struct.pack("d", time.monotonic())))[0]


def _with_all(function, tree):
    """What a function of all processes returns.

    Raises:
      ProcessError: one of them was lost.
    """
    try:
        return function(tree)
    except (ValueError, jax.errors.JaxRuntimeError) as error:  # a ValueError where Gloo lost a connection
        raise ProcessError(
            f"another process was lost ({str(error).splitlines()[0]}); the same commands resume"
        ) from error
