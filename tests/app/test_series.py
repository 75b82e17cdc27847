import time
from types import SimpleNamespace

import pytest

from dd2424_jax.app import series
from dd2424_jax.app.command_line import UsageError


def command(tmp_path, text, name="script"):
    file = tmp_path / f"{name}.py"
    file.write_text(text)
    return series.Command([str(file)], 10, name)


def interrupt(line):
    raise KeyboardInterrupt


def test_all_are_run_in_their_order_and_what_they_say_moves_the_progress(tmp_path, capfd):
    first = command(tmp_path, "import sys; print('5 of 10 updates', file=sys.stderr); open('said', 'w')", "first")
    second = command(tmp_path, "open('said', 'r')", "second")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr("dd2424_jax.io.progress.LINE_EVERY", 0)
        series.run([first, second], lambda i: True)
    said = capfd.readouterr().err
    places = [said.index(text) for text in ("first (1 of 2)", "5 of 20", "10 of 20", "second (2 of 2)", "20 of 20")]
    assert places == sorted(places)


def test_one_that_fails_ends_it_with_what_it_said_unless_its_run_is_finished(tmp_path):
    failing = command(tmp_path, "import sys; sys.exit('failing.py: no such λ')", "failing")
    with pytest.raises(UsageError, match=r"failing\.py failed: failing\.py: no such λ"):
        series.run([failing], lambda i: False)
    series.run([failing], lambda i: True)  # a gradient check that does not pass, say
    with pytest.raises(UsageError, match=r"silent\.py left no run"):
        series.run([command(tmp_path, "", "silent")], lambda i: False)
    killed = command(tmp_path, "import os; os.kill(os.getpid(), 9)", "killed")
    with pytest.raises(UsageError, match=r"killed\.py was ended by signal 9"):
        series.run([killed], lambda i: False)


def test_no_command_outlives_it(tmp_path, monkeypatch):
    slow = command(tmp_path, "import sys, time; print('begun', file=sys.stderr, flush=True); time.sleep(600)", "slow")
    began = time.perf_counter()
    monkeypatch.setattr(series, "HOW_FAR", SimpleNamespace(search=interrupt))
    with pytest.raises(KeyboardInterrupt):
        series.run([slow], lambda i: False)
    assert time.perf_counter() - began < 60
