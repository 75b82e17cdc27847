import os
import subprocess
import sys

import numpy as np
import pytest

from dd2424_jax.reporting import plots
from tests.reporting.results import STEP, drawn

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def ax():
    return plots.figure(1, 1, "title")[1][0, 0]


def test_a_learning_rate_is_under_its_schedules_name(ax):
    plots.learning_rate(ax, STEP, STEP / 10, "a")
    assert ax.get_title() == "a"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), STEP / 10)


def test_a_template_puts_the_channels_and_rows_where_they_belong(ax):
    w = np.zeros((3, 32, 32))
    w[2, 5, 7] = 3.0  # blue, sixth row, eighth column
    plots.template(ax, w.reshape(-1))
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(shown[5, 7], [0, 0, 1])
    assert np.sum(shown) == 1


def test_a_confusion_matrix_has_true_classes_in_rows(ax):
    plots.confusion(ax, np.array([[0.9, 0.1], [0.4, 0.6]]), ["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["90", "10", "40", "60"]
    assert ax.texts[1].get_position() == (1, 0)  # cats taken for dogs: first row, second column
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog"]
    assert (ax.get_xlabel(), ax.get_ylabel()[:10]) == ("predicted", "true class")


def test_step_sizes_are_log_log_and_the_chosen_ones_marked(ax):
    plots.step_sizes(ax, [1e-6, 1e-5], [1e-10, 1e-9], [1e-6, 1e-5], chosen=[1e-6])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    centred, forward, mark = ax.lines
    np.testing.assert_array_equal(centred.get_ydata(), [1e-10, 1e-9])
    np.testing.assert_array_equal(forward.get_ydata(), [1e-6, 1e-5])
    assert mark.get_xdata()[0] == 1e-6
    assert centred.get_linestyle() != forward.get_linestyle()  # distinct without colour


def test_figures_do_not_depend_on_the_users_matplotlibrc(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 30\n")
    program = """if True:
        import matplotlib, dd2424_jax.reporting.plots
        print(matplotlib.rcParams["text.usetex"], matplotlib.rcParams["font.size"])"""
    environment = os.environ | {"MATPLOTLIBRC": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False 9.0\n"


def test_no_title_or_legend_leaves_the_figure():
    title = "Search: " + "; ".join(f"n_{flag} = {1000 * flag}" for flag in range(20))
    fig, ((ax,),) = plots.figure(1, 1, title)
    for i in range(12):
        ax.plot([0, 1], [i, i], label=f"λ = 0.00{i}, $\\eta_{{\\mathrm{{max}}}}$ = 0.1")
    plots.legend(fig, ax)
    drawn(fig)
    width, height = fig.bbox.size
    boxes = [own.get_window_extent() for own in (fig.legends[0], *fig.texts)]
    assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in boxes)
    assert plots.title(fig) == title


@pytest.mark.parametrize(
    ("names", "symbol", "ticks"),
    [
        ([f"λ = 0.0{i}" for i in range(10, 40)], "λ", ["0.010", "0.014"]),
        ([f"λ = 0.0{i}, η = 1" for i in range(10, 40)], "", ["λ = 0.010, η = 1", "λ = 0.014, η = 1"]),
    ],
)
def test_many_curves_have_a_colour_bar_whose_ticks_are_settings(names, symbol, ticks):
    fig, ((ax,),) = plots.figure(1, 1, "title")
    plots.name_curves(fig, ax, names)
    assert not fig.legends
    bar = fig.axes[1]
    labels = [text.get_text() for text in bar.get_yticklabels()]
    assert bar.get_ylabel() == symbol
    assert labels[:2] == ticks
    assert 5 <= len(labels) <= plots.MAX_TICKS


def test_a_figure_in_words_has_its_panels_axes_and_curves():
    fig, ((left, right),) = plots.figure(1, 2, "title")
    for ax, name in ((left, "train"), (right, "validation")):
        ax.plot([0, 1], [0, 1], label=name)
        ax.set(xlabel="epoch", ylabel="loss", title=f"{name} images")
    said = plots.in_words(fig)
    assert said == "train images: loss against epoch; validation images: loss against epoch. Curves: train, validation."
    assert plots.in_words(plots.figure(1, 1, "title")[0]) == "title"
