"""The README tells the truth: its commands run, its library example too, its tables name what there is."""

import functools
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import dd2424_jax
from dd2424_jax import data
from dd2424_jax.app import command_line
from dd2424_jax.app import commands as app_commands
from tests.commands.scripts import ROOT, TINY, call_here, parsed, run
from tests.commands.stubs import figures_as_text, small_gradient_check, untrained

README = (ROOT / "README.md").read_text()
COMMANDS = sorted(file.stem for file in (ROOT / "experiments").glob("*.py"))
SETUP = ("git clone", "pip install")  # what makes an environment, which these tests are run in
SMALL = {  # appended, they outweigh what the README says, but for what it shows
    "assignment1": [*TINY[:4], "--n_batch=100", "--n_epochs=1"],
    "gradient_check": ["--dataset=synthetic", "--n_draws=1"],
}


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return re.search(rf"^###? {title}\n(.*?)(?=^##)", README, re.MULTILINE | re.DOTALL)[1]


def commands(page: str = README) -> list[list[str]]:
    """(script, flag, ...) of every command of every shell block, `make` taken apart."""
    words = []
    for line in "\n".join(blocks("sh", page)).splitlines():
        command = shlex.split(line, comments=True)
        if not command or line.startswith(SETUP):
            continue
        if command[0] == "make":
            targets = [word for word in command[1:] if not word.startswith("ARGS=")]
            args = shlex.split(" ".join(word.removeprefix("ARGS=") for word in command[1:] if word not in targets))
            words += [[target.replace("-", "_"), *args] for target in targets]
        else:
            assert command[0] == "python", line
            words.append([Path(command[1]).stem, *command[2:]])
    return words


@pytest.fixture
def fast():
    """Training and figures are tested elsewhere."""
    with untrained(), figures_as_text(), small_gradient_check():
        yield


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("command", [words for words in commands() if words[0] != "launch"], ids=" ".join)
def test_its_commands_run(command, tmp_path):
    script, *given = command
    small = [flag for flag in SMALL.get(script, TINY) if "--race" not in given or not flag.startswith("--n_seeds")]
    run(script, *given, *small, cwd=tmp_path)


@pytest.mark.parametrize("command", [words for words in commands() if words[0] == "launch"], ids=" ".join)
def test_its_launches_are_of_flags_that_there_are(command):
    end = command.index("--")  # the launch itself: test_launch.py
    *own, experiment = command[1:end]
    with parsed("launch", *own) as options:
        assert options.num_shards
    with parsed(experiment, *command[end + 1 :]) as options:
        assert options.n_seeds


@pytest.mark.usefixtures("fast")
def test_what_follows_a_search_runs_as_it_says(tmp_path):
    follows = re.search(r"`make (fine-search final-model)`", README)[1].split()
    for target in ["coarse-search", *follows]:
        run(target.replace("-", "_"), *TINY, cwd=tmp_path)


def test_the_results_commands_are_scripts():
    page = (ROOT / "experiments" / "README.md").read_text()
    assert {script for script, *_ in commands(page)} <= set(COMMANDS)


def test_its_library_example_runs(monkeypatch):
    example = example_with("sweep.run")
    small = {"45_000": "400", "5_000": "100", "(1800, 3600)": "(2, 4)", "range(3)": "range(2)"}
    for large, little in small.items():
        assert large in example
        example = example.replace(large, little)
    load = data.load
    monkeypatch.setattr(data, "load", lambda: load("synthetic", None))
    names = {}
    exec(example, names)
    assert names["outcome"].valid.accuracy.shape == (8, 2, 3)


@pytest.mark.usefixtures("fast")
def test_its_model_classifies_images(tmp_path, monkeypatch, capsys):
    run("final_model", *TINY, "--lam=0.01", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(example_with("predict"), {"images": np.zeros((2, 32, 32, 3), np.uint8)})
    assert len(set(re.findall(r"\w+", capsys.readouterr().out)) - {*data.CLASSES}) == 0


@pytest.mark.usefixtures("fast")
def test_its_experiment_runs_and_is_listed_and_can_be_launched(tmp_path, monkeypatch):
    script = tmp_path / "experiments" / "adam.py"
    script.parent.mkdir()
    script.write_text(example_with("entry.start"))
    assert all(len(line) <= 120 for line in script.read_text().splitlines())
    path, done = run(script, *TINY[:-3], "--n_epochs=1", "--optimizer=adam", cwd=tmp_path)
    assert "Adam for η on SYNTHETIC" in done.stdout
    assert "| η      |" in done.stdout
    assert "η = 0.0003" in (path / "curves.png").read_text()
    assert "| adam " in call_here("runs", cwd=tmp_path).stdout
    monkeypatch.setattr(app_commands, "FOLDER", script.parent)
    assert app_commands.trains(app_commands.scripts()["adam"])


def example_with(text: str) -> str:
    (example,) = [block for block in blocks("python") if text in block]
    return example


def test_its_flags_are_those_that_there_are():
    """Those that experiments share; --help has the others."""
    named = set(re.findall(r"`--([a-z_0-9]+)`", "".join(re.findall(r"^\|[^|]*\|", section("Flags"), re.MULTILINE))))
    shared = set()
    for script in ("assignment1", "coarse_search"):
        with parsed(script) as options:
            shared |= {*command_line.own_values(), "data_dir", "out_dir", "name", "force", "weights"}
            assert shared & vars(options).keys()
    assert named == shared


def test_every_flag_that_it_mentions_is_one():
    defined = set()
    for script in COMMANDS:
        with parsed(script) as options:
            defined |= vars(options).keys()
    mentioned = set(re.findall(r"--([a-z][a-z_]+)\b", README)) - {"ntasks", "damages", "help"}  # SLURM's, pytest's
    assert mentioned <= {*defined, "gpus", "array"}


def test_its_targets_are_those_that_there_are():
    targets = re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"`make ([a-z0-9-]+)`", section("Commands"))
    assert set(named) == {*targets} - {"help"}


def test_the_functions_on_the_ways_of_its_map_are_there():
    names = [module.name for module in pkgutil.walk_packages(dd2424_jax.__path__, "dd2424_jax.")]
    modules = [importlib.import_module(name) for name in names]
    roots = [(module.__name__.split(".")[-1], module) for module in modules]
    roots += [(name, value) for module in modules for name, value in vars(module).items()]

    def exists(name):
        first, *attributes = name.split(".")
        try:
            return any(functools.reduce(getattr, attributes, root) for named, root in roots if named == first)
        except AttributeError:
            return False

    ways = re.findall(r"^The way of .*?\.\n\n", README, re.MULTILINE | re.DOTALL)
    assert len(ways) == 2
    names = {name for way in ways for name in re.findall(r"`([\w.]+\w)[`(]", way)} - {"jax.grad"}
    assert all(map(exists, names)), [name for name in names if not exists(name)]


def test_it_is_short():
    assert len(README.splitlines()) <= 250
