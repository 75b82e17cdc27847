from types import SimpleNamespace

import jax
import numpy as np
import optax
import pytest

from dd2424_jax import schedules, train
from tests import reference


def schedule(name, lr_min, lr_max, n_s=10, n_updates=100, decay=0.1, n_decay=0):
    config = SimpleNamespace(n_s=n_s, n_updates=n_updates, decay=decay, n_decay=n_decay)
    return schedules.SCHEDULES[name](config, train.Hypers(0.0, lr_min, lr_max))


@pytest.mark.parametrize("n_s", [1, 10, 500])
def test_triangular_hits_min_and_max_exactly(n_s):
    rate = schedule("triangular", 1e-5, 0.1, n_s)
    for cycle in range(3):
        assert rate(2 * cycle * n_s) == np.float32(1e-5)
        assert rate((2 * cycle + 1) * n_s) == np.float32(0.1)


def test_triangular_equals_the_assignments_formula(x64):
    rate, steps = schedule("triangular", 0.05, 0.1), np.arange(101)
    np.testing.assert_allclose(
        [rate(t) for t in steps], [reference.triangular(t, 0.05, 0.1, 10) for t in steps], rtol=1e-14
    )
    np.testing.assert_allclose(rate(steps), [rate(t) for t in steps], rtol=1e-14)


def test_triangular2_rises_half_as_high_in_every_cycle(x64):
    steps = np.arange(80)
    expected = [reference.triangular(t, 0.05, 0.05 + 0.05 / 2 ** (t // 20), 10) for t in steps]
    np.testing.assert_allclose(schedule("triangular2", 0.05, 0.1)(steps), expected, rtol=1e-14)


def test_cosine_is_optaxs_in_every_cycle(x64):
    of_cycle = optax.cosine_decay_schedule(0.1, 20, alpha=0.05 / 0.1)
    np.testing.assert_allclose(schedule("cosine", 0.05, 0.1)(np.arange(20)), of_cycle(np.arange(20)), rtol=1e-12)
    np.testing.assert_allclose(schedule("cosine", 0.05, 0.1)(np.arange(20, 40)), of_cycle(np.arange(20)), rtol=1e-12)


def test_one_cycle_is_optaxs(x64):
    expected = optax.cosine_onecycle_schedule(100, 0.1, pct_start=0.3, div_factor=4.0, final_div_factor=1.0)
    steps = np.arange(101)
    np.testing.assert_allclose(schedule("one_cycle", 0.025, 0.1)(steps), jax.vmap(expected)(steps), rtol=1e-12)


def test_step_decay_multiplies_after_every_n_steps(x64):
    rates = schedule("step_decay", 0.1, 0.1, n_decay=4)(np.arange(12))
    np.testing.assert_allclose(rates, [0.1] * 4 + [0.01] * 4 + [0.001] * 4, rtol=1e-12)
    of_thirds = schedule("step_decay", 0.1, 0.1, n_updates=10, decay=0.5)(np.arange(10))
    np.testing.assert_allclose(of_thirds, [0.1] * 4 + [0.05] * 4 + [0.025] * 2, rtol=1e-12)


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_rates_lie_between_lr_min_and_lr_max(name):
    rates = schedule(name, 0.01, 0.1, n_s=7, decay=0.5)(np.arange(100))
    assert np.min(rates) >= np.float32(0.01)
    assert np.max(rates) == pytest.approx(0.1)


@pytest.mark.parametrize("name", [name for name in schedules.SCHEDULES if name != "step_decay"])
def test_equal_rates_are_constant(name):
    np.testing.assert_allclose(schedule(name, 0.01, 0.01, 7)(np.arange(50)), 0.01, rtol=1e-6)


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_new_rates_do_not_recompile(name):
    compiled = []

    @jax.jit
    def rate(lr_min, lr_max, step):
        compiled.append(1)
        return schedule(name, lr_min, lr_max)(step)

    once, twice = rate(0.02, 0.1, 8), rate(0.04, 0.2, 8)
    assert twice == pytest.approx(2 * float(once))
    assert len(compiled) == 1
