import jax
import numpy as np
import pytest

from dd2424_jax import schedules
from tests import reference


@pytest.mark.parametrize("n_s", [1, 10, 500])
def test_triangular_hits_min_and_max_exactly(n_s):
    schedule = schedules.triangular(1e-5, 0.1, n_s)
    for cycle in range(3):
        assert schedule(2 * cycle * n_s) == np.float32(1e-5)
        assert schedule((2 * cycle + 1) * n_s) == np.float32(0.1)


def test_triangular_equals_the_assignments_formula(x64):
    schedule = schedules.triangular(0.05, 0.1, 10)
    steps = np.arange(101)
    np.testing.assert_allclose(
        [schedule(t) for t in steps], [reference.triangular(t, 0.05, 0.1, 10) for t in steps], rtol=1e-14
    )
    np.testing.assert_allclose(schedule(steps), [schedule(t) for t in steps], rtol=1e-14)


def test_triangular_with_equal_rates_is_constant():
    np.testing.assert_allclose(schedules.triangular(0.01, 0.01, 7)(np.arange(50)), 0.01, rtol=1e-6)


def test_triangular_does_not_recompile_for_new_rates():
    compiled = []

    @jax.jit
    def rate(lr_min, lr_max, step):
        compiled.append(1)
        return schedules.triangular(lr_min, lr_max, 10)(step)

    assert rate(0.0, 0.1, 10) == np.float32(0.1)
    assert rate(0.0, 0.3, 10) == np.float32(0.3)
    assert len(compiled) == 1


def test_step_decay_multiplies_after_every_n_steps(x64):
    rates = schedules.step_decay(0.1, 0.1, 4)(np.arange(12))
    np.testing.assert_allclose(rates, [0.1] * 4 + [0.01] * 4 + [0.001] * 4, rtol=1e-12)
