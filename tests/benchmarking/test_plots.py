import numpy as np
import pytest

from dd2424_jax.benchmarking import plots
from dd2424_jax.reporting.plots import figure


@pytest.fixture
def ax():
    return figure(1, 1, "title")[1][0, 0]


def test_growth_is_log_log_with_its_floor(ax):
    sizes, values = [1, 10, 100], [[9.0, 10.0, 12.0], [90.0, 100.0, 130.0], [900.0, 1000.0, 1500.0]]
    assert plots.growth(ax, sizes, values, [5.0, 50.0, 500.0], x="λ at once", y="µs") is ax
    measured, floor = ax.lines
    np.testing.assert_array_equal(measured.get_ydata(), [10.0, 100.0, 1000.0])
    np.testing.assert_array_equal(floor.get_ydata(), [5.0, 50.0, 500.0])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10", "100"]
    assert measured.get_linestyle() != floor.get_linestyle()  # distinct without colour


def test_bars_are_named_and_the_first_is_marked(ax):
    assert plots.bars(ax, {"this": 2.0, "other": 5.0}, floor=1.5, x="µs") is ax
    first, second = ax.patches
    assert (first.get_width(), second.get_width()) == (2.0, 5.0)
    assert first.get_hatch()
    assert not second.get_hatch()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["this", "other"]
