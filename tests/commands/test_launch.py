"""Sweeps cut into shards, each a program of its own, and their launch as jobs, on this machine and on SLURM."""

import os
import shutil
import signal
import subprocess

import pytest

from dd2424_jax.launching import local, slurm
from dd2424_jax.runs import directory
from tests.commands import own_sweep
from tests.commands import slurm as stand_in
from tests.commands.scripts import ROOT, TINY, call_here, environment, fails, kill_here, run
from tests.commands.search import FLAGS, alone, assert_same_run

FULL = "sys.exit('mine.py: the disk is full')"


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """The folder of its results; beside it the script."""
    monkeypatch.setattr(local, "TICK", 0.02)
    monkeypatch.setattr(slurm, "TICK", 0.05)
    monkeypatch.setattr(slurm, "POLLS", (0.1, 0.2))
    monkeypatch.setattr(slurm, "PATIENCE", 0.2)
    shutil.copy(own_sweep.__file__, tmp_path / "mine.py")
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def cluster(tmp_path):
    """The variables of a host that can submit jobs."""
    pytest.importorskip("submitit")
    return {**stand_in.install(tmp_path / "slurm"), "PYTHONPATH": str(ROOT)}


def words(sweep, *of_launch, n=3, script="mine.py"):
    return ["launch", f"--num_shards={n}", *of_launch, script, "--", f"--out={sweep}"]


def logs(sweep):
    """The names of all files of the only launch."""
    (folder,) = (sweep.parent / "results" / "launches").iterdir()
    return sorted(file.name for file in folder.iterdir())


def submitted(sweep):
    """The options of all submissions."""
    return [stand_in.options(file.read_text()) for file in sorted((sweep.parent / "slurm" / "jobs").glob("*.sh"))]


def reason(launched):
    """The last line of a launch that fails."""
    return launched.stderr.splitlines()[-1]


def launch(sweep, *of_launch, **changes):
    return call_here(*words(sweep, *of_launch), cwd=sweep.parent, **changes)


def test_shards_one_killed_and_started_again_end_with_the_numbers_of_one_program(tmp_path, tmp_path_factory):
    kill_here("coarse_search", *FLAGS, "--num_shards=2", "--shard_index=1", cwd=tmp_path, n_checkpoints=1)
    _, done = run("coarse_search", *FLAGS, "--num_shards=2", "--shard_index=0", cwd=tmp_path)
    assert "shard 0 is finished; of 2 shards, 1 is missing" in done.stderr
    assert "of 2 shards, 1 is missing" in fails("coarse_search", *FLAGS, "--num_shards=2", "--merge", cwd=tmp_path)

    task = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "1"}
    path, done = run("coarse_search", *FLAGS, cwd=tmp_path, **task)
    assert "SLURM's array index is taken for the shard, 1 of 2; --num_shards=1" in done.stderr
    assert "resumed from update 4 of 24" in done.stderr
    assert directory.Run(path).summary["timing"]["shards"] == 2

    assert_same_run(path, alone(tmp_path_factory).path)


@pytest.mark.parametrize("where", ["local", "slurm"])
def test_what_fails_is_said_once_and_the_same_command_resumes(sweep, cluster, where):
    for i in range(2):
        (sweep / f"{i}.does").write_text(FULL)
    failed = launch(sweep, f"--cluster={where}", **cluster)
    assert failed.returncode == 1
    assert reason(failed).startswith("launch.py: 2 of 3 jobs failed: the disk is full (shards 0-1); logs in ")
    assert reason(failed).endswith("; the same command resumes")
    assert failed.stderr.count("disk") == 1
    assert {f"shard-{i}-of-3.{kind}" for i in range(3) for kind in ("out", "err")} <= set(logs(sweep))
    assert not [name for name in logs(sweep) if "%" in name or name.endswith(".pkl")]

    resumed = launch(sweep, f"--cluster={where}", **cluster)
    assert (resumed.returncode, resumed.stdout) == (0, f"the table\n{sweep}\n")
    again = launch(sweep, f"--cluster={where}", **cluster)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"the table\n\n{sweep}\n", "")
    assert len(submitted(sweep)) == (2 if where == "slurm" else 0)


@pytest.mark.parametrize("where", ["local", "slurm"])
def test_where_there_is_more_to_do_the_jobs_are_started_again(sweep, cluster, where):
    (sweep / "0.does").write_text("sys.exit(print(out))")  # as after a look of a race
    launched = launch(sweep, f"--cluster={where}", **cluster)
    assert (launched.returncode, launched.stdout) == (0, f"the table\n{sweep}\n")
    assert f"{sweep} has more to do: all jobs once more" in launched.stderr


def test_reasons_that_differ_are_each_said(sweep):
    for i, does in enumerate([FULL, "os.kill(os.getpid(), signal.SIGSEGV)", FULL, "sys.exit(3)"]):
        (sweep / f"{i}.does").write_text(does)
    said = reason(call_here(*words(sweep, "--cluster=local", n=5), cwd=sweep.parent))
    assert "4 of 5 jobs failed: the disk is full (shards 0, 2); killed by signal 11" in said
    assert "(shard 1); it ended with status 3 (shard 3); logs in" in said


def test_the_options_of_sbatch_are_passed_on(sweep, cluster):
    given = ["--partition=long", "--minutes=7", "--mem_gb=3", "--cpus=2", "--array_parallelism=2"]
    more = "--sbatch=--qos=low --exclusive --comment 'a b'"
    launched = launch(sweep, *given, more, "--nowait", **cluster)
    assert (launched.returncode, launched.stdout) == (0, "")
    (asked,) = submitted(sweep)
    expected = {"partition": "long", "time": "7", "mem": "3GB", "cpus-per-task": "2", "array": "0-2%2"}
    assert asked.items() >= {**expected, "qos": "low", "exclusive": "", "comment": "a b"}.items()
    subprocess.run(["scancel", "100"], env=environment(**cluster), check=True)


def test_one_job_is_no_array(sweep, cluster):
    launched = call_here(*words(sweep, n=1), cwd=sweep.parent, **cluster)
    assert (launched.returncode, launched.stdout) == (0, f"the table\n{sweep}\n")
    assert "array" not in submitted(sweep)[0]


def test_jobs_that_slurm_ends_are_named_by_their_state(sweep, cluster):
    kept = str(sweep.parent / "slurm" / "jobs" / "100_1.json")
    (sweep / "0.does").write_text("os.system('scancel 100_0'); time.sleep(60)")
    forget = "import json; Path(%r).write_text(json.dumps([%r, None])); os.killpg(0, 9)"
    (sweep / "1.does").write_text(forget % (kept, "TIMEOUT"))
    (sweep / "2.does").write_text(f"Path({kept.replace('_1', '_2')!r}).unlink(); os.killpg(0, 9)")
    said = reason(launch(sweep, **cluster))
    assert "3 of 3 jobs failed: cancelled (shard 0); its time limit is over: --minutes sets it (shard 1); " in said
    assert "lost, unknown to SLURM (shard 2)" in said


def test_a_controller_that_is_away_is_waited_for(sweep, cluster):
    away = sweep.parent / "slurm" / "jobs" / "away"
    (sweep / "0.does").write_text(f"Path({str(away)!r}).touch(); time.sleep(0.5)")
    assert launch(sweep, **cluster).returncode == 0


@pytest.mark.parametrize("where", ["local", "slurm"])
def test_sigterm_ends_local_jobs_and_leaves_those_of_slurm(sweep, cluster, where):
    (sweep / "0.does").write_text(
        f"Path('0.pid').write_text(str(os.getpid())); os.kill({os.getpid()}, {signal.SIGTERM}); time.sleep(60)"
    )
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # should it come before the launch listens
    try:
        ended = launch(sweep, f"--cluster={where}", **cluster)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.returncode == 128 + signal.SIGTERM
    assert "launch.py: interrupted: the jobs " in reason(ended)
    pid = int((sweep.parent / "0.pid").read_text())
    if where == "slurm":
        assert "scancel 100 ends them" in reason(ended)
        os.kill(pid, 0)  # is there
        subprocess.run(["scancel", "100"], env=environment(**cluster), check=True)
    else:
        assert "ended too" in reason(ended)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--partition=nowhere"], "nothing was submitted: sbatch: invalid partition specified: nowhere; "),
        (["--sbatch=-C gpu"], "'-C' is no long option"),
        (["--sbatch=--array=1-9"], "--array is what the launch itself decides"),
        (["--sbatch='"], "No closing quotation"),
        (["--jobs=2"], "--jobs is for --cluster=local only"),
        (["--cluster=local", "--mem_gb=2"], "--mem_gb is for --cluster=slurm only"),
        (["--cluster=local", "--nowait"], "--wait is for --cluster=slurm only"),
        (["--cluster=local", "--cpus=1000"], "don't fit: this machine has"),
        (["--cluster=local", "--logs=/proc/x"], "/proc/x"),
    ],
)
def test_flags_that_do_not_fit_start_nothing(sweep, cluster, given, says):
    assert says in fails(*words(sweep, "--nocheck", *given), cwd=sweep.parent, **cluster)
    assert not list(sweep.glob("*"))
    assert not list(sweep.parent.glob("results/launches/*"))


@pytest.mark.parametrize("check", ["--check", "--nocheck"])
def test_a_typo_in_the_experiments_own_flags_starts_nothing(sweep, cluster, check):
    said = fails(*words(sweep, check), "--typo", cwd=sweep.parent, **cluster)
    assert said.endswith("nothing was submitted: Unknown command line flag 'typo'")
    assert submitted(sweep) == []


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--num_shards=2"], "can't be cut: name one of"),
        (["--num_shards=2", "../readme"], "can't be cut: name one of"),
        (["--num_shards=2", "readme"], "can't be cut: name one of"),
        (["coarse_search"], "num_shards"),
        (["--num_shards=2", "coarse_search", "--", "--merge"], "--merge is not for jobs"),
        (["--num_shards=2", "--nocheck", "coarse_search"], "--cluster=local needs no SLURM"),
        (["--num_shards=1000", "--cluster=local", "coarse_search", "--", *TINY], "there are only 16 runs"),
        (["--num_shards=2", "--cluster=local", "exercise2"], "exercise 2 is one program"),
        (["--num_shards=2", "--nocheck", "--cluster=local", "exercise3", "--", "--n_sed=1"], "'n_sed'"),
    ],
)
def test_what_cannot_be_launched_is_one_line(tmp_path, flags, says):
    assert says in fails("launch", *flags, cwd=tmp_path, PATH=os.path.dirname(os.__file__), PYTHONPATH=str(ROOT))


def test_more_shards_than_runs_are_refused(tmp_path):
    assert "there are only 16 runs" in fails("coarse_search", *TINY, "--num_shards=17", "--merge", cwd=tmp_path)
