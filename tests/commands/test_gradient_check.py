"""The gradient check's exit status; what it computes is tested in tests/gradients."""

import pytest

from dd2424_jax import network
from tests.commands.scripts import call_here, run

LINEAR = ["--dataset=synthetic", "--network=linear", "--loss=softmax"]


@pytest.mark.usefixtures("optimized")
def test_right_gradients_pass(tmp_path):
    path, done = run("gradient_check", *LINEAR, cwd=tmp_path)
    assert "PASS: all 14 gradients." in done.stdout
    assert {"table.md", "table.tex", "step_sizes.png", "summary.json"} <= {file.name for file in path.iterdir()}


@pytest.mark.usefixtures("optimized")
def test_a_wrong_gradient_fails_with_status_1(tmp_path, monkeypatch):
    right = network.gradients

    def spoiled(params, X, Y, lam, *, loss):
        return right(params, X, Y, lam / 2, loss=loss)  # 2 λ W without the 2

    monkeypatch.setattr(network, "gradients", spoiled)
    from dd2424_jax.gradients import cases

    cases.four_ways.clear_cache()
    cases.two_ways.clear_cache()
    for _ in range(2):  # computed, and found again
        done = call_here("gradient_check", *LINEAR, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "FAIL: linear, softmax" in done.stdout
    cases.four_ways.clear_cache()
    cases.two_ways.clear_cache()
