import sys

import numpy as np
import pytest

from dd2424_jax.benchmarking import timing


def test_a_race_is_round_by_round():
    called = []
    times = timing.race({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=3)
    assert len(times["a"].wall) == len(times["b"].cpu) == 3
    assert sorted(called) == 4 * ["a"] + 4 * ["b"]  # the first round is not counted
    assert all(set(called[i : i + 2]) == {"a", "b"} for i in range(0, 8, 2))
    assert {called[i] for i in range(0, 8, 2)} == {"a", "b"}  # neither is always the first
    assert (times["a"].wall > 0).all()


def test_none_always_comes_after_the_same_one(monkeypatch):
    monkeypatch.setattr(timing, "PAUSE", 0)
    called = []
    timing.race({name: (lambda name=name: called.append(name)) for name in "abcd"}, rounds=20)
    before = {name: {called[i - 1] for i in range(1, len(called)) if called[i] == name} for name in "abcd"}
    assert all(len(others - {name}) == 3 for name, others in before.items())


def test_seconds_per_unit_of_work_and_cores():
    times = timing.Times(np.array([4.0, 2.0, 6.0]), np.array([4.0, 4.0, 6.0])).per(2)
    assert times.summary() == {"median": 2.0, "quartiles": [1.5, 2.5], "extremes": [1.0, 3.0], "cores_busy": 1.0}


def test_a_process_has_its_time_memory_and_output():
    ended = timing.process([sys.executable, "-c", "import os; x = bytearray(10**8); print(os.environ['A'])"], A="done")
    assert ended.stdout == "done\n"
    assert ended.memory > 1e8
    assert ended.wall > 0
    assert ended.cpu > 0


def test_the_memory_of_a_process_is_not_that_of_the_one_that_starts_it():
    command = [sys.executable, "-c", "print('no end of line', end='')"]
    small = timing.process(command)
    held = np.ones(3 * 10**7)  # 240 MB
    assert timing.process(command).memory < small.memory + 5e7 < held.nbytes
    assert small.stdout == "no end of line"


def test_a_process_that_ends_with_another_status_is_an_error_with_its_output():
    fails = [sys.executable, "-c", "raise SystemExit('no luck')"]
    with pytest.raises(RuntimeError, match="no luck"):
        timing.process(fails)
