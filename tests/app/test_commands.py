"""The commands are found by their files."""

import sys

from dd2424_jax.app import commands


def test_every_script_is_a_command_and_says_what_it_is_about():
    scripts = commands.scripts()
    assert {"exercise3", "coarse_search", "launch", "readme"} <= scripts.keys()
    for script in scripts.values():
        assert commands.headline(script)


def test_what_trains_many_runs_is_known_by_its_flags():
    scripts = commands.scripts()
    sweeps = {name for name, script in scripts.items() if commands.trains(script)}
    assert {"assignment1", "exercise2", "exercise3", "final_model"} <= sweeps
    assert not sweeps & {"launch", "readme", "benchmark", "gradient_check", "schedule"}


def test_results_go_to_the_repository_wherever_its_commands_are_typed(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [str(commands.FOLDER / "exercise3.py")])
    monkeypatch.chdir(tmp_path)
    assert commands.results() == str(commands.ROOT / "results")
    monkeypatch.chdir(commands.ROOT)
    assert commands.results() == "results"
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "exercise3.py")])  # of another project
    monkeypatch.chdir(tmp_path)
    assert commands.results() == "results"
