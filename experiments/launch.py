"""Submit an experiment as a job array, a shard a job, to SLURM or to this machine.

    python experiments/launch.py --num_shards=3 --partition=gpu --gpus=1 coarse_search -- --n_seeds=24
    python experiments/launch.py --num_shards=3 --cluster=local coarse_search -- --n_seeds=24

First the flags of the launch, then the experiment, and after -- its own flags. The run directory must lie where all
hosts see it. The command is tried here first, without training; then this prints the jobs, waits for them, and ends
with the run directory. Where some failed, it names them and their logs, and the same command starts them again, each
from its last checkpoint. Needs the extra "cluster".
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import shlex
import subprocess
import sys
from pathlib import Path

import absl.flags

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.runs import latest, shards

try:
    import submitit
except ImportError:
    submitit = None

FLAGS = absl.flags.FLAGS
HERE = Path(__file__).resolve().parent
SWEEPS = ("assignment1", "coarse_search", "exercise3", "exercise4", "final_model", "fine_search")

absl.flags.DEFINE_integer(
    "num_shards",
    None,
    "how many jobs to cut the sweep into, at most one a run; required",
    lower_bound=1,
    upper_bound=100_000,
)
absl.flags.DEFINE_enum("cluster", "slurm", ["slurm", "local"], "slurm: a job array; local: processes on this machine")
absl.flags.DEFINE_string("logs", "results/launches", "where logs go; all hosts must see it")
absl.flags.DEFINE_boolean("check", True, "try the command here first; --nocheck where this host lacks the data")
absl.flags.DEFINE_boolean("wait", True, "wait for the jobs to end; else only submit them")
absl.flags.DEFINE_integer("minutes", 240, "time limit of a job; at least 1", lower_bound=1)
absl.flags.DEFINE_integer("cpus", None, "CPU cores of a job", lower_bound=1)
absl.flags.DEFINE_integer("gpus", None, "GPUs of a job; local: the first so many, for all jobs", lower_bound=0)
absl.flags.DEFINE_integer("mem_gb", None, "memory of a job in GB", lower_bound=1)
absl.flags.DEFINE_string("partition", None, "SLURM's partition")
absl.flags.DEFINE_string("account", None, "SLURM's account")


def executor(name: str) -> "submitit.AutoExecutor":
    """What the jobs are submitted to."""
    resources = {
        "timeout_min": FLAGS.minutes,
        "cpus_per_task": FLAGS.cpus,
        "gpus_per_node": FLAGS.gpus,
        "mem_gb": FLAGS.mem_gb,
        "slurm_partition": FLAGS.partition,
        "slurm_account": FLAGS.account,
    }
    made = submitit.AutoExecutor(folder=files.expanded(FLAGS.logs) / "%j", cluster=FLAGS.cluster)
    made.update_parameters(name=name, **{key: value for key, value in resources.items() if value is not None})
    return made


def finished(command: list[str]) -> str | None:
    """The run directory of what needs no more jobs; None where shards are missing.

    Raises:
      UsageError: the command can't be run, as its own line says.
    """
    tried = subprocess.run([*command, "--merge"], capture_output=True, text=True)
    if tried.returncode == shards.MissingError.status:
        return None
    if tried.returncode != 0:
        said = [f"it ended with status {tried.returncode}", *tried.stderr.splitlines()]
        raise UsageError(f"nothing was submitted: {said[-1]}")
    if not (shown := tried.stdout.splitlines()) or not (Path(shown[-1]) / latest.SUMMARY).exists():
        raise UsageError("nothing was submitted: the command trains nothing, as the experiment's own --help has it")
    return shown[-1]


def main(experiment: str = "", *rest: str):
    script = HERE / f"{experiment}.py"
    if submitit is None:
        raise UsageError('submitit is missing: pip install "dd2424-jax[cluster]"')
    if experiment not in SWEEPS:
        raise UsageError(f"{experiment!r} can't be cut: name one of {', '.join(SWEEPS)}, and after -- its flags")
    if FLAGS.num_shards is None:
        raise UsageError("--num_shards is missing: into how many jobs?")
    command = [sys.executable, str(script), *rest, f"--num_shards={FLAGS.num_shards}"]
    if FLAGS.check and (path := finished(command)):
        print(path)
        return
    commands = [[*command, f"--shard_index={i}"] for i in range(FLAGS.num_shards)]
    try:
        jobs_of = executor(experiment)
        with jobs_of.batch():
            jobs = [jobs_of.submit(submitit.helpers.CommandFunction(command)) for command in commands]
    except (RuntimeError, submitit.core.utils.FailedJobError) as error:
        raise UsageError(f"{FLAGS.cluster}: {error}; --cluster=local needs no SLURM") from error
    for command, job in zip(commands, jobs, strict=True):
        print(f"job {job.job_id}: {shlex.join(command)}", file=sys.stderr)
    if not FLAGS.wait:
        return
    failed = [(i, job) for i, job in enumerate(jobs) if job.exception() is not None]
    if failed:
        which = ", ".join(f"{shards.Shard(i, len(jobs)).name} (see {job.paths.stderr})" for i, job in failed)
        raise UsageError(f"failed: {which}; the same command starts them again")
    path = jobs[-1].result().splitlines()[-1]
    if not (Path(path) / latest.SUMMARY).exists():  # of a final model, the fresh score comes first
        raise UsageError(f"{path} has more to do: the same command goes on")
    print(path)


if __name__ == "__main__":
    entry.start(main, with_rest=True)
