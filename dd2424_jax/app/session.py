"""Where results go, and what computes them: nothing here changes a number."""

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import NamedTuple

import jax

from dd2424_jax.app import command_line
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.app.hosts import MAX_DEVICES
from dd2424_jax.parallel import processes
from dd2424_jax.runs import shards


class Session(NamedTuple):
    """Where runs go and what computes them.

    name     of the run directory; None for the digest of its identity
    force    compute from scratch, beside what is finished
    weights  keep the final weights of all runs
    options  all flags, to be written down
    changed  those of them that differ from the experiment's own values
    own      these values
    quiet    standard output is another's: a run is said by a line for whoever watches
    shard    the part of the sweep that is trained
    merge    train nothing, and merge the shards
    """

    out_dir: str
    name: str | None
    force: bool
    options: Mapping
    devices: Sequence[jax.Device]
    runs_at_once: int = 0
    shard: shards.Shard = shards.WHOLE
    merge: bool = False
    weights: bool = True
    changed: Mapping = MappingProxyType({})
    own: Mapping = MappingProxyType({})
    quiet: bool = False


def start(options: SimpleNamespace) -> Session:
    """The session that the flags describe, with its devices started, and connected to the other processes.

    To be called before anything that takes long, as the processes wait for each other here.
    """
    own = vars(options)
    devices = use_devices(own.get("devices", 0), _connection(own))
    if own.get("precision") == "tf32" and "NVIDIA" not in devices[0].device_kind:
        raise UsageError("--precision=tf32 is of NVIDIA's GPUs from the A100 on, and there is none: give another one")
    shard = shards.WHOLE if own.get("distributed") else _shard(own)
    computing = own.get("runs_at_once", 0), shard, own.get("merge", False), own.get("weights", "all") == "all"
    described = command_line.changed(), command_line.own_values()
    return Session(options.out_dir, options.name, options.force, own, devices, *computing, *described)


def _connection(own: Mapping) -> tuple | None:
    """Of one program of several processes: the first one's address, how many, which this is, and how long to wait."""
    if not own.get("distributed"):
        return None
    return own["coordinator"], own["num_processes"], own["process_id"], own["meeting_seconds"]


@functools.cache  # JAX takes the number of CPU devices once
def use_devices(limit: int = 0, connection: tuple | None = None) -> list[jax.Device]:
    """All devices, or `limit` of them. A CPU is as many devices as it has cores, up to 8."""
    if connection:
        processes.start(*connection[:3], timeout=connection[3])
    if not 1 <= jax.config.jax_num_cpu_devices <= MAX_DEVICES:  # JAX_NUM_CPU_DEVICES says nothing, or nonsense
        jax.config.update("jax_num_cpu_devices", limit or min(os.cpu_count(), 8))
    try:
        devices = jax.local_devices()
    except (RuntimeError, AssertionError) as error:
        platforms = f", JAX_PLATFORMS={jax.config.jax_platforms}" if jax.config.jax_platforms else ""
        raise UsageError(f"JAX can't start its devices{platforms}: {str(error) or 'there are none'}") from error
    if connection:
        processes.connect()
    if limit > len(devices):
        raise UsageError(f"--devices={limit}: there are only {len(devices)}")
    return devices[: limit or None]


def _shard(own: Mapping) -> shards.Shard:
    """The part of the sweep that this process trains, or with --merge some part of it; by default the whole."""
    try:
        index = 0 if own.get("merge") else own.get("shard_index")
        shard = shards.chosen(own.get("num_shards"), index, os.environ if "num_shards" in own else {})
    except ValueError as error:
        raise UsageError(str(error)) from error
    if shard.n > 1 and own["num_shards"] is None:
        taken = f"SLURM's array index is taken for the shard, {shard.index} of {shard.n}"
        print(f"{taken}; --num_shards=1 trains the whole sweep in each task", file=sys.stderr)
    return shard
