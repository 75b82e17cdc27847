"""The gradient check's exit status; what it computes is tested in tests/gradients."""

import pytest

from dd2424_jax import network
from dd2424_jax.gradients import cases
from tests.commands.scripts import call_here, run
from tests.commands.stubs import small_gradient_check

LINEAR = ["--dataset=synthetic", "--network=linear", "--loss=softmax"]


@pytest.fixture(autouse=True)
def small():
    with small_gradient_check():
        yield


@pytest.fixture
def wrong_gradients(monkeypatch):
    """λ W where the penalty's gradient is 2 λ W."""
    right = network.gradients
    monkeypatch.setattr(network, "gradients", lambda params, X, Y, lam, **parts: right(params, X, Y, lam / 2, **parts))
    for compiled in (cases.four_ways, cases.two_ways):
        compiled.clear_cache()
    yield
    for compiled in (cases.four_ways, cases.two_ways):
        compiled.clear_cache()


def test_right_gradients_pass(tmp_path):
    path, done = run("gradient_check", *LINEAR, cwd=tmp_path)
    assert "PASS: all 8 gradients." in done.stdout
    assert {"table.md", "table.tex", "step_sizes.png", "summary.json"} <= {file.name for file in path.iterdir()}


@pytest.mark.usefixtures("wrong_gradients")
def test_a_wrong_gradient_fails_with_status_1(tmp_path):
    for _ in range(2):  # computed, and shown again
        done = call_here("gradient_check", *LINEAR, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "FAIL: linear, softmax" in done.stdout
