"""Results that no training came to: they need only be drawn."""

import itertools

import numpy as np

from dd2424_jax import configs, data, network, sweep, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.runs import result
from dd2424_jax.runs.plan import Plan

STEP = np.array([0, 10, 20])
SIZES = (12, 5, 10)
N_VALID = 5000


def near(*means, n_seeds=6):
    """Scores [n_settings, n_seeds] with these means, each seed a little off."""
    noise = np.random.default_rng(0).normal(0, 0.002, (len(means), n_seeds))
    return np.array(means)[:, None] + noise - noise.mean(axis=1, keepdims=True)


def plan(lam, lr_max=0.1, *, lr_min=1e-5, momentum=None, n_seeds=6, test=False, **config) -> Plan:
    """A plan of these settings, on images that are noise."""
    rng = np.random.default_rng(0)

    def split(n):
        return data.Split(rng.integers(0, 256, (n, SIZES[0]), np.uint8), np.arange(n) % 10)

    splits = data.Splits(split(40), split(N_VALID), split(60) if test else None, data.Scale(*np.ones((2, SIZES[0]))))
    source = data.Source("synthetic", "", (1,), (2,), 40, N_VALID)
    hypers = configs.as_arrays(train.Hypers(lam, lr_min, lr_max, momentum))
    config = train.Config(SIZES, n_batch=4, n_s=5, eval_steps=(10, 20), **config)
    return Plan("experiment", config, hypers, tuple(range(n_seeds)), source, (splits,))


def concluded(lam, lr_max=0.1, *, scores, test=False, **about) -> result.Result:
    """The result whose validation accuracy ends at `scores` [n_settings, n_seeds], NaN where a run diverged."""
    scores = np.asarray(scores)
    n_settings, n_seeds = scores.shape
    planned = plan(lam, lr_max, n_seeds=n_seeds, test=test, **about)
    assert len(planned.hypers.lam) == n_settings
    rng = np.random.default_rng(1)

    def metrics(*shape):
        return Metrics(*rng.random((3, n_settings, n_seeds, *shape)))

    on_train, on_valid = metrics(3), metrics(3)
    on_valid.accuracy[..., -1] = scores
    on_train.cost[np.isnan(scores)] = np.nan
    params = tuple(
        network.Layer(rng.normal(size=(n_settings, n_seeds, m, d)), rng.normal(size=(n_settings, n_seeds, m)))
        for d, m in itertools.pairwise(SIZES)
    )
    outcome = sweep.Outcome(
        planned.hypers,
        np.array(planned.seeds),
        step=STEP,
        lr=np.full((n_settings, 3), 0.1),
        train=on_train,
        valid=on_valid,
        test=metrics() if test else None,
        params=params,
        seconds=np.ones(scores.shape),
        compile_seconds=1.0,
    )
    return result.conclude(planned, outcome, None)


def crossed(*axes):
    """All pairs of the values of two hyperparameters: a list for each."""
    return [grid.ravel().tolist() for grid in np.meshgrid(*axes, indexing="ij")]


def drawn(fig):
    """Laid out and drawn but for the pixels, and all text on it."""
    fig.draw_without_rendering()
    texts = fig.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text.get_text().replace("\xa0", " ") for text in texts]
