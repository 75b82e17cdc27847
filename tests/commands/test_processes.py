"""Processes that are one program: two real ones on this machine, and what each does, shown by one."""

import os
import signal
import socket
import subprocess

import pytest

from dd2424_jax import sweep
from dd2424_jax.parallel import processes
from tests.commands.scripts import TINY, call_here, command, environment, fails, fails_as_process, run
from tests.commands.search import FLAGS, alone, assert_same_run


def start_pair(folders, **changes):
    """A coarse search in two processes that share nothing but a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = ["--distributed", f"--coordinator=127.0.0.1:{port}", "--num_processes=2"]
    return [
        subprocess.Popen(
            command("coarse_search", *FLAGS, *meeting, f"--process_id={i}"),
            cwd=folder,
            env=environment(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i, folder in enumerate(folders)
    ]


def test_two_processes_resume_what_one_began_and_end_with_its_numbers(tmp_path, tmp_path_factory, monkeypatch):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(sweep.Progress, "update", interrupted)  # after the first checkpoint
        with pytest.raises(KeyboardInterrupt):
            call_here("coarse_search", *FLAGS, cwd=folders[0])
    both = start_pair(folders)
    (out, said), (out_of_second, said_by_second) = (process.communicate(timeout=300) for process in both)
    assert [process.returncode for process in both] == [0, 0], said + said_by_second
    assert "in each of 2 processes" in said
    assert "resumed from update 4 of 24" in said
    assert not any(folders[1].iterdir())  # the first one writes, and broadcasts what was there
    assert (out_of_second, said_by_second) == ("", "")
    expected = alone(tmp_path_factory)
    assert_same_run(folders[0] / out.splitlines()[-1], expected.path)
    assert len(out.splitlines()) == len(expected.done.stdout.splitlines())


def interrupted(*_):
    raise KeyboardInterrupt


STOPPED_ONCE_IT_HAS_BEGUN = """
import os, signal
def replace(part, file, real=os.replace):
    real(part, file)
    if file.name == "config.json":
        os.kill(os.getpid(), signal.SIGSTOP)
os.replace = replace
"""


def test_a_process_that_is_killed_ends_the_other_in_one_line(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(STOPPED_ONCE_IT_HAS_BEGUN)
    first, second = start_pair([tmp_path, tmp_path], PYTHONPATH=str(tmp_path))
    os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    second.kill()
    second.communicate()
    first.send_signal(signal.SIGCONT)
    _, said = first.communicate(timeout=300)
    assert first.returncode == 1
    assert "coarse_search.py: another process was lost" in said
    assert len(said.splitlines()) == 1


# What one process can show: the second hears what the first has broadcast


@pytest.fixture
def in_turns(monkeypatch):
    """Runs a function as the first process, then another as the second."""

    def first_then_second(first, second):
        sent = []
        with monkeypatch.context() as patch:
            patch.setattr(processes, "broadcast", lambda content=b"": sent.append(content) or content)
            of_first = first()
        with monkeypatch.context() as patch:
            patch.setattr(processes, "first", lambda: False)
            patch.setattr(processes, "broadcast", lambda content=b"": sent.pop(0))
            return of_first, second()

    return first_then_second


def test_what_keeps_the_first_process_from_writing_ends_both_in_one_line(tmp_path, in_turns):
    def process():
        return fails("coarse_search", *FLAGS, "--out_dir=/proc/nowhere", cwd=tmp_path)

    first, second = in_turns(process, process)
    assert first == second
    assert "choose another --out_dir" in first


def test_a_process_with_other_flags_than_the_first_is_one_line(tmp_path_factory, in_turns):
    cwd, path, _ = alone(tmp_path_factory)
    (finished, _), said = in_turns(
        lambda: run("coarse_search", *FLAGS, cwd=cwd),
        lambda: fails("coarse_search", *FLAGS, "--seed=1", cwd=cwd),
    )
    assert finished == path
    assert "the first process has another configuration or other data than this one" in said


# Who can't connect


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--distributed --process_id=2 --num_processes=2 --coordinator=127.0.0.1:1", "process_id must be below"),
        ("--distributed --num_shards=2", "a shard is one process"),
    ],
)
def test_flags_that_do_not_go_together_are_one_line(tmp_path, flags, says):
    assert says in fails("coarse_search", *TINY, *flags.split(), cwd=tmp_path)


def test_a_process_alone_is_told_how_to_name_the_others(tmp_path):
    assert "--coordinator=host:port" in fails_as_process("coarse_search", *TINY, "--distributed", cwd=tmp_path)
    assert not any(tmp_path.iterdir())


def test_slurm_is_detected(tmp_path):
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": "2"}
    task = {"SLURM_PROCID": "1", "SLURM_LOCALID": "0"}
    given = ["--distributed", "--meeting_seconds=1"]
    assert "did not connect within 1 s" in fails_as_process("coarse_search", *TINY, *given, cwd=tmp_path, **job, **task)
    assert not any(tmp_path.iterdir())
