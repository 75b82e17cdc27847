import pytest

from dd2424_jax.reporting import two_layer
from tests.reporting.results import concluded, near


@pytest.fixture
def result():
    return concluded([0.1], scores=near(0.4), test=True)


def test_time_is_that_of_the_first_evaluation_that_reaches_a_level(result):
    result.outcome.valid.accuracy[0] = [[0.1, 0.53, 0.56]]
    result.outcome.seconds[:] = 8.0
    (row,) = two_layer.time_to({"a": result}, "about").rows
    assert row == ["a", "4.0", "8.0", "–", "–", "8.0"]


def test_figures_have_a_line_a_name(result):
    lines = {"none": [result], "dropout": [result]}
    ax = two_layer.against_width(lines, "about").axes[0]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["5"]
    assert ax.get_legend_handles_labels()[1] == ["none", "dropout"]
    ax = two_layer.against_seconds({"a": result, "b": result}, "about").axes[0]
    assert ax.get_legend_handles_labels()[1] == ["a", "b"]
