import types

import numpy as np
import pytest

from dd2424_jax.evaluation import Metrics
from dd2424_jax.reporting import curves, plots
from dd2424_jax.stats import estimate
from tests.reporting.results import STEP, drawn

pytestmark = pytest.mark.filterwarnings("error")
N_SEEDS = 4


@pytest.fixture
def ax():
    return plots.figure(1, 1, "title")[1][0, 0]


def metrics(*shape):
    return Metrics(*np.random.default_rng(0).random((3, *shape)))


def outcome(n_settings, diverged=False):
    return types.SimpleNamespace(
        step=STEP,
        train=metrics(n_settings, N_SEEDS, len(STEP)),
        valid=metrics(n_settings, N_SEEDS, len(STEP)),
        converged=np.full((n_settings, N_SEEDS), not diverged),
    )


def names(n_settings):
    return [f"λ = {i}" for i in range(n_settings)]


def test_learning_curves_show_the_mean_of_the_seeds_and_its_interval(ax):
    on_train, on_valid = metrics(N_SEEDS, 3).loss, 1 + metrics(N_SEEDS, 3).loss
    assert curves.learning_curves(ax, STEP, on_train, on_valid, name="loss") is ax
    for line, band, values in zip(ax.lines, ax.collections, (on_train, on_valid), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.transpose([STEP, values.mean(axis=0)]))
        heights = {round(y, 9) for _, y in band.get_paths()[0].vertices}
        estimates = [estimate(of_step) for of_step in values.T]
        assert heights >= {round(bound, 9) for e in estimates for bound in (e.low, e.high)}
    assert ax.get_legend_handles_labels()[1] == ["train", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("update step", "loss")
    assert len({line.get_linestyle() for line in ax.lines}) == 2  # distinct without colour


def test_curves_of_a_setting_are_of_the_runs_that_converged(ax):
    of_all = outcome(2)
    of_all.converged[1, 0] = False
    curves.curves_of_setting(ax, STEP, of_all, 1, "accuracy", x="epoch")
    np.testing.assert_allclose(ax.lines[1].get_ydata(), of_all.valid.accuracy[1, 1:].mean(axis=0))
    assert ax.get_xlabel() == "epoch"


def ends(fig):
    return [[line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] for ax in fig.axes]


def test_ends_of_cycles_and_the_learning_rates_are_shown():
    rates = np.stack([np.linspace(0, 0.1, 11), np.linspace(0, 0.2, 11)])
    fig = curves.learning_figure(outcome(1), names(1), "title", np.arange(11), rates, 4)
    assert len(fig.axes) == 4
    assert ends(fig) == [[4, 8]] * 4
    for line, rate in zip(fig.axes[3].lines, rates, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), rate)


@pytest.mark.parametrize("n_settings", [1, 9])
@pytest.mark.parametrize("diverged", [False, True])
def test_a_learning_figure_of_one_or_many_settings_is_drawn_without_warnings(n_settings, diverged):
    rates = np.linspace(0, 0.1, 21)[None]
    fig = curves.learning_figure(outcome(n_settings, diverged), names(n_settings), "title", np.arange(21), rates, 10)
    shown = drawn(fig)
    assert ("train" in shown) == (n_settings == 1)
    assert ({*names(9)} <= {*shown}) == (n_settings == 9)


def test_the_end_of_training_is_no_end_of_a_cycle_nor_has_a_constant_rate_any():
    steps, rate = np.arange(11), np.linspace(0, 0.1, 11)
    for rates, cycle in ((rate, 10), (np.full(11, 0.1), 4)):
        fig = curves.learning_figure(outcome(1), names(1), "title", steps, rates[None], cycle)
        assert ends(fig) == [[]] * 4
        assert "dotted" not in plots.title(fig)


def test_of_what_there_is_no_room_for_there_is_less():
    rates = np.linspace(0, 0.1, 21)[None]
    fig = curves.learning_figure(outcome(97), names(97), "title", np.arange(21), rates, 10)
    assert not fig.legends
    assert fig.axes[-1].get_ylabel() == "λ"
    assert "title, means; dotted: ends of cycles" in drawn(fig)
    fig = curves.learning_figure(outcome(1), names(1), "title", np.arange(0, 21_000, 1000), rates, 10)
    assert "title, mean and 95 % band" in drawn(fig)
    assert ends(fig) == [[]] * 4


def test_axes_show_the_means_of_few_seeds_and_no_accuracy_beyond_0_and_1(ax):
    accuracy = np.array([[0.1, 0.3, 0.2], [0.1, 0.31, 0.4]])  # whose 95 % interval ends far beyond
    curves.learning_curves(ax, STEP, accuracy, accuracy, name="accuracy")
    low, high = ax.get_ylim()
    assert 0 <= low < 0.1
    assert 0.4 < high < 0.5
    curves.learning_curves(ax, STEP, accuracy + 0.55, accuracy, name="accuracy")
    assert ax.get_ylim()[1] == 1


@pytest.mark.parametrize("log", [False, True])
def test_what_exploded_leaves_the_axes_and_is_marked(ax, log):
    fine, exploded = np.array([[2.5, 2.0, 1.5]] * 2), np.array([[2.5, 1e8, 3e12]] * 2)
    curves.curves_by_setting(ax, STEP, names(2), [fine, exploded], name="cost", log=log)
    low, high = ax.get_ylim()
    assert 0 <= low < 1.5
    assert 2.5 < high < 10
    assert [text.get_text() for text in ax.texts] == ["▲ leaves, up to 3e+12"]
    *_, mark = ax.lines
    assert (mark.get_marker(), mark.get_xdata()[0]) == ("^", STEP[0])
    assert mark.get_color() is ax.lines[1].get_color()


def test_overfitting_is_no_explosion(ax):
    curves.learning_curves(ax, STEP, np.full((2, 3), 0.01), np.array([[2.3, 5.0, 10.3]] * 2), name="loss", log=True)
    assert not ax.texts
    assert ax.get_ylim()[1] > 10.3


def test_curves_of_many_settings_are_distinct_without_colour(ax):
    curves.curves_by_setting(ax, STEP, names(8), metrics(8, N_SEEDS, 3).loss, name="loss")
    assert len({line.get_marker() for line in ax.lines}) == 8
    np.testing.assert_allclose(ax.lines[5].get_ydata(), metrics(8, N_SEEDS, 3).loss[5].mean(axis=0))
