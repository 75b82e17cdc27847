import matplotlib.patches
import numpy as np
import pytest

from dd2424_jax import choice
from dd2424_jax.reporting import plots, search_plots
from tests.reporting.results import crossed

pytestmark = pytest.mark.filterwarnings("error")
LAMS = np.geomspace(1e-4, 0.1, 4)
NAMES = [f"λ = {lam:g}" for lam in LAMS]
SCORES = np.array([[0.51, 0.52, 0.50], [0.50, 0.51, 0.52], [0.52, 0.53, 0.53], [0.3, 0.31, 0.3]])
CHOSEN = choice.choose(LAMS, SCORES, 5000)  # the third; the last is far below


@pytest.fixture
def ax():
    return plots.figure(1, 1, "title")[1][0, 0]


def legend(ax):
    return ax.get_legend_handles_labels()[1]


def test_scores_have_a_line_for_every_seed_and_the_mean(ax):
    x = np.array([0.1, 1e-5, 1e-3])
    accuracy = np.random.default_rng(0).random((3, 4))
    accuracy[2, 1] = np.nan  # diverged
    assert search_plots.scores(ax, x, accuracy, ["a", "b", "c"]) is ax
    *seeds, mean = [line for line in ax.lines if len(line.get_xdata()) == 3][:5]
    np.testing.assert_allclose(seeds[0].get_ydata(), accuracy[[1, 2, 0], 0])
    np.testing.assert_allclose(mean.get_ydata(), np.nanmean(accuracy, axis=1)[[1, 2, 0]])


def test_of_very_many_seeds_the_middle_is_a_band(ax):
    accuracy = np.random.default_rng(0).normal(0.5, 0.01, (3, search_plots.MAX_LINES + 1))
    accuracy[1, :2], accuracy[2] = np.nan, np.nan
    search_plots.scores(ax, np.arange(3), accuracy, ["a", "b", "c"])
    assert "the middle 95 % of the seeds" in legend(ax)
    assert "one seed" not in legend(ax)
    (band,) = (own for own in ax.collections if own.get_label() == "the middle 95 % of the seeds")
    ends = band.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([ends.min(), ends.max()], np.nanpercentile(accuracy[:2], (2.5, 97.5)), atol=0.005)


def test_scores_mark_the_choice_and_what_is_indistinguishable_from_it(ax):
    search_plots.scores(ax, LAMS, SCORES, NAMES, CHOSEN)
    marked = {line.get_label(): line.get_xydata() for line in ax.lines}
    same = marked["filled: indistinguishable from the best"][:, 0]
    np.testing.assert_array_equal(same, LAMS[list(CHOSEN.indistinguishable)])
    assert LAMS[3] not in same
    np.testing.assert_allclose(marked["chosen: best mean, λ = 0.01"], [[LAMS[2], SCORES[2].mean()]])
    (unbiased,) = (xy for label, xy in marked.items() if "selection bias" in label)
    np.testing.assert_allclose(unbiased, [[LAMS[2], SCORES[2].mean() - CHOSEN.selection_bias]])
    assert any("one-standard-error rule" in label for label in legend(ax))
    assert any("standard error of validation" in label for label in legend(ax))


def test_differences_are_in_points_and_name_what_is_far_below(ax):
    search_plots.differences(ax, LAMS, CHOSEN)
    floor, ceiling = ax.get_ylim()
    same = [CHOSEN.differences[i] for i in CHOSEN.indistinguishable]
    assert floor <= 100 * min(d.low for d in same) < 100 * max(d.high for d in same) <= ceiling
    assert floor > -20
    assert [text.get_text() for text in ax.texts] == [f"{100 * (SCORES[3] - SCORES[2]).mean():.1f}"]
    assert "Hsu" in ax.get_title()


def test_a_difference_without_an_interval_is_not_shown_as_a_certain_one(ax):
    scores = SCORES[[0, 2, 2]]  # two settings tie
    search_plots.differences(ax, LAMS[:3], choice.choose(LAMS[:3], scores, 5000))
    assert "×: none" in ax.get_title()
    assert [container.lines[0].get_marker() for container in ax.containers].count("x") >= 2


def test_the_means_of_two_seeds_are_seen_to_differ_whatever_their_intervals(ax):
    scores = np.array([[0.50, 0.52], [0.51, 0.52], [0.47, 0.53], [0.51, 0.50]])  # intervals of some ± 50 points
    search_plots.scores(ax, LAMS, scores, NAMES, choice.choose(LAMS, scores, 5000))
    low, high = ax.get_ylim()
    assert 0.4 < low < scores.min() < scores.max() < high < 0.6
    search_plots.differences(ax, LAMS, choice.choose(LAMS, scores, 5000))
    low, high = ax.get_ylim()
    assert -10 < low < -1.5 < 0 < high < 10


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_a_search_of_few_seeds_is_drawn(n_seeds):
    fig, ((left, right),) = plots.figure(1, 2, "title")
    x, scores = np.array([0.0, 0.1, 1.0]), np.random.default_rng(0).random((3, n_seeds))
    chosen = choice.choose(x, scores, 100)
    search_plots.scores(left, x, scores, ["a", "b", "c"], chosen)
    search_plots.differences(right, x, chosen)
    search_plots.overlay(left, [0.01, 0.1], [0.5, 0.4], "a report", "s:")
    fig.draw_without_rendering()
    assert "a report" in legend(left)


def test_what_others_have_widens_no_search(ax):
    ax.set(xscale="log", xlim=(0.005, 0.02), ylim=(0.5, 0.52))
    search_plots.overlay(ax, [1e-5, 0.01, 1], [0.1, 0.48, 0.2], "some of it beyond", "s:")
    search_plots.overlay(ax, [0.001, 0.1], [0.51, 0.53], "across", "-")
    search_plots.overlay(ax, [1e-5, 1e-3], [0.1, 0.2], "beyond", "-")
    np.testing.assert_allclose([ax.get_xlim(), ax.get_ylim()], [(0.005, 0.02), (0.47, 0.54)])
    assert legend(ax) == ["some of it beyond", "across"]


ROWS, COLUMNS = (np.array(axis) for axis in crossed([0.0, 0.1, 0.3], [0.1, 0.05]))


def test_a_heat_map_has_every_pair_in_its_place_and_frames_what_is_indistinguishable(ax):
    scores = np.repeat([[0.50], [0.51], [0.52], [0.40], [0.51], [0.30]], 6, axis=1)
    noise = np.random.default_rng(0).normal(0, 0.005, (6, 6))
    scores += noise * np.array([[1], [1], [1], [1], [5], [1]])  # (0.3, 0.1) is not clearly worse
    chosen = choice.choose(ROWS, scores, 5000)
    mean = scores.mean(axis=1)
    search_plots.heat_map(ax, ROWS, COLUMNS, mean, chosen, symbols=("λ", "η"))
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("λ", "η")
    labels = [[text.get_text() for text in texts] for texts in (ax.get_yticklabels(), ax.get_xticklabels())]
    assert labels == [["0", "0.1", "0.3"], ["0.05", "0.1"]]
    places = [([0, 0.1, 0.3].index(row), [0.05, 0.1].index(column)) for row, column in zip(ROWS, COLUMNS, strict=True)]
    for place, value, text in zip(places, mean, ax.texts, strict=True):
        assert ax.images[0].get_array()[place] == value
        assert text.get_position() == place[::-1]
        assert text.get_text().endswith(f"{100 * value:.1f}")
    frames = [patch for patch in ax.patches if isinstance(patch, matplotlib.patches.Rectangle)]
    framed = {tuple(np.round(frame.get_center()).astype(int))[::-1] for frame in frames}
    assert framed == {places[i] for i in chosen.indistinguishable}
    assert 1 < len(framed) < len(mean)
    assert [i for i, text in enumerate(ax.texts) if "★" in text.get_text()] == [chosen.best]
    assert [i for i, text in enumerate(ax.texts) if "○" in text.get_text()] == [chosen.one_se]
    assert "framed: indistinguishable from the best" in ax.get_title()


def test_a_heat_map_of_many_pairs_has_marks_but_no_numbers(ax):
    rows, columns = (np.array(axis) for axis in crossed(np.arange(30.0), np.arange(40.0)))
    mean = np.random.default_rng(0).random(1200)
    search_plots.heat_map(ax, rows, columns, mean, None, symbols=("λ", "η"))
    assert {text.get_text() for text in ax.texts} == {""}
    assert max(len(ax.get_xticklabels()), len(ax.get_yticklabels())) <= 12
    search_plots.families(ax, rows, columns, mean[:, None], symbols=("λ", "η"))
    assert not ax.figure.legends
    assert len(ax.figure.axes[-1].get_yticklabels()) <= 10


@pytest.mark.parametrize("mean", [[0.5, np.nan], [np.nan, np.nan]])
def test_a_heat_map_says_what_diverged(ax, mean):
    search_plots.heat_map(ax, [0.1, 0.2], [1.0, 1.0], mean, None, symbols=("λ", "η"))
    ax.figure.draw_without_rendering()
    assert [text.get_text() for text in ax.texts][1] == "diverged"
    assert "framed" not in ax.get_title()


def test_families_have_a_line_for_each_value_of_the_second_hyperparameter(ax):
    scores = np.random.default_rng(0).random((6, 3))
    order = np.random.default_rng(1).permutation(6)
    search_plots.families(ax, ROWS[order], COLUMNS[order], scores[order], symbols=("λ", "η"))
    assert legend(ax) == ["η = 0.05", "η = 0.1"]
    for container, rate in zip(ax.containers, (0.05, 0.1), strict=True):
        line = container.lines[0]
        np.testing.assert_array_equal(line.get_xdata(), [0, 0.1, 0.3])
        np.testing.assert_allclose(line.get_ydata(), scores[rate == COLUMNS].mean(axis=1))
    assert len({container.lines[0].get_marker() for container in ax.containers}) == 2  # distinct without colour


@pytest.mark.parametrize(
    ("values", "symbol", "scale"),
    [
        ([1e-5, 0.1], "λ", "log"),
        ([0.1, 0.2], "η", "log"),
        ([0.3], "λ", "log"),
        ([0.0, 1e-3, 0.1], "λ", "symlog"),
        ([0.0], "λ", "linear"),
        ([0.5, 0.9], "μ", "linear"),
    ],
)
def test_lams_and_learning_rates_have_a_logarithmic_axis(ax, values, symbol, scale):
    ax.plot(values, np.ones(len(values)), "o")
    search_plots.value_axis(ax, values, symbol)
    assert (ax.get_xscale(), ax.get_xlabel()) == (scale, symbol)


def test_a_narrow_range_has_more_ticks_than_powers_of_ten(ax):
    ax.plot([0.02, 0.2], [0, 1])
    search_plots.value_axis(ax, [0.02, 0.2], "η")
    left, right = ax.get_xlim()
    assert len([tick for tick in ax.get_xticks() if left <= tick <= right]) >= 3


def test_lam_zero_has_its_place_on_the_axis(ax):
    ax.plot([0.0, 1e-3, 0.1], [1, 1, 1])
    search_plots.value_axis(ax, [0.0, 1e-3, 0.1], "λ")
    left, right = ax.transData.transform([(0.0, 0.5), (1e-3, 0.5)])[:, 0]
    assert left < right - 10


def test_settings_that_nothing_orders_are_on_an_axis_of_names(ax):
    search_plots.name_axis(ax, NAMES)
    assert [label.get_text() for label in ax.get_xticklabels()] == NAMES
