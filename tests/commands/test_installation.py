"""The ways in: make, scripts from any directory, `python -m dd2424_jax.data`, and the package in another project."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.commands.scripts import ROOT, environment, run_process

TARGETS = re.findall(r"^([a-z0-9-]+): \$\(READY\)", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.fixture
def venv(tmp_path):
    """What `make` takes for its environment: this one."""
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    python = tmp_path / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "venv" / ".ready").touch()
    return tmp_path / "venv"


def make(*args, venv):
    words = ["make", "--no-print-directory", "-C", str(ROOT), *args, f"VENV={venv}"]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_runs_a_command_with_its_args(venv, tmp_path):
    said = make("schedule", f"ARGS=--out_dir={tmp_path}/results --n_s=5", venv=venv)
    assert f"{tmp_path}/results/schedule/" in said
    assert (tmp_path / "results" / "schedule" / "latest" / "schedule.png").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_its_command(target, venv):
    said = make("-n", target, "ARGS=--some=flag", venv=venv)
    script = ROOT / "experiments" / f"{target.replace('-', '_')}.py"
    if script.exists():
        assert said.splitlines()[-1] == f"{venv}/bin/python experiments/{script.name} --some=flag"
    else:
        assert target in ("setup", "data", "test", "lint")


def test_a_target_may_be_written_as_its_script_is(venv):
    said = make("-n", "coarse_search", "ARGS=--name='a b'", venv=venv)
    assert said.splitlines() == [f"{venv}/bin/python experiments/coarse_search.py --name='a b'"]


@pytest.mark.parametrize("given", [["-S"], ["-S", "-E"]])
def test_started_without_the_environment_it_says_how(tmp_path, given):
    script = ROOT / "experiments" / "exercise3.py"
    done = subprocess.run([sys.executable, *given, script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "exercise3.py: No module named 'jax': source .venv/bin/activate (make setup makes that environment)"
    ]


def test_make_alone_lists_all_targets(venv):
    said = make(venv=venv)
    assert all(re.search(rf"^  {target} +\w", said, re.MULTILINE) for target in TARGETS)


def test_a_script_runs_from_any_directory(tmp_path):
    path, done = run_process("schedule", "--n_s=5", cwd=tmp_path)
    assert not re.search(r"^I\d{4} ", done.stderr, re.MULTILINE)  # no words of libraries
    assert path.parent == tmp_path / "results" / "schedule"


def test_the_package_says_what_it_is_and_where_everything_is(tmp_path):
    words, changes = [sys.executable, "-m", "dd2424_jax"], {"DD2424_DATA_DIR": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment(**changes), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert f"CIFAR-10:  not in {tmp_path}" in done.stdout
    for script in (ROOT / "experiments").glob("*.py"):
        assert f"python experiments/{script.name} " in done.stdout


def test_the_data_is_fetched_by_a_module(tmp_path):
    changes = {"XDG_CACHE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "dd2424_jax.data"]
    done = subprocess.run(words, cwd=tmp_path, env=environment(**changes), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_data_that_is_there_is_named(real_data, tmp_path):
    words = [sys.executable, "-m", "dd2424_jax.data", real_data]
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "CIFAR-10 is there: 50,000 images to train on" in done.stdout


def test_the_package_is_installed_into_another_project(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True)
    for name in filter(None, files.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    has_pip = importlib.util.find_spec("pip") is not None
    installer = [sys.executable, "-m", "pip"] if has_pip else ["uv", "pip"]
    python = [] if has_pip else ["--python", sys.executable]
    words = [*installer, "install", *python, "--no-deps", "--no-build-isolation", "--target", str(target), str(source)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    program = "from dd2424_jax import data, network, sweep, train; print(sweep.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(target / "dd2424_jax" / "sweep.py")
    assert not (target / "experiments").exists()
    assert not (target / "tests").exists()
