"""Submit an experiment as a job array, a shard a job, to SLURM or to this machine.

    python experiments/launch.py --num_shards=3 --partition=gpu --gpus=1 coarse_search -- --n_seeds=24
    python experiments/launch.py --num_shards=3 --sbatch="--qos=low --exclusive" coarse_search -- --n_seeds=24
    python experiments/launch.py --num_shards=3 --cluster=local coarse_search -- --n_seeds=24

First the flags of the launch, then the experiment, any that trains many runs, or the path of a script of your own that
does, and after -- its own flags. The run directory must lie where all hosts see it. The command is tried here first,
without training; then this waits for the jobs, and ends with the finished run's tables and directory. Where some jobs
failed, it says why, and the same command starts them again, each from its last checkpoint. Jobs on this machine end
with the launch; those of SLURM need the extra "cluster", and go on without it.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import contextlib
import itertools
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import absl.flags

from dd2424_jax.app import command_line, commands, kinds
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.launching import jobs, local, slurm
from dd2424_jax.reporting import labels, report
from dd2424_jax.runs import latest, shards

FLAGS = absl.flags.FLAGS
OF_ONE = {  # flags that only one of the clusters has
    "slurm": ("account", "array_parallelism", "mem_gb", "partition", "sbatch", "wait"),
    "local": ("jobs",),
}
MAX_ROUNDS = 20  # of jobs that end well, and leave more to do
GIVEN = ("--num_shards", "--shard_index", "--merge", "--distributed")  # to an experiment by the launch, or never

absl.flags.DEFINE_integer(
    "num_shards",
    None,
    "how many jobs to cut the sweep into, at most one a run; required",
    lower_bound=1,
    upper_bound=100_000,
)
absl.flags.DEFINE_enum("cluster", "slurm", ["slurm", "local"], "slurm: a job array; local: processes on this machine")
kinds.define_path("logs", f"{commands.results()}/launches", "where a folder of logs goes; all hosts must see it")
absl.flags.DEFINE_boolean(
    "check", True, "try the command here first; --nocheck where this host lacks the data: only its flags are checked"
)
absl.flags.DEFINE_boolean("wait", True, "SLURM: wait for the jobs to end; else only submit them")
absl.flags.DEFINE_integer("minutes", 240, "time limit of a job; at least 1", lower_bound=1)
absl.flags.DEFINE_integer("cpus", None, "CPU cores of a job", lower_bound=1)
absl.flags.DEFINE_integer("gpus", None, "GPUs of a job; by default none", lower_bound=0)
absl.flags.DEFINE_integer(
    "jobs", None, "local: how many jobs at a time; by default as cores and GPUs are", lower_bound=1
)
absl.flags.DEFINE_integer("mem_gb", None, "SLURM: memory of a job in GB", lower_bound=1)
absl.flags.DEFINE_string("partition", None, "SLURM: partition")
absl.flags.DEFINE_string("account", None, "SLURM: account")
absl.flags.DEFINE_integer("array_parallelism", None, "SLURM: how many jobs of the array at a time", lower_bound=1)
absl.flags.DEFINE_string("sbatch", "", "SLURM: more options of sbatch, as in --sbatch='--qos=low --exclusive'")


def script_of(experiment: str) -> Path:
    """The script of a sweep, known by its name or its path."""
    scripts = commands.scripts()
    script = scripts.get(experiment, Path(experiment).resolve())
    try:
        if script.suffix == ".py" and script.is_file() and commands.trains(script):
            return script
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{experiment}: {error}") from error
    sweeps = [name for name, script in scripts.items() if commands.trains(script)]
    raise UsageError(f"{experiment!r} can't be cut: name one of {', '.join(sweeps)}, and after -- its flags")


def check_flags(rest: Sequence[str]) -> None:
    """That each has a meaning with the others."""
    if FLAGS.num_shards is None:
        raise UsageError("--num_shards is missing: into how many jobs?")
    (other,) = OF_ONE.keys() - {FLAGS.cluster}
    for name in OF_ONE[other]:
        if command_line.given(name):
            raise UsageError(f"--{name} is for --cluster={other} only, and this is --cluster={FLAGS.cluster}")
    for word in rest:
        if word.partition("=")[0] in GIVEN:
            raise UsageError(f"{word} is not for jobs that are launched: each is given its shard")


def finished(command: list[str]) -> str | None:
    """What the command shows where its run is finished and needs no jobs; None where it needs some, or with --nocheck.

    Raises:
      UsageError: the command can't be run, as its own line says.
    """
    tried = subprocess.run(
        [*command, "--merge" if FLAGS.check else "--only_check_args"], capture_output=True, text=True, errors="replace"
    )
    if tried.returncode == shards.MissingError.status or (tried.returncode == 0 and not FLAGS.check):
        return None
    if tried.returncode != 0:
        said = [f"it ended with status {tried.returncode}", *tried.stderr.splitlines()]
        raise UsageError(f"nothing was submitted: {jobs.without_script(said[-1], command)}")
    if not (shown := tried.stdout.splitlines()) or not (Path(shown[-1]) / latest.SUMMARY).exists():
        raise UsageError("nothing was submitted: the command trains nothing, as the experiment's own --help has it")
    return tried.stdout.rstrip()


def slurm_parameters() -> dict:
    """What each job asks for, as submitit has it."""
    return {
        "timeout_min": FLAGS.minutes,
        "slurm_signal_delay_s": 30,  # before the limit: the job says that this is why it ends
        "cpus_per_task": FLAGS.cpus,
        "gpus_per_node": FLAGS.gpus,
        "mem_gb": FLAGS.mem_gb,
        "slurm_partition": FLAGS.partition,
        "slurm_account": FLAGS.account,
        "slurm_array_parallelism": FLAGS.array_parallelism or FLAGS.num_shards,
        "slurm_additional_parameters": slurm.options(FLAGS.sbatch),
    }


def logs_of(name: str) -> Path:
    """A new folder for the logs of this launch."""
    stamp = files.expanded(FLAGS.logs).absolute() / time.strftime(f"{name}-%Y%m%d-%H%M%S")
    for i in itertools.count(2):
        folder = stamp.with_name(f"{stamp.name}-{i}") if stamp.exists() else stamp
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder


def unfinished(ends: Sequence[jobs.Ended]) -> Path | None:
    """The run directory where there is more to do: of a race the next look, of a final model what follows its score."""
    for path in {end.printed: Path(end.printed) for end in ends}.values():
        if not path.is_dir():
            raise UsageError(f"the jobs ended well, but their run directory {path} is not on this host")
        if not (path / latest.SUMMARY).exists():
            return path
    return None


def show(ends: Sequence[jobs.Ended]) -> None:
    """The tables of the finished run, and its directory."""
    path = Path(ends[-1].printed)
    print(files.read_text(path / report.TABLE))
    print(path)


def run(todo: Sequence[jobs.Job], name: str, folder: Path, rooms, parameters) -> Sequence[jobs.Ended] | None:
    """How the jobs ended; None where SLURM has them and nobody waits."""
    about = f"logs in {folder}: {shlex.join(todo[0].command[:-1])}"
    try:
        if rooms is not None:
            say(f"{labels.count(len(todo), 'job')}, {about}")
            return local.run(todo, rooms, seconds=60 * FLAGS.minutes)
        submitted = slurm.submit(todo, name, parameters, folder)
        say(f"SLURM job {slurm.array(submitted)}, {about}")
        return slurm.wait(submitted) if FLAGS.wait else None
    except jobs.Interrupted as end:
        say(f"{Path(sys.argv[0]).name}: {end}")
        sys.exit(end.status)


def main(experiment: str = "", *rest: str):
    script = script_of(experiment)
    check_flags(rest)
    rooms = parameters = None
    if FLAGS.cluster == "local":
        rooms = local.rooms(FLAGS.jobs, cpus=FLAGS.cpus, gpus=FLAGS.gpus)
    else:
        slurm.check()
        parameters = slurm_parameters()
    command = [sys.executable, str(script), *rest, f"--num_shards={FLAGS.num_shards}"]
    if shown := finished(command):
        print(shown)
        return
    folder, n = logs_of(script.stem), FLAGS.num_shards
    todo = [jobs.Job([*command, f"--shard_index={i}"], folder / shards.Shard(i, n).name) for i in range(n)]
    for _ in range(MAX_ROUNDS):
        ends = run(todo, script.stem, folder, rooms, parameters)
        if ends is None:
            return
        if failed := jobs.failures(ends):
            raise UsageError(f"{failed}; logs in {folder}; the same command resumes")
        if (path := unfinished(ends)) is None:
            return show(ends)
        say(f"{path} has more to do: all jobs once more")
    raise UsageError(f"{path} has more to do: the same command goes on")


def say(text: str) -> None:
    """A line for whoever watches; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    entry.start(main, with_rest=True)
