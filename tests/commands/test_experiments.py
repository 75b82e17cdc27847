"""The scripts as their users meet them: as processes, with flags, files, and an exit status."""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.commands.scripts import ROOT, SMALL, TINY, call, command, environment, fails, once, run

EPOCHS = [*SMALL, "--n_epochs=3"]
SCRIPTS = {
    "assignment1": EPOCHS,
    "exercise2": EPOCHS,
    "exercise3": TINY,
    "exercise4": TINY,
    "coarse_search": TINY,
    "fine_search": [*TINY, "--lam_min=0.001", "--lam_max=0.1"],
    "final_model": [*TINY, "--lam=0.01"],
}
N_SETTINGS = {"assignment1": 4, "coarse_search": 8, "fine_search": 10}  # where there are several
FIGURES = {  # beside the learning curves
    "assignment1": ["templates", "confusion"],
    "coarse_search": ["search"],
    "fine_search": ["search"],
    "final_model": ["weights", "confusion"],
}
SEARCHES = ("coarse_search", "fine_search", "exercise2")  # without a test accuracy


@pytest.fixture(scope="module", params=SCRIPTS)
def finished(request, tmp_path_factory):
    script = request.param
    return script, *once(tmp_path_factory, script, lambda cwd: run(script, *SCRIPTS[script], cwd=cwd))


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
    assert curves["step"].tolist() == ([0, 13, 27, 40] if SCRIPTS[script] == EPOCHS else [0, 4, 8, 12])
    with open(path / "runs.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * n_settings
    assert setting["valid_accuracy"]["mean"] == pytest.approx(np.mean([float(r["valid_accuracy"]) for r in rows[:2]]))
    # A search has no test accuracy.
    assert ("test_accuracy" in setting) == ("test_accuracy" in rows[0]) == (script not in SEARCHES)


def test_synthetic_is_said_everywhere(finished):
    _, path, done = finished
    for file in ("config.json", "runs.csv", "summary.json", "table.md", "table.tex"):
        assert "synthetic" in (path / file).read_text().lower()
    for file in ("curves.npz", "params.npz"):
        assert np.load(path / file)["dataset"] == "synthetic"
    assert "SYNTHETIC" in done.stderr
    assert "SYNTHETIC" in done.stdout


def test_the_same_command_finds_the_run(finished):
    script, path, done = finished
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}
    again_path, again = run(script, *SCRIPTS[script], cwd=path.parents[2])
    assert (again_path, again.stdout) == (path, done.stdout)
    assert before == {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}


def test_every_schedule_is_shown(tmp_path):
    path, done = run("schedule", "--n_s=5", "--n_steps=20", "--decay=0.5", cwd=tmp_path)
    shown = np.load(path / "curves.npz")
    np.testing.assert_allclose(shown["triangular"][:11:5], [0.05, 0.1, 0.05], rtol=1e-6)
    np.testing.assert_allclose(shown["constant"], 0.1, rtol=1e-6)
    assert shown["step_decay"].shape == (21,)
    assert "triangular" in done.stdout
    assert {"schedule.png", "schedule.pdf", "table.md", "summary.json"} <= {file.name for file in path.iterdir()}


@pytest.mark.parametrize("finished", ["exercise2"], indirect=True)
def test_exercise_2_says_whether_gradients_are_right_and_the_network_overfits(finished):
    _, path, done = finished
    assert "PASS: all 28 gradients." in done.stdout
    assert "FAIL: the largest training loss" in done.stdout  # three epochs are too few
    assert json.loads((path / "summary.json").read_text())["overfits"] is False


def test_lam_is_a_comma_list_and_repeatable(tmp_path):
    path, _ = run("exercise3", *TINY, "--lam=0,0.1", "--lam=0.2", "--hidden=5,4", "--name=mine", cwd=tmp_path)
    assert path.name == "mine"
    with open(path / "runs.csv") as file:
        assert [row["lam"] for row in csv.DictReader(file)] == ["0.0", "0.0", "0.1", "0.1", "0.2", "0.2"]
    assert np.load(path / "params.npz")["W2"].shape == (3, 2, 4, 5)


def test_another_loss_has_settings_of_its_own(tmp_path):
    path, done = run("assignment1", *EPOCHS, "--loss=sigmoid", "--init=normal_bias", cwd=tmp_path)
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


def test_help_tells_every_flag_its_meaning():
    said = call("coarse_search", "--help", cwd=ROOT).stdout
    flags = "dataset data_dir out_dir name [no]force seed n_seeds lam lr_min lr_max n_s n_cycles n_batch hidden"
    for flag in [*flags.split(), "n_train", "n_valid"]:
        assert re.search(rf"--{re.escape(flag)}: \S+", said), flag
