import jax
import numpy as np
import pytest
from scipy import special

from dd2424_jax import data, losses
from dd2424_jax.reporting import true_class
from dd2424_jax.reporting.true_class import Sureness
from tests.reporting.results import concluded, drawn


@pytest.mark.parametrize(
    ("loss", "in_float64"),
    [(losses.softmax, lambda logits: special.softmax(logits, axis=-1)), (losses.sigmoid, special.expit)],
)
def test_it_is_the_probability_of_the_label_on_test_images_by_each_seeds_weights(loss, in_float64):
    scores = np.array([[0.3, np.nan, 0.4]])
    result = concluded([0.1], scores=scores, test=True, loss=loss)
    small = jax.tree.map(lambda a: 0.05 * a, result.outcome.params)  # else p is 1 of several classes
    result = result._replace(outcome=result.outcome._replace(params=small))
    sure = true_class.of(result)
    test, kept = result.plan.splits.test, [0, 2]
    H = data.standardize(result.plan.splits.scale, test.X.astype(float)).T
    for row, j in enumerate(kept):
        (W1, b1), (W2, b2) = ((layer.W[0, j], layer.b[0, j]) for layer in result.outcome.params)
        logits = (W2 @ np.maximum(W1 @ H + b1[:, None], 0) + b2[:, None]).T
        np.testing.assert_allclose(sure.p[row], in_float64(logits)[np.arange(60), test.y], rtol=1e-3, atol=1e-5)
        np.testing.assert_array_equal(sure.right[row], logits.argmax(axis=1) == test.y)
    assert len(sure.p) == 2


def test_without_weights_or_where_every_run_diverged_there_is_nothing():
    result = concluded([0.1], scores=[[0.3, 0.4]], test=True)
    assert true_class.of(result._replace(outcome=result.outcome._replace(params=None))) is None
    assert true_class.of(concluded([0.1], scores=[[np.nan, np.nan]], test=True)) is None


def test_histograms_are_shares_of_all_test_images_on_common_axes():
    sure = Sureness(np.array([[0.05, 0.15, 0.9, 0.95]]), np.array([[False, False, True, True]]))
    fig = true_class.histograms({"one": sure, "other": Sureness(sure.p, np.ones((1, 4), bool))}, "Title")
    axes = np.array(fig.axes).reshape(2, 2)
    heights = [sum(patch.get_height() for patch in ax.patches) for ax in axes.flat]
    assert heights == pytest.approx([0.5, 0.5, 1.0, 0.0])
    assert len({(*ax.get_xlim(), *ax.get_ylim()) for ax in axes.flat}) == 1
    assert "one: 50.0 % right" in drawn(fig)


def test_words_have_the_medians():
    sure = Sureness(np.array([[0.2, 0.6], [0.4, 0.8]]), np.array([[False, True], [False, True]]))
    assert sure.words("softmax") == (
        "softmax, median probability of the true class: 0.70 where it is right and 0.30 where it is wrong"
    )
    all_right = Sureness(sure.p, np.ones((2, 2), bool))
    assert all_right.words("softmax").endswith("class: 0.50 where it is right")
