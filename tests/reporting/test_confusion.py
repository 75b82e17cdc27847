import numpy as np

from dd2424_jax import data, network
from dd2424_jax.reporting import confusion, plots, tables
from dd2424_jax.stats import estimate
from tests import reference
from tests.reporting.results import concluded, near


def test_confusion_and_classes_are_those_of_every_seed_that_converged():
    scores = near(0.5, 0.4, n_seeds=3)
    scores[1, 0] = np.nan
    result = concluded([0.0, 0.1], scores=scores, test=True)
    test, scale = result.plan.splits.test, result.plan.splits.scale
    fractions = []
    for j in (1, 2):
        params = [network.Layer(layer.W[1, j], layer.b[1, j]) for layer in result.outcome.params]
        _, logits = reference.forward(params, (test.X - scale.mean) / scale.sd)
        pairs = [*zip(test.y, logits.argmax(axis=1), strict=True)]
        counts = np.array([[pairs.count((true, taken_for)) for taken_for in range(10)] for true in range(10)])
        fractions.append(counts / counts.sum(axis=1, keepdims=True))
    fig, table = confusion.draw(result, 1, "λ = 0.1")
    (ax,) = fig.axes
    np.testing.assert_allclose(ax.images[0].get_array(), np.mean(fractions, axis=0))
    assert plots.title(fig).endswith("λ = 0.1, mean over seeds")
    assert table.caption.endswith("3 seeds: λ = 0.1")
    for k, row in enumerate(table.rows):
        accuracy = estimate([of_seed[k, k] for of_seed in fractions])
        assert row == [data.CLASSES[k], tables.percent(accuracy), tables.percent_interval(accuracy)]
