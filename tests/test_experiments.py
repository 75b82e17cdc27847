"""The scripts as their users meet them: as processes, with flags, files, and an exit status."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
SMALL = ["--dataset=synthetic", "--n_train=400", "--n_valid=200", "--n_seeds=2", "--n_batch=30"]  # 30 divides no 400
TINY = [*SMALL, "--n_s=6", "--n_cycles=1", "--n_evals=3"]
SCRIPTS = {"coarse_search": TINY, "exercise3": TINY, "exercise4": TINY, "assignment1": [*SMALL, "--n_epochs=3"]}
N_SETTINGS = {"coarse_search": 8, "assignment1": 4}  # where there are several
FIGURES = {"coarse_search": ["search"], "assignment1": ["templates", "confusion"]}  # beside the learning curves


def command(script, *flags):
    return [sys.executable, str(ROOT / "experiments" / f"{script}.py"), *flags]


def environment(**changes):
    """Without data, and without a network to get it from. XLA optimises little: here it is about flags and files."""
    nowhere = "http://127.0.0.1:9"
    clean = {key: value for key, value in os.environ.items() if key not in ("DD2424_DATA_DIR", "XDG_CACHE_HOME")}
    return (
        clean
        | {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "", "HOME": "/nonexistent"}
        | QUICK
        | changes
    )


def call(script, *flags, cwd, **changes):
    return subprocess.run(
        command(script, *flags), cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=300
    )


def run(script, *flags, cwd, **changes):
    """The run directory and all that was said."""
    done = call(script, *flags, cwd=cwd, **changes)
    assert done.returncode == 0, done.stderr
    return Path(cwd) / done.stdout.splitlines()[-1], done


def fails(script, *flags, cwd, **changes):
    """The one line on standard error."""
    done = call(script, *flags, cwd=cwd, **changes)
    assert done.returncode not in (0, -signal.SIGKILL)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith(f"{script}.py: ")
    return lines[0]


@pytest.fixture(scope="module", params=SCRIPTS)
def finished(request, tmp_path_factory):
    cwd = tmp_path_factory.mktemp(request.param)
    return request.param, *run(request.param, *SCRIPTS[request.param], cwd=cwd)


def test_a_run_directory_holds_what_is_promised(finished):
    script, path, _ = finished
    promised = {"config.json", "runs.csv", "curves.npz", "params.npz", "summary.json", "table.md", "table.tex"}
    promised |= {"curves.png", "curves.pdf"}
    promised |= {f"{figure}.{form}" for figure in FIGURES.get(script, []) for form in ("png", "pdf")}
    assert {file.name for file in path.iterdir()} == promised
    assert path.parts[-3:-1] == ("results", script)
    assert (path.parent / "latest").resolve() == path.resolve()
    config = json.loads((path / "config.json").read_text())
    assert config["flags"]["n_batch"] == 30
    assert config["flags"]["dataset"] == "synthetic"
    assert config["dataset"]["n_train"] == 400
    assert config["versions"]["jax"]
    assert config["command"][1].endswith(f"{script}.py")
    summary = json.loads((path / "summary.json").read_text())
    assert summary["experiment"] == script
    n_settings = N_SETTINGS.get(script, 1)
    assert len(summary["settings"]) == n_settings
    assert summary["timing"].keys() >= {"compile_seconds", "run_seconds"}
    setting = summary["settings"][0]
    assert setting["valid_accuracy"].keys() == {"mean", "sd", "ci95"}
    curves = np.load(path / "curves.npz")
    assert curves["valid_loss"].shape == (n_settings, 2, 4)
    assert curves["step"].tolist() == ([0, 13, 27, 40] if script == "assignment1" else [0, 4, 8, 12])
    with open(path / "runs.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * n_settings
    assert setting["valid_accuracy"]["mean"] == pytest.approx(np.mean([float(r["valid_accuracy"]) for r in rows[:2]]))
    # A search has no test accuracy.
    assert ("test_accuracy" in setting) == ("test_accuracy" in rows[0]) == (script != "coarse_search")


def test_synthetic_is_said_everywhere(finished):
    _, path, done = finished
    for file in ("config.json", "runs.csv", "summary.json", "table.md", "table.tex"):
        assert "synthetic" in (path / file).read_text().lower()
    for file in ("curves.npz", "params.npz"):
        assert np.load(path / file)["dataset"] == "synthetic"
    assert "SYNTHETIC" in done.stderr
    assert "SYNTHETIC" in done.stdout


def test_the_same_command_finds_the_run_and_another_one_leaves_it(finished):
    script, path, done = finished
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}
    cwd = path.parents[2]
    again_path, again = run(script, *SCRIPTS[script], cwd=cwd)
    assert (again_path, again.stdout) == (path, done.stdout)
    other, _ = run(script, *SCRIPTS[script], "--seed=5" if script == "assignment1" else "--lr_max=0.05", cwd=cwd)
    assert other != path
    assert before == {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}


def test_lam_is_a_comma_list_and_repeatable(tmp_path):
    path, _ = run("exercise3", *TINY, "--lam=0,0.1", "--lam=0.2", "--hidden=5,4", "--name=mine", cwd=tmp_path)
    assert path.name == "mine"
    with open(path / "runs.csv") as file:
        assert [row["lam"] for row in csv.DictReader(file)] == ["0.0", "0.0", "0.1", "0.1", "0.2", "0.2"]
    assert np.load(path / "params.npz")["W2"].shape == (3, 2, 4, 5)


def test_another_loss_has_settings_of_its_own(tmp_path):
    path, done = run("assignment1", *SCRIPTS["assignment1"], "--loss=sigmoid", "--init=normal_bias", cwd=tmp_path)
    settings = json.loads((path / "summary.json").read_text())["settings"]
    assert [setting["lr_max"] for setting in settings] == [0.1, 0.01, 0.01, 0.01]
    assert "Assignment 1, sigmoid" in done.stdout
    assert np.all(np.load(path / "params.npz")["b1"])
    assert json.loads((path / "config.json").read_text())["flags"]["lr"] == ["0.1,0.01,0.01,0.01"]


def test_learning_rates_and_lams_must_pair_up(tmp_path):
    assert "--lr has 2 values and --lam 4" in fails("assignment1", "--lr=0.1,0.2", cwd=tmp_path)


LINEAR = ["--dataset=synthetic", "--network=linear", "--loss=softmax"]


def test_the_gradient_check_passes(tmp_path):
    path, done = run("gradient_check", *LINEAR, cwd=tmp_path)
    assert "PASS: all 14 gradients." in done.stdout
    assert {"table.md", "table.tex", "step_sizes.png", "summary.json"} <= {file.name for file in path.iterdir()}


def test_a_wrong_gradient_fails_with_status_1(tmp_path):
    spoiled = f"""
import runpy, sys
from dd2424_jax import network
right = network.gradients
network.gradients = lambda params, X, Y, lam, *, loss: right(params, X, Y, lam / 2, loss=loss)  # 2 λ W without the 2
sys.argv = {command("gradient_check", *LINEAR)[1:]!r}
sys.path.insert(0, {str(ROOT / "experiments")!r})
runpy.run_path(sys.argv[0], run_name="__main__")
"""
    for _ in range(2):  # computed, and found again
        done = subprocess.run(
            [sys.executable, "-c", spoiled],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 1, done.stderr
        assert "FAIL: linear, softmax" in done.stdout
        assert "Traceback" not in done.stderr


def test_diverged_runs_are_reported(tmp_path):
    path, done = run("coarse_search", *TINY, "--lam=0.01,1000", "--lr_min=1", "--lr_max=1", cwd=tmp_path)
    first, second = json.loads((path / "summary.json").read_text())["settings"]
    assert (first["diverged"], second["diverged"]) == (0, 2)
    assert "Diverged and left out: λ = 1e+03 at a learning rate of up to 1 (2 seeds)." in done.stdout
    assert second["valid_accuracy"] == {"mean": None, "sd": None, "ci95": [None, None]}
    assert "diverged" in done.stdout
    with open(path / "runs.csv") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok", "ok", "diverged", "diverged"]


def test_without_network_and_data_auto_goes_on_with_the_stand_in(tmp_path):
    path, done = run("exercise3", *TINY, "--dataset=auto", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert "SYNTHETIC" in " ".join(done.stderr.splitlines()[:3])
    assert json.loads((path / "summary.json").read_text())["dataset"]["name"] == "synthetic"


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--dataset=mnist", "dataset"),
        ("--lam=-0.1", "lam"),
        ("--lam=0.1,x", "lam"),
        ("--lam=nan", "lam"),
        ("--lam=", "lam"),
        ("--lr_min=0.2", "lr_min"),
        ("--lr_max=inf", "lr_max"),
        ("--lr_max=nan", "lr_max"),
        ("--lr_max=-1", "lr_max"),
        ("--n_batch=10001", "n_batch"),
        ("--n_batch=0", "n_batch"),
        ("--n_batch=1.5", "n_batch"),
        ("--n_seeds=0", "n_seeds"),
        ("--seed=-1", "seed"),
        ("--seed=4294967296", "seed"),
        ("--seed=4294967295", "seed"),  # the second one would be out of range
        ("--n_s=0", "n_s"),
        ("--n_cycles=0", "n_cycles"),
        ("--n_evals=1001", "n_evals"),
        ("--hidden=50,0", "hidden"),
        ("--hidden=fifty", "hidden"),
        ("--lr-max=0.1", "lr_max"),
        ("stray", "stray"),
    ],
)
def test_a_wrong_flag_is_one_line(tmp_path, flag, says):
    assert says in fails("exercise3", flag, cwd=tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--n_valid=10001"], "n_valid=10001"),
        (["--valid_batches=", "--n_valid=10000"], "n_valid=10000"),
        (["--train_batches=7"], "[7, 2]"),
        (["--train_batches=2"], "twice"),
        (["--devices=99"], "--devices=99"),
        (["--name=../x"], "--name"),
        (["--out_dir=/proc/nowhere"], "--out_dir"),
    ],
)
def test_what_only_the_data_or_the_machine_shows_is_one_line_too(tmp_path, flags, says):
    devices = {} if "--devices=99" not in flags else {"JAX_NUM_CPU_DEVICES": "2"}
    assert says in fails("exercise3", *TINY, "--n_train=50", *flags, cwd=tmp_path, **devices)


def test_no_network_with_cifar10_is_one_line(tmp_path):
    said = fails("exercise3", "--dataset=cifar10", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert "no network" in said
    assert "--data_dir" in said


def test_a_damaged_batch_is_one_line(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"\x80\x02}")
    assert "data_batch_1" in fails("exercise3", cwd=tmp_path, DD2424_DATA_DIR=str(tmp_path))


LONG = [*TINY, "--n_s=150", "--n_evals=50", "--lam=0.001,0.01", "--runs_at_once=2"]


def started(cwd, after):
    """A coarse search in two chunks, and its run directory, once the checkpoint `after` is there."""
    process = subprocess.Popen(
        command("coarse_search", *LONG), cwd=cwd, env=environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (found := list(Path(cwd).glob(f"results/coarse_search/*/{after}"))):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process, found[0].parent


def test_after_kill_9_the_same_command_ends_with_the_same_numbers(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    expected, _ = run("coarse_search", *LONG, cwd=tmp_path / "whole")
    for after in ("checkpoint-000.npz", "checkpoint-001.npz"):
        process, path = started(tmp_path / "killed", after)
        process.kill()
        process.wait()
        process.stderr.close()
        assert not (path / "summary.json").exists()
        assert not (path.parent / "latest").exists()
    found, done = run("coarse_search", *LONG, cwd=tmp_path / "killed")
    assert "going on from update 300 of 300" in done.stderr  # the first chunk
    assert found == path
    assert (found / "runs.csv").read_bytes() == (expected / "runs.csv").read_bytes()
    assert sorted(file.name for file in found.iterdir()) == sorted(file.name for file in expected.iterdir())


def test_ctrl_c_says_how_to_go_on(tmp_path):
    process, path = started(tmp_path, "checkpoint-000.npz")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "the same command goes on" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not (path / "summary.json").exists()


def test_ctrl_c_during_the_imports_is_clean(tmp_path):
    process = subprocess.Popen(
        command("exercise3", *TINY), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_help_tells_every_flag_its_meaning():
    said = call("coarse_search", "--help", cwd=ROOT).stdout
    flags = "dataset data_dir out_dir name [no]force seed n_seeds lam lr_min lr_max n_s n_cycles n_batch hidden"
    for flag in [*flags.split(), "n_train", "n_valid"]:
        assert re.search(rf"--{re.escape(flag)}: \S+", said), flag
