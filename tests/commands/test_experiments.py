"""Every experiment as its users meet it: flags, files, what is said, and an exit status."""

import contextlib
import csv
import json
import re

import jax
import numpy as np
import pytest

from dd2424_jax import data, sweep
from dd2424_jax.app import commands
from dd2424_jax.names import WITH_MOMENTUM
from dd2424_jax.runs import result
from dd2424_jax.runs.plan import from_identity
from tests.commands.scripts import SMALL, TINY, fails, kill_here, once, run
from tests.commands.stubs import figures_as_text, small_gradient_check

EPOCHS = [*SMALL, "--n_epochs=3"]
EXTENTS = {  # by the flags of a script: how long it trains, and when it evaluates
    "define_epoch_flags": (EPOCHS, [0, 13, 27, 40]),
    "define_rise_flags": ([*SMALL, "--n_s=9", "--n_evals=3"], [0, 1, 4, 9]),
    "define_cycle_flags": (TINY, [0, 4, 8, 12]),
}
OTHERWISE = {  # with every optimizer, and without an earlier search
    "assignment1": ["--optimizer=momentum"],
    "exercise2": ["--optimizer=adam", "--lr=0.001"],
    "exercise3": ["--optimizer=nesterov", "--momentum=0.5"],
    "exercise4": ["--optimizer=adam"],
    "fine_search": ["--lam_min=0.001", "--lam_max=0.1", "--optimizer=momentum"],
    "final_model": ["--lam=0.01", "--optimizer=nesterov"],
    "lr_range_test": ["--lam=0,0.01", "--optimizer=adam"],
}
EXTENT = {
    name: next(extent for flags, extent in EXTENTS.items() if flags in script.read_text())
    for name, script in commands.scripts().items()
    if commands.trains(script) and "ablation.opened" not in script.read_text()  # these: test_extras.py
}
SCRIPTS = {name: [*flags, *OTHERWISE.get(name, [])] for name, (flags, _) in EXTENT.items()}
FIGURES = {  # beside the learning curves
    "assignment1": ["templates", "confusion"],
    "coarse_search": ["search"],
    "fine_search": ["search"],
    "final_model": ["weights", "confusion"],
}


RENDERED = ("assignment1", "coarse_search")  # and of the others, figures are tested in tests/reporting


def killed_and_resumed(script, cwd):
    """The run directory and what was said."""
    kill_here(script, *SCRIPTS[script], cwd=cwd, n_checkpoints=1)
    return run(script, *SCRIPTS[script], cwd=cwd)


@pytest.fixture(scope="module", params=SCRIPTS)
def finished(request, tmp_path_factory):
    script = request.param
    with contextlib.ExitStack() as stack:
        if script == "exercise2":
            stack.enter_context(small_gradient_check())
        if script not in RENDERED:
            stack.enter_context(figures_as_text())
        return script, *once(tmp_path_factory, script, lambda cwd: killed_and_resumed(script, cwd))


@pytest.fixture
def fast_figures():
    with figures_as_text():
        yield


def test_a_run_directory_holds_what_is_promised(finished):
    script, path, _ = finished
    promised = {"config.json", "runs.csv", "curves.npz", "params.npz", "summary.json", "table.md", "table.tex"}
    promised |= {"report.json", "curves.png", "curves.pdf", "figures.tex", "tables"}
    promised |= {f"{figure}.{form}" for figure in FIGURES.get(script, []) for form in ("png", "pdf")}
    names = {file.name for file in path.iterdir()}
    assert names == promised if script in OTHERWISE else names >= promised
    captions = (path / "figures.tex").read_text()
    assert {f"{name}.pdf" for name in re.findall(r"{(\w+)\.pdf}", captions)} == {
        name for name in names if "pdf" in name
    }
    inputs = re.findall(r"\\input{(tables/\w+)}", (path / "table.tex").read_text())
    assert {path / f"{name}.tex" for name in inputs} == {*(path / "tables").iterdir()}
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
    n_settings = len(config["identity"]["hypers"]["lam"])
    assert len(summary["settings"]) == n_settings == {"assignment1": 4, "fine_search": 10}.get(script, n_settings)
    assert summary["timing"].keys() >= {"compile_seconds", "run_seconds"}
    setting = summary["settings"][0]
    assert setting["valid_accuracy"].keys() == {"mean", "sd", "ci95"}
    curves = np.load(path / "curves.npz")
    assert curves["valid_loss"].shape == (n_settings, 2, 4)
    assert curves["step"].tolist() == EXTENT[script][1]
    with open(path / "runs.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * n_settings
    assert setting["valid_accuracy"]["mean"] == pytest.approx(np.mean([float(r["valid_accuracy"]) for r in rows[:2]]))
    # A search has no test accuracy.
    assert ("test_accuracy" in setting) == ("test_accuracy" in rows[0]) == (config["dataset"]["n_test"] > 0)
    optimizer = config["flags"]["optimizer"]
    assert ("momentum" in setting) == ("momentum" in rows[0]) == (optimizer in WITH_MOMENTUM)


def test_killed_and_resumed_it_ends_with_the_numbers_of_its_plan(finished):
    _, path, done = finished
    assert "resumed from update" in done.stderr
    identity = json.loads((path / "config.json").read_text())["identity"]
    plan = from_identity(identity, data.load("synthetic", None))
    expected = sweep.run(plan.config, plan.hypers, plan.seeds, plan.splits, devices=jax.devices()[:2])
    actual = result.read_arrays(path, plan)
    seconds = {"compile_seconds": 0.0, "seconds": None}
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5),  # of float32, on other devices
        actual._replace(**seconds),
        expected._replace(**seconds),
    )


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
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.rglob("*.*")}
    again_path, again = run(script, *SCRIPTS[script], cwd=path.parents[2])
    assert (again_path, again.stdout) == (path, done.stdout)
    assert before == {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.rglob("*.*")}


@pytest.mark.parametrize("finished", ["exercise2"], indirect=True)
def test_exercise_2_says_whether_gradients_are_right_and_the_network_overfits(finished):
    _, path, done = finished
    assert "PASS: all 16 gradients." in done.stdout
    assert "FAIL: the largest training loss" in done.stdout  # three epochs are too few
    assert json.loads((path / "summary.json").read_text())["overfits"] is False


def test_every_schedule_is_shown(tmp_path):
    path, done = run("schedule", "--n_s=5", "--n_steps=20", "--decay=0.5", cwd=tmp_path)
    shown = np.load(path / "curves.npz")
    np.testing.assert_allclose(shown["triangular"][:11:5], [0.05, 0.1, 0.05], rtol=1e-6)
    np.testing.assert_allclose(shown["constant"], 0.1, rtol=1e-6)
    assert shown["step_decay"].shape == (21,)
    assert "triangular" in done.stdout
    assert {"schedule.png", "schedule.pdf", "table.md", "summary.json"} <= {file.name for file in path.iterdir()}


@pytest.mark.usefixtures("fast_figures")
def test_lists_are_comma_lists_and_repeatable_and_a_name_is_the_directorys(tmp_path):
    given = ["--lam=0,0.1", "--lam=0.2", "--lr_max=0.1,0.2,0.3", "--hidden=5,4", "--name=mine"]
    path, done = run("exercise3", *TINY, *given, cwd=tmp_path)
    assert path.name == "mine"
    with open(path / "runs.csv") as file:
        rows = [(row["lam"], row["lr_max"]) for row in csv.DictReader(file)]
    assert rows[::2] == rows[1::2] == [("0.0", "0.1"), ("0.1", "0.2"), ("0.2", "0.3")]
    assert "| λ   | η_max |" in done.stdout
    assert np.load(path / "params.npz")["W2"].shape == (3, 2, 4, 5)


@pytest.mark.usefixtures("fast_figures")
def test_another_loss_has_settings_of_its_own(tmp_path):
    path, done = run("assignment1", *EPOCHS, "--loss=sigmoid", "--bias_std=0.01", cwd=tmp_path)
    settings = json.loads((path / "summary.json").read_text())["settings"]
    assert [setting["lr_max"] for setting in settings] == [0.1, 0.01, 0.01, 0.01]
    assert "not CIFAR-10, 2 seeds; n_batch = 30; bias_std = 0.01; sigmoid; n_epochs = 3" in done.stdout
    assert re.search(r"\| λ +\| +η \| epochs \| n_batch \|", done.stdout)
    assert np.all(np.load(path / "params.npz")["b1"])
    assert json.loads((path / "config.json").read_text())["flags"]["lr"] == [0.1, 0.01, 0.01, 0.01]


def test_learning_rates_and_lams_must_pair_up(tmp_path):
    assert "--lr has 2 values and --lam 4" in fails("assignment1", "--lr=0.1,0.2", cwd=tmp_path)


@pytest.mark.usefixtures("fast_figures")
def test_diverged_runs_are_reported(tmp_path):
    path, done = run("coarse_search", *TINY, "--lam=0.01,1000", "--lr_min=1", "--lr_max=1", cwd=tmp_path)
    first, second = json.loads((path / "summary.json").read_text())["settings"]
    assert (first["diverged"], second["diverged"]) == (0, 2)
    assert "Diverged and left out: λ = 1e+03 at a learning rate of up to 1 (2 seeds)." in done.stdout
    assert second["valid_accuracy"] == {"mean": None, "sd": None, "ci95": [None, None]}
    assert "diverged" in done.stdout
    with open(path / "runs.csv") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok", "ok", "diverged", "diverged"]


@pytest.mark.usefixtures("fast_figures")
def test_without_network_and_data_auto_takes_the_stand_in(tmp_path):
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path, done = run("exercise3", *TINY[1:], cwd=tmp_path, **cache)
    assert "SYNTHETIC" in " ".join(done.stderr.splitlines()[:3])
    assert json.loads((path / "summary.json").read_text())["dataset"]["name"] == "synthetic"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--n_valid=10001"], "n_valid=10001"),
        (["--valid_batches=", "--n_valid=10000"], "n_valid=10000"),
        (["--train_batches=7"], "[7, 2]"),
        (["--train_batches=2"], "twice"),
        (["--devices=99"], "--devices=99"),
        (["--name=../x"], "--name"),
        (["--name="], "--name"),
        (["--out_dir=~nobody-at-all/x"], "there is no such home"),
        (["--n_seeds=1000000000"], "TB of"),
        (["--hidden=1000000000000000000"], "PB of"),
        (["--n_cycles=1000000000000"], "updates are too many"),
        (["--devices=1000000000"], "--devices=1000000000"),
        (["--flagfile=/bin/ls"], "can't decode"),
        (["--flagfile=/dev/full"], "--flagfile=/dev/full is no file"),
        (["--stderrthreshold=foo"], "stderrthreshold"),
        (["--n_evals=1000000", "--n_s=1000000"], "evaluations of a run are too many"),
        (["--out_dir=/proc/nowhere"], "--out_dir"),
    ],
)
def test_what_only_the_data_or_the_machine_shows_is_one_line_too(tmp_path, flags, says):
    assert says in fails("exercise3", *TINY, "--n_train=50", *flags, cwd=tmp_path)


def test_no_network_with_cifar10_is_one_line(tmp_path):
    said = fails("exercise3", "--dataset=cifar10", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert "no network" in said
    assert "--data_dir" in said


def test_a_damaged_batch_is_one_line(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"\x80\x02}")
    assert "data_batch_1" in fails("exercise3", cwd=tmp_path, DD2424_DATA_DIR=str(tmp_path))
