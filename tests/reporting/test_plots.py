import io
import types

import matplotlib.image
import numpy as np
import pytest

from dd2424_jax import choice, plots, train

STEP = np.array([0, 5, 10])


def metrics(*shape):
    rng = np.random.default_rng(0)
    return train.Metrics(*(rng.random(shape) for _ in range(3)))


def outcome(n_lam, diverged=False):
    return types.SimpleNamespace(
        step=STEP,
        hypers=train.Hypers(np.geomspace(1e-5, 0.1, n_lam), 0.0, 0.1),
        train=metrics(n_lam, 4, 3),
        valid=metrics(n_lam, 4, 3),
        diverged=np.full((n_lam, 4), diverged),
    )


def test_learning_curves_show_the_mean_of_the_seeds():
    _, ((ax,),) = plots.figure(1, 1, "title")
    train_loss, valid_loss = metrics(4, 3).loss, 1 + metrics(4, 3).loss
    assert plots.learning_curves(ax, STEP, train_loss, valid_loss, name="loss") is ax
    for line, values in zip(ax.lines, (train_loss, valid_loss), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.transpose([STEP, values.mean(axis=0)]))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("update step", "loss")
    assert len({line.get_linestyle() for line in ax.lines}) == 2  # told apart without colour


def test_lam_search_has_a_line_for_every_seed_and_the_mean():
    _, ((ax,),) = plots.figure(1, 1, "title")
    lams = np.array([0.1, 1e-5, 1e-3])
    accuracy = metrics(3, 4).accuracy
    accuracy[2, 1] = np.nan  # diverged
    plots.lam_search(ax, lams, accuracy)
    *seeds, mean = [line for line in ax.lines if len(line.get_xdata()) == 3][:5]
    np.testing.assert_allclose(seeds[0].get_ydata(), accuracy[[1, 2, 0], 0])
    np.testing.assert_allclose(mean.get_ydata(), np.nanmean(accuracy, axis=1)[[1, 2, 0]])
    assert ax.get_xscale() == "log"


@pytest.fixture
def chosen():
    """A search of four λ, of which the last is far below."""
    scores = np.array([[0.51, 0.52, 0.50], [0.50, 0.51, 0.52], [0.52, 0.53, 0.53], [0.3, 0.31, 0.3]])
    return scores, choice.choose(np.geomspace(1e-4, 0.1, 4), scores, 5000)


def test_lam_search_marks_the_choice_and_what_is_not_told_apart(chosen):
    _, ((ax,),) = plots.figure(1, 1, "title")
    scores, found = chosen
    plots.lam_search(ax, found.lams, scores, found)
    marked = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_array_equal(marked["not told apart from the best"][:, 0], found.lams[list(found.tied)])
    (star,) = (xy for label, xy in marked.items() if "chosen" in label)
    np.testing.assert_allclose(star, [[found.lams[2], scores[2].mean()]])
    (luck,) = (xy for label, xy in marked.items() if "expected luck" in label)
    np.testing.assert_allclose(luck, [[found.lams[2], scores[2].mean() - found.optimism]])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any("one-standard-error" in label for label in labels)
    assert any("standard error of the validation set" in label for label in labels)


def test_lam_differences_are_in_points_and_name_what_is_far_below(chosen):
    _, ((ax,),) = plots.figure(1, 1, "title")
    scores, found = chosen
    plots.lam_differences(ax, found)
    floor, ceiling = ax.get_ylim()
    tied = [found.differences[i] for i in found.tied]
    assert floor <= 100 * min(d.low for d in tied) < 100 * max(d.high for d in tied) <= ceiling
    assert floor > -20
    assert [text.get_text() for text in ax.texts] == [f"{100 * (scores[3] - scores[2]).mean():.1f}"]


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_a_search_of_few_seeds_can_be_drawn(n_seeds):
    fig, ((left, right),) = plots.figure(1, 2, "title")
    lams, scores = np.array([0.0, 0.1, 1.0]), metrics(3, n_seeds).accuracy
    found = choice.choose(lams, scores, 100)
    plots.lam_search(left, lams, scores, found)
    plots.lam_differences(right, found)
    plots.overlay(left, [0.01, 0.1], [0.5, 0.4], "a report", "s:")
    assert plots.render(fig, "pdf").startswith(b"%PDF")
    assert "a report" in [text.get_text() for text in left.get_legend().get_texts()]


def test_learning_rates_are_told_apart_without_colour():
    _, ((ax,),) = plots.figure(1, 1, "title")
    plots.learning_rates(ax, STEP, {"a": STEP / 10, "b": STEP * 0 + 1})
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), STEP / 10)


def test_ends_of_cycles_and_the_learning_rate_are_shown():
    fig = plots.learning_figure(outcome(1), "title", np.linspace(0, 0.1, 11), 4)
    assert len(fig.axes) == 6
    for ax in fig.axes:
        assert [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [4, 8]
    np.testing.assert_array_equal(fig.axes[3].lines[0].get_ydata(), np.linspace(0, 0.1, 11))


def test_lam_zero_has_its_place_on_the_axis():
    _, ((ax,),) = plots.figure(1, 1, "title")
    plots.lam_search(ax, np.array([0.0, 1e-3, 0.1]), metrics(3, 2).accuracy)
    left, right = ax.transData.transform([(0.0, 0.5), (1e-3, 0.5)])[:, 0]
    assert left < right - 10


@pytest.mark.parametrize("n_lam", [1, 3, 9])
@pytest.mark.parametrize("diverged", [False, True])
def test_a_learning_figure_renders(n_lam, diverged):
    fig = plots.learning_figure(outcome(n_lam, diverged), "title", np.linspace(0, 0.1, 11), 4)
    picture = matplotlib.image.imread(io.BytesIO(plots.render(fig, "png")))
    assert picture.shape[1] > 2000
    assert plots.render(fig, "pdf").startswith(b"%PDF")


def test_a_template_puts_the_channels_and_rows_where_they_belong():
    _, ((ax,),) = plots.figure(1, 1, "title")
    w = np.zeros((3, 32, 32))
    w[2, 5, 7] = 3.0  # blue, sixth row, eighth column
    plots.template(ax, w.reshape(-1))
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(shown[5, 7], [0, 0, 1])
    assert np.sum(shown) == 1


def test_a_confusion_matrix_has_true_classes_in_rows():
    _, ((ax,),) = plots.figure(1, 1, "title")
    plots.confusion(ax, np.array([[0.9, 0.1], [0.4, 0.6]]), ["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["90", "10", "40", "60"]
    assert ax.texts[1].get_position() == (1, 0)  # cats taken for dogs: first row, second column


def test_step_sizes_are_log_log():
    _, ((ax,),) = plots.figure(1, 1, "title")
    plots.step_sizes(ax, [1e-6, 1e-5], [1e-10, 1e-9], [1e-6, 1e-5], chosen=[1e-6])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_growth_is_log_log_with_its_floor():
    _, ((ax,),) = plots.figure(1, 1, "title")
    sizes, values = [1, 10, 100], [[9.0, 10.0, 12.0], [90.0, 100.0, 130.0], [900.0, 1000.0, 1500.0]]
    assert plots.growth(ax, sizes, values, [5.0, 50.0, 500.0], x="λ at once", y="µs") is ax
    measured, floor = ax.lines
    np.testing.assert_array_equal(measured.get_ydata(), [10.0, 100.0, 1000.0])
    np.testing.assert_array_equal(floor.get_ydata(), [5.0, 50.0, 500.0])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10", "100"]
    assert measured.get_linestyle() != floor.get_linestyle()  # told apart without colour


def test_bars_are_named_and_the_first_is_marked():
    _, ((ax,),) = plots.figure(1, 1, "title")
    assert plots.bars(ax, {"this": 2.0, "other": 5.0}, floor=1.5, x="µs") is ax
    first, second = ax.patches
    assert (first.get_width(), second.get_width()) == (2.0, 5.0)
    assert first.get_hatch()
    assert not second.get_hatch()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["this", "other"]
