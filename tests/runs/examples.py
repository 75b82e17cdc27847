"""A plan of three settings and four seeds, and numbers for it that no training made."""

import dataclasses

import jax
import numpy as np

from dd2424_jax import configs, data, sweep, train
from dd2424_jax.evaluation import Metrics
from dd2424_jax.runs.plan import Plan


def _batch(rng) -> data.Split:
    return data.Split(rng.integers(0, 256, (20, 12), np.uint8), rng.integers(0, 3, 20, np.uint8))


_RNG = np.random.default_rng(0)
DATASET = data.Dataset("tiny", tuple(_batch(_RNG) for _ in range(5)), _batch(_RNG), sha256="5" * 64)
SOURCE = data.Source("tiny", DATASET.sha256, (1,), (2,), n_train=16, n_valid=10)
CONFIG = train.Config((12, 5, 3), n_batch=4, eval_steps=(20, 40), n_s=10)
HYPERS = configs.as_arrays(train.Hypers([0.0, 0.01, 0.3], 1e-3, [0.1, 0.2, 0.2]))
PLAN = Plan("coarse_search", CONFIG, HYPERS, (5, 0, 11, 2), SOURCE, SOURCE.split(DATASET))


def with_momentum(plan: Plan) -> Plan:
    return plan._replace(hypers=plan.hypers._replace(momentum=np.array([0.5, 0.9, 0.9])))


def with_snapshots(plan: Plan) -> Plan:
    """After the first evaluation."""
    return plan._replace(config=dataclasses.replace(plan.config, snapshots=plan.config.eval_steps[:1]))


def without_test(plan: Plan) -> Plan:
    return plan._replace(folds=tuple(fold._replace(test=None) for fold in plan.folds))


def outcome(plan: Plan, seed: int = 0) -> sweep.Outcome:
    """What training could have brought, of the shapes and types that it has."""
    rng, step = np.random.default_rng(seed), np.array([0, *plan.config.eval_steps])
    runs = len(plan.hypers.lam), len(plan.seeds)

    def drawn(*shape):
        return rng.normal(size=(*runs, *shape)).astype(np.float32)

    def metrics(*shape):
        return Metrics(*(drawn(*shape) for _ in Metrics._fields))

    weights = jax.tree.map(lambda a: rng.normal(size=a.shape).astype(a.dtype), sweep.shapes(plan.config, runs))
    return sweep.Outcome(
        plan.hypers,
        np.array(plan.seeds, np.uint32),
        step=step,
        lr=sweep.learning_rates(plan.config, plan.hypers, step),
        train=metrics(len(step)),
        valid=metrics(len(step)),
        test=None if plan.splits.test is None else metrics(),
        seconds=np.full(runs, 2.5),
        compile_seconds=1.5,
        **weights._asdict(),
    )


def assert_same(a, b) -> None:
    """Two trees of arrays, to the last bit."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    jax.tree.map(np.testing.assert_array_equal, a, b)
