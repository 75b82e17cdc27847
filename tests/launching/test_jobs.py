"""How a job ended, from what it left."""

import signal
import sys

import pytest

from dd2424_jax.launching import jobs


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        ("1 of 2\r2 of 2\r", "2 of 2"),
        ("x" * 2**15 + "\nlast", "last"),
        ("\n \n", ""),
    ],
)
def test_the_last_line_of_a_log_is_the_last_that_says_something(tmp_path, log, line):
    (tmp_path / "log").write_text(log)
    assert jobs.last_line(tmp_path / "log") == line
    assert jobs.last_line(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("print('one'); print('two')", jobs.Ended(None, "two")),
        ("import sys; sys.exit('why')", jobs.Ended("why")),
        ("import sys; sys.exit(3)", jobs.Ended("it ended with status 3")),
        ("import os; os.kill(os.getpid(), 9)", jobs.Ended("killed, as where memory runs out")),
        ("import os; os.abort()", jobs.Ended("killed by signal 6 (Aborted)")),
    ],
)
def test_a_job_says_why_it_failed(tmp_path, program, ended):
    assert jobs.Job([sys.executable, "-c", program], tmp_path / "shard").run() == ended


def test_a_job_that_is_interrupted_ends_its_command(tmp_path, monkeypatch):
    started = []

    def at_the_time_limit(process, real=jobs.subprocess.Popen.wait):
        started.append(process)
        if len(started) == 1:
            raise RuntimeError
        return real(process)

    monkeypatch.setattr(jobs.subprocess.Popen, "wait", at_the_time_limit)
    with pytest.raises(RuntimeError):
        jobs.Job([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "shard").run()
    assert started[0].returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([None, None], ""),
        (["a"], "1 of 1 jobs failed: a (shard 0)"),
        (["a", None, "b", "b", "b", "a", "b"], "6 of 7 jobs failed: b (shards 2-4, 6); a (shards 0, 5)"),
        (
            list("abcdefg"),
            "7 of 7 jobs failed: a (shard 0); b (shard 1); c (shard 2); d (shard 3); e (shard 4); "
            "and for 2 other reasons",
        ),
    ],
)
def test_each_reason_is_said_once(reasons, said):
    assert jobs.failures([jobs.Ended(reason) for reason in reasons]) == said
