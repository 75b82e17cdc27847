"""Jobs as a SLURM job array: submitted by submitit, watched by squeue, which needs no accounting."""

import collections
import contextlib
import io
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from dd2424_jax.app.command_line import UsageError
from dd2424_jax.launching import jobs

try:
    import submitit
except ImportError:
    submitit = None

TICK = 1.0  # seconds between looks at the jobs' results
POLLS = 2.0, 60.0  # least and greatest seconds between questions to squeue
PATIENCE = 15.0  # seconds that a result may take to be seen by this host
OURS = {"array", "error", "nodes", "ntasks", "ntasks-per-node", "output", "parsable", "quiet", "test-only", "wrap"}
FAILURES = {  # of a job that left nothing, by its last state
    "CANCELLED": "cancelled",
    "DEADLINE": jobs.TIME_LIMIT,
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "memory ran out: --mem_gb asks for more",
    "PREEMPTED": "preempted",
    "TIMEOUT": jobs.TIME_LIMIT,
}
OVER = {*FAILURES, "BOOT_FAIL", "COMPLETED", "FAILED", "REVOKED"}


def check() -> None:
    """That jobs can be submitted from here.

    Raises:
      UsageError: they can't.
    """
    if submitit is None:
        raise UsageError('submitit is missing: pip install "dd2424-jax[cluster]"; --cluster=local needs no SLURM')
    if missing := [name for name in ("sbatch", "squeue", "srun") if shutil.which(name) is None]:
        raise UsageError(f"there is no SLURM here, no {missing[0]}; --cluster=local needs no SLURM")


def options(text: str) -> dict[str, str | bool]:
    """Options for sbatch as they would stand on its command line: `--qos=x --exclusive`.

    Raises:
      UsageError: they are no options, or they are the launch's own.
    """
    try:
        words = collections.deque(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--sbatch={text!r}: {error}") from error
    found = {}
    while words:
        name, given, value = words.popleft().partition("=")
        if not name.startswith("--") or len(name) == 2:
            raise UsageError(f"--sbatch: {name!r} is no long option, such as --qos=x or --exclusive")
        if not given and words and not words[0].startswith("-"):
            given, value = True, words.popleft()
        if name[2:] in OURS:
            raise UsageError(f"--sbatch: {name} is what the launch itself decides")
        found[name[2:]] = value if given else True
    return found


def submit(todo: Sequence[jobs.Job], name: str, parameters: Mapping, folder: Path) -> list["submitit.SlurmJob"]:
    """One array of all jobs. `parameters` are submitit's; its files go to the folder, removed where SLURM refuses them.

    Raises:
      UsageError: SLURM refuses them, as its own line says.
    """
    executor = submitit.AutoExecutor(folder=folder, cluster="slurm")
    executor.update_parameters(name=name, **parameters)
    inside = "SLURM_JOB_ID" in os.environ  # whose own resources would be inherited
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))  # sbatch's lines, which the error has too
            if inside:
                stack.enter_context(submitit.helpers.clean_env())
            with executor.batch():
                return [executor.submit(job.run) for job in todo]
    except (RuntimeError, submitit.core.utils.FailedJobError) as error:
        shutil.rmtree(folder)
        raise UsageError(f"nothing was submitted: {_of_sbatch(str(error))}") from error


def _of_sbatch(text: str) -> str:
    """Its lines as one, each without its name, and what one of them means."""
    lines = [line.strip().removeprefix("sbatch: ").removeprefix("error: ") for line in text.splitlines()]
    too_many = "; an array of this cluster may be smaller than --num_shards (MaxArraySize in `scontrol show config`)"
    return f"sbatch: {'; '.join(line for line in lines if line)}{too_many if 'Invalid job array' in text else ''}"


def array(submitted: Sequence["submitit.SlurmJob"]) -> str:
    """The number that SLURM knows all of them by."""
    return submitted[0].job_id.partition("_")[0]


def wait(submitted: Sequence["submitit.SlurmJob"]) -> list[jobs.Ended]:
    """How all of them ended, once they have.

    Raises:
      jobs.Interrupted: by Ctrl-C or SIGTERM; the jobs go on.
    """
    ends, queue, standing = {}, _Queue(array(submitted)), jobs.Standing()
    with jobs.interruptions() as met:
        while len(ends) < len(submitted) and not met:
            time.sleep(TICK)
            ends |= _results(submitted, ends)
            lost = queue.lost(set(range(len(submitted))) - ends.keys())
            ends |= {i: _without_result(submitted[i], queue.states.get(i)) for i in lost}
            standing.show(
                f"{len(ends)} of {len(submitted)} jobs have ended; {queue.note or 'SLURM runs none of the others'}"
            )
    if met:
        number = array(submitted)
        raise jobs.Interrupted(
            met[0], f"the jobs go on; scancel {number} ends them, and once they have ended the same command resumes"
        )
    _tidy(submitted[0].paths.folder)
    return [ends[i] for i in range(len(submitted))]


def _tidy(folder: Path) -> None:
    """Leave the logs, and what was submitted."""
    for pattern in ("*.pkl", ".submission_file_*.sh"):
        for file in folder.glob(pattern):
            file.unlink(missing_ok=True)


def _results(submitted: Sequence["submitit.SlurmJob"], known: Mapping) -> dict[int, jobs.Ended]:
    """How those ended that have left word of it, besides the known ones."""
    there = set(os.listdir(submitted[0].paths.folder))  # one look for thousands
    new = {}
    for i, job in enumerate(submitted):
        if i not in known and job.paths.result_pickle.name in there:
            outcome, value = submitit.core.utils.pickle_load(job.paths.result_pickle)
            new[i] = value if outcome == "success" else jobs.Ended(_of_trace(value))
    return new


def _of_trace(trace: str) -> str:
    """The reason in what submitit caught: its own word at the time limit, or what kept the command from starting."""
    return jobs.TIME_LIMIT if "timed-out" in trace else trace.strip().splitlines()[-1]


def _without_result(job: "submitit.SlurmJob", state: str | None) -> jobs.Ended:
    """Of a job that SLURM says is over, and that could not say why."""
    unknown = f"lost, {'unknown to SLURM' if state is None else f'SLURM says {state}'}"
    return jobs.Ended(FAILURES.get(state) or jobs.last_line(job.paths.stderr) or unknown)


class _Queue:
    """What squeue says of an array, asked ever more rarely.

    states  of its tasks by index, without those that SLURM has forgotten
    note    a summary of them, or why there is none
    """

    def __init__(self, number: str):
        self.number, self.states, self.note = number, {}, ""
        self._began = self._asked = time.monotonic()
        self._over = {}  # when it was first seen, by index

    def lost(self, waiting: Set[int]) -> list[int]:
        """Those of the tasks that are over for so long that no result is to come."""
        now, (least, greatest) = time.monotonic(), POLLS
        if now - self._asked < min(greatest, max(least, (self._asked - self._began) / 2)):
            return []
        self._asked = now
        if not self._ask():
            return []
        over = [i for i in waiting if i not in self.states or self.states[i] in OVER]
        self._over = {i: self._over.get(i, now) for i in over}
        return [i for i in over if now - self._over[i] >= PATIENCE]

    def _ask(self) -> bool:
        """Whether there was an answer: a controller may be away for a while."""
        command = ["squeue", "--noheader", "--array", "--states=all", f"--jobs={self.number}", "--format=%K|%T|%r"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=POLLS[1])
        except (OSError, subprocess.TimeoutExpired) as error:
            self.note = f"no word from squeue: {error}"
            return False
        if done.returncode and "Invalid job id" not in done.stderr:
            self.note = f"no word from squeue: {' '.join(done.stderr.split())}"
            return False
        rows = [line.split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2]
        self.states = {int(index) if index.isdecimal() else 0: state for index, state, _ in rows}  # N/A: of no array
        counts = collections.Counter(
            f"pending ({why})" if state == "PENDING" else state.lower() for _, state, why in rows if state not in OVER
        )
        self.note = ", ".join(f"{n} {state}" for state, n in counts.items())
        return True
