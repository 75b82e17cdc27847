"""The gradient check's exit status; what it computes is tested in tests/gradients."""

import csv

import pytest

from dd2424_jax import network
from dd2424_jax.gradients import checks
from tests.commands.scripts import call_here, run
from tests.commands.stubs import small_gradient_check

LINEAR = ["--dataset=synthetic", "--network=linear", "--loss=softmax", "--n_draws=2"]


@pytest.fixture(autouse=True)
def small():
    with small_gradient_check():
        yield


@pytest.fixture
def wrong_gradients(monkeypatch):
    """λ W where the penalty's gradient is 2 λ W."""
    right = network.gradients
    monkeypatch.setattr(network, "gradients", lambda params, X, Y, lam, **parts: right(params, X, Y, lam / 2, **parts))
    checks.two_ways.clear_cache()
    yield
    checks.two_ways.clear_cache()


def test_right_gradients_pass(tmp_path):
    path, done = run("gradient_check", *LINEAR, cwd=tmp_path)
    assert "PASS: all 8 gradients, in each of 2 draws." in done.stdout
    assert {"table.md", "table.tex", "step_sizes.png", "summary.json"} <= {file.name for file in path.iterdir()}
    with open(path / "errors.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["parameter"], row["seed"]) for row in rows[:4]] == [("W1", "0"), ("b1", "0"), ("W1", "1"), ("b1", "1")]
    assert len(rows) == 16
    assert {row["passed"] for row in rows} == {"True"}


@pytest.mark.usefixtures("wrong_gradients")
def test_a_wrong_gradient_fails_with_status_1(tmp_path):
    for _ in range(2):  # computed, and shown again
        done = call_here("gradient_check", *LINEAR, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "FAIL: linear, softmax, by seed 0, 1." in done.stdout
