import pytest

from dd2424_jax.io import progress


def test_without_a_terminal_there_is_a_line_now_and_then(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.Progress(1000, "step") as bar:
        bar.skip(100)
        for second in range(1, 26):
            clock[0] = second
            bar.update(20, f"validation accuracy {second} %")
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "300 of 1,000 steps, 00:35 left, validation accuracy 10 %",  # 20 a second; the skipped ones don't count
        "500 of 1,000 steps, 00:25 left, validation accuracy 20 %",
    ]


@pytest.mark.parametrize(
    ("share", "says"), [(0.5, ", on 1.0 of 2 cores: other programs use this machine too"), (0.8, "")]
)
def test_it_is_said_that_others_use_the_machine(capsys, monkeypatch, share, says):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(progress.time, "process_time", lambda: 2 * share * clock[0])
    with progress.Progress(100, "step", cores=2) as bar:
        clock[0] = 10
        bar.update(50)
    assert capsys.readouterr().err == f"50 of 100 steps, 00:10 left{says}\n"


def test_on_a_terminal_there_is_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    with progress.Progress(10, "step") as bar:
        bar.skip(4)
        bar.update(4, "validation accuracy 50 %")
        bar.say("a word")
    said = capsys.readouterr().err
    assert "a word" in said
    assert "%|" in said


def test_what_takes_hours_is_foretold_once(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.Progress(10_000, "step") as bar:
        for second in (9, 18):
            clock[0] = second
            bar.update(1)
    assert [line for line in capsys.readouterr().err.splitlines() if "hours" in line] == [
        "some 25 hours to go; interrupted, it is resumed from its last checkpoint"
    ]
