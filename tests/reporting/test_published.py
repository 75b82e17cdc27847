import numpy as np
import pytest

from dd2424_jax.reporting import plots, published
from dd2424_jax.stats import estimate


def test_accuracy_over_seeds_stands_beside_that_over_authors():
    table = published.comparison("caption", estimate([0.45, 0.46, 0.47]), published.EXERCISE3)
    ours, theirs, official = table.rows
    assert ours[1:] == ["3", "46.00 ± 1.00", "43.52 to 48.48"]
    assert theirs[1:] == ["22", "45.99 ± 0.51", "45.7 to 46.1"]
    assert "interquartile range" in theirs[0]
    assert official[1:] == ["2", "45.85 and 46.29", "–"]


@pytest.mark.parametrize("others", [published.EXERCISE3, published.EXERCISE4, published.FINAL])
def test_published_numbers_agree_with_each_other(others):
    low, high = others.interquartile
    assert low < others.mean < high
    assert high - low < 3 * others.sd


def test_published_searches_are_two_more_lines():
    _, ((ax,),) = plots.figure(1, 1, "title")
    published.overlay(ax)
    for line, points in zip(ax.lines, (published.DECADES, published.DRAWS), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)
    assert len(ax.get_legend().get_texts()) == 2
