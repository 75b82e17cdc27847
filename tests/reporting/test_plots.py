import os
import subprocess
import sys
import types

import numpy as np
import pytest

from dd2424_jax.evaluation import Metrics
from dd2424_jax.reporting import plots
from dd2424_jax.stats import estimate
from tests.reporting.results import STEP, drawn

pytestmark = pytest.mark.filterwarnings("error")
N_SEEDS = 4


def metrics(*shape):
    return Metrics(*np.random.default_rng(0).random((3, *shape)))


def outcome(n_settings, diverged=False):
    return types.SimpleNamespace(
        step=STEP,
        train=metrics(n_settings, N_SEEDS, len(STEP)),
        valid=metrics(n_settings, N_SEEDS, len(STEP)),
        diverged=np.full((n_settings, N_SEEDS), diverged),
    )


def names(n_settings):
    return [f"λ = {i}" for i in range(n_settings)]


@pytest.fixture
def ax():
    return plots.figure(1, 1, "title")[1][0, 0]


def test_learning_curves_show_the_mean_of_the_seeds_and_its_interval(ax):
    on_train, on_valid = metrics(N_SEEDS, 3).loss, 1 + metrics(N_SEEDS, 3).loss
    assert plots.learning_curves(ax, STEP, on_train, on_valid, name="loss") is ax
    for line, band, values in zip(ax.lines, ax.collections, (on_train, on_valid), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.transpose([STEP, values.mean(axis=0)]))
        heights = {round(y, 9) for _, y in band.get_paths()[0].vertices}
        estimates = [estimate(of_step) for of_step in values.T]
        assert heights >= {round(bound, 9) for e in estimates for bound in (e.low, e.high)}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("update step", "loss")
    assert len({line.get_linestyle() for line in ax.lines}) == 2  # distinct without colour


def test_curves_of_a_setting_are_of_the_runs_that_converged(ax):
    of_all = outcome(2)
    of_all.diverged[1, 0] = True
    plots.curves_of_setting(ax, STEP, of_all, 1, "accuracy", x="epoch")
    np.testing.assert_allclose(ax.lines[1].get_ydata(), of_all.valid.accuracy[1, 1:].mean(axis=0))
    assert ax.get_xlabel() == "epoch"


def test_learning_rates_are_distinct_without_colour(ax):
    plots.learning_rates(ax, STEP, {"a": STEP / 10, "b": STEP * 0 + 1})
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), STEP / 10)


def test_ends_of_cycles_and_the_learning_rates_are_shown():
    rates = np.stack([np.linspace(0, 0.1, 11), np.linspace(0, 0.2, 11)])
    fig = plots.learning_figure(outcome(1), names(1), "title", np.arange(11), rates, 4)
    assert len(fig.axes) == 6
    for ax in fig.axes:
        assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [4, 8]
    for line, rate in zip(fig.axes[3].lines, rates, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), rate)


@pytest.mark.parametrize("n_settings", [1, 9])
@pytest.mark.parametrize("diverged", [False, True])
def test_a_learning_figure_of_one_or_many_settings_is_drawn_without_warnings(n_settings, diverged):
    rates = np.linspace(0, 0.1, 21)[None]
    fig = plots.learning_figure(outcome(n_settings, diverged), names(n_settings), "title", np.arange(21), rates, 10)
    shown = drawn(fig)
    assert ("train" in shown) == (n_settings == 1)
    assert ({*names(9)} <= {*shown}) == (n_settings == 9)


def test_of_what_there_is_no_room_for_some_is_shown():
    rates = np.linspace(0, 0.1, 21)[None]
    fig = plots.learning_figure(outcome(97), names(97), "title", np.arange(21), rates, 10)
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == names(97)[::5]
    assert "title, means; dotted: ends of cycles" in drawn(fig)
    fig = plots.learning_figure(outcome(1), names(1), "title", np.arange(0, 21_000, 1000), rates, 10)
    assert "title, mean and 95 % band" in drawn(fig)
    assert all(len(ax.lines) < 5 for ax in fig.axes)


def test_curves_of_many_settings_are_distinct_without_colour(ax):
    plots.curves_by_setting(ax, STEP, names(8), metrics(8, N_SEEDS, 3).loss, name="loss")
    assert len({line.get_marker() for line in ax.lines}) == 8
    np.testing.assert_allclose(ax.lines[5].get_ydata(), metrics(8, N_SEEDS, 3).loss[5].mean(axis=0))


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
    assert done.stdout == "False 10.0\n"
