"""The flags of what computes: devices, processes, shards. They change no number."""

import re

from absl import flags

from dd2424_jax.app.command_line import HOSTS, group

MAX_PROCESSES = 100_000
MAX_DEVICES = 1024  # of a process: a CPU has as many as it is told to have


@group(HOSTS)
def define_devices():
    """Of this process."""
    flags.DEFINE_integer(
        "devices", 0, "how many devices to use, at most what there are; 0: all", lower_bound=0, upper_bound=MAX_DEVICES
    )


@group(HOSTS)
def define_processes():
    """Runs at a time; and more processes than one: as one program, or as shards that know nothing of each other."""
    flags.DEFINE_integer(
        "runs_at_once", 0, "train a larger sweep in chunks of so many runs; 0: as fits in memory", lower_bound=0
    )
    flags.DEFINE_boolean(
        "distributed", False, "one program of several processes, each started with the same flags; the first one writes"
    )
    flags.DEFINE_string("coordinator", None, "host:port of process 0; by default as SLURM or Kubernetes have it")
    flags.DEFINE_integer(
        "num_processes",
        None,
        "processes of --distributed; by default as SLURM or Kubernetes have it",
        lower_bound=1,
        upper_bound=MAX_PROCESSES,
    )
    flags.DEFINE_integer(
        "process_id", None, "which process this is, from 0; by default as SLURM or Kubernetes have it", lower_bound=0
    )
    flags.DEFINE_integer(
        "meeting_seconds",
        300,
        "how long processes wait for each other to start, up to a day",
        lower_bound=1,
        upper_bound=86_400,
    )
    flags.DEFINE_integer(
        "num_shards", None, "cut the sweep into so many programs; by default the tasks of a SLURM array", lower_bound=1
    )
    flags.DEFINE_integer("shard_index", None, "which shard this is, from 0; by default the SLURM task", lower_bound=0)
    flags.DEFINE_boolean("merge", False, "train nothing: complete the run from the num_shards shards' results")
    flags.register_validator(
        "coordinator",
        lambda v: v is None or (re.fullmatch(r"\S+:\d{1,5}", v) and 0 < int(v.rpartition(":")[2]) < 2**16),
        "must be host:port of process 0",
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
