import jax
import numpy as np
import pytest

from dd2424_jax import data, stats
from dd2424_jax.reporting import ensembles
from tests import reference
from tests.reporting.results import concluded, near


@pytest.fixture
def result():
    """Two snapshots before the last network, of six seeds; the fourth diverged."""
    scores = near(0.4)
    scores[0, 3] = np.nan
    made = concluded([0.1], scores=scores, test=True, snapshots=(10,))
    rng = np.random.default_rng(3)
    kept = jax.tree.map(lambda a: rng.normal(size=(1, 6, 2, *a.shape[2:])), made.outcome.params)
    return made._replace(outcome=made.outcome._replace(snapshots=kept))


def logits(result, layers, X):
    scale = result.plan.splits.scale
    return reference.forward(layers, (X - scale.mean) / scale.sd)[1]


def layers(params, *index):
    return [(W[index], b[index]) for W, b in params]


def test_ends_of_cycles_predict_by_their_mean_probability(result, x64):
    split, last, kept = result.plan.splits.valid, [], []
    for j in (0, 1, 2, 4, 5):
        own = [layers(result.outcome.snapshots, 0, j, i) for i in range(2)] + [layers(result.outcome.params, 0, j)]
        P = [reference.softmax(logits(result, one, split.X)) for one in own]
        last.append(np.mean(P[-1].argmax(axis=1) == split.y))
        kept.append(np.mean(np.mean(P, axis=0).argmax(axis=1) == split.y))
    table, of = ensembles.over_cycles(result, "about")
    expected = stats.paired(np.array(kept), np.array(last))
    assert of["gain"].mean == pytest.approx(expected.mean)
    assert of["gain"].low == pytest.approx(expected.low)
    assert [row[0] for row in table.rows] == ["the last network", "3 ends", "gain, points"]


def test_networks_of_all_seeds_predict_by_their_mean_probability(result, x64, monkeypatch):
    monkeypatch.setattr(ensembles.evaluation.augment, "mirror", lambda X, which: X.at[1].set(X[1, ::-1]))
    table, of = ensembles.over_seeds(result, "about")
    split = result.plan.splits.test
    P = np.array(
        [
            [
                reference.softmax(logits(result, layers(result.outcome.params, 0, j), X))
                for X in (split.X, split.X[:, ::-1])
            ]
            for j in (0, 1, 2, 4, 5)
        ]
    )
    assert of["plain"]["ensemble"]["test"] == np.mean(P[:, 0].mean(axis=0).argmax(axis=1) == split.y)
    assert of["with_mirror_images"]["ensemble"]["test"] == np.mean(P.mean(axis=(0, 1)).argmax(axis=1) == split.y)
    alone = [np.mean(own.argmax(axis=1) == split.y) for own in P[:, 0]]
    assert of["plain"]["one"]["test"]["mean"] == pytest.approx(np.mean(alone))
    assert [row[0] for row in table.rows] == [
        *("one network", "mean of 5 networks"),
        *("one network, and of mirror images", "mean of 5 networks, and of mirror images"),
    ]


def test_probabilities_are_of_every_network_of_every_seed_that_converged(result):
    split = data.Split(result.plan.splits.test.X[:7], result.plan.splits.test.y[:7])
    assert ensembles.probabilities(result, split, flips=False).shape == (5, 3, 7, 10)
