import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests import reference

from dd2424_jax import data, losses, network, train

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=20, n_s=15, eval_steps=(50,))
HYPERS = train.Hypers(0.01, 1e-3, 0.2)


@pytest.mark.parametrize("sizes", [(12, 3), (12, 5, 3), (12, 6, 5, 3)])
@pytest.mark.parametrize("loss", losses.LOSSES)
def test_fifty_updates_equal_numpy(x64, splits, loss, sizes):
    config = dataclasses.replace(CONFIG, sizes=sizes, loss=losses.LOSSES[loss])
    state = train.init_state(config, HYPERS, 3)
    batches = train.BatchStream([3], 240, CONFIG.n_batch)(0, 50)[0]
    found = train.segment(config, splits.train, splits.scale, HYPERS, state, batches).params
    X = reference.standardize(splits.train.X, splits.train.X)
    start = [(np.array(W), np.array(b)) for W, b in state.params]
    expected = reference.train(start, X, splits.train.y, batches, *HYPERS, CONFIG.n_s, loss)
    for layer, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(layer.W, other[0], atol=1e-11)
        np.testing.assert_allclose(layer.b, other[1], atol=1e-11)


def test_segments_join_without_a_seam(x64, splits):
    batches = train.BatchStream([0], 240, CONFIG.n_batch)(0, 50)[0]

    def run(*cuts):
        state = train.init_state(CONFIG, HYPERS, 0)
        for first, last in zip((0, *cuts), (*cuts, 50), strict=True):
            state = train.segment(CONFIG, splits.train, splits.scale, HYPERS, state, batches[first:last])
        return state.params

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-13), run(), run(7, 30))


@pytest.mark.parametrize("n", [1, 240, 1000, 1001, 2500])
def test_evaluation_is_over_the_whole_split_whatever_its_size(x64, n):
    rng = np.random.default_rng(n)
    split = data.Split(rng.integers(0, 256, (n, 12), np.uint8), rng.integers(0, 3, n, np.uint8))
    scale = data.scale(rng.integers(0, 256, (50, 12), np.uint8))
    params = train.init_state(CONFIG, HYPERS, 0).params
    found = train.evaluate(CONFIG, split, scale, HYPERS, params)
    X = (split.X - scale.mean) / scale.sd
    plain = [(np.array(W), np.array(b)) for W, b in params]
    np.testing.assert_allclose(found.loss, reference.cost(plain, X, split.y, 0.0), rtol=1e-12)
    np.testing.assert_allclose(found.cost, reference.cost(plain, X, split.y, HYPERS.lam), rtol=1e-12)
    assert found.accuracy == np.mean(reference.forward(plain, X)[1].argmax(axis=1) == split.y)


@pytest.mark.parametrize("n_batch", [1, 7, 10, 30])
def test_every_epoch_meets_every_example_once(n_batch):
    n, n_epochs = 30, 7  # 7 does not divide 30: batches cross from epoch to epoch
    n_steps = n * n_epochs // n_batch
    batches = train.BatchStream([0, 1], n, n_batch)(0, n_steps)
    assert batches.shape == (2, n_steps, n_batch)
    for stream in batches.reshape(2, -1):
        epochs = stream[: len(stream) // n * n].reshape(-1, n)
        assert (np.sort(epochs, axis=1) == np.arange(n)).all()
        assert len(np.unique(epochs, axis=0)) == len(epochs)  # reshuffled each time
    assert not np.array_equal(*batches)  # and for every seed


def test_batches_do_not_depend_on_where_segments_begin():
    stream, whole = train.BatchStream([4], 30, 7), train.BatchStream([4], 30, 7)(0, 40)
    pieces = [stream(a, b) for a, b in ((0, 1), (1, 13), (13, 40))]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    np.testing.assert_array_equal(train.BatchStream([4], 30, 7)(20, 40), whole[:, 20:])


def test_a_seed_has_its_own_weights_whatever_its_setting():
    states = [train.init_state(CONFIG, HYPERS._replace(lam=lam), seed) for seed in (0, 1) for lam in (0.0, 1.0)]
    first, same, other, _ = (state.params[0].W for state in states)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


def test_initial_weights_and_batches_are_drawn_apart():
    key_init, key_shuffle = train.run_keys(0)
    assert not np.array_equal(jax.random.key_data(key_init), jax.random.key_data(key_shuffle))


def test_new_hypers_do_not_recompile(splits):
    compiled = []

    @jax.jit
    def segment(hypers, state, batches):
        compiled.append(1)
        return train.segment(CONFIG, splits.train, splits.scale, hypers, state, batches)

    batches = train.BatchStream([0], 240, CONFIG.n_batch)(0, 3)[0]
    for lam, lr_max in ((0.0, 0.1), (1.0, 0.01)):
        hypers = jax.tree.map(jnp.float32, train.Hypers(lam, 0.0, lr_max))
        segment(hypers, train.init_state(CONFIG, hypers, 0), batches)
    assert len(compiled) == 1


def test_n_batch_out_of_range_is_refused():
    for n_batch in (0, 31):
        with pytest.raises(ValueError, match=f"n_batch={n_batch}.*30"):
            train.BatchStream([0], 30, n_batch)


@pytest.mark.parametrize(
    "change",
    [{"sizes": (3,)}, {"sizes": (3, 0)}, {"n_batch": 0}, {"n_s": 0}, {"eval_steps": ()}, {"eval_steps": (5, 5)}],
)
def test_impossible_configurations_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        train.Config(**{"sizes": (12, 3), "n_batch": 1, "n_s": 1, "eval_steps": (1,)} | change)


def test_training_lowers_the_cost(splits):
    state = train.init_state(CONFIG, HYPERS, 0)
    batches = train.BatchStream([0], 240, CONFIG.n_batch)(0, 60)[0]
    before = train.evaluate(CONFIG, splits.train, splits.scale, HYPERS, state.params)
    state = train.segment(CONFIG, splits.train, splits.scale, HYPERS, state, batches)
    after = train.evaluate(CONFIG, splits.train, splits.scale, HYPERS, state.params)
    assert after.cost < before.cost
    assert after.accuracy > before.accuracy
    assert after.loss < after.cost == pytest.approx(after.loss + HYPERS.lam * network.penalty(state.params))


def test_predictions_are_the_largest_logits(splits):
    params = train.init_state(CONFIG, HYPERS, 0).params
    logits = network.forward(params, data.standardize(splits.scale, splits.test.X))
    np.testing.assert_array_equal(train.predict(splits.test, splits.scale, params), np.argmax(logits, axis=1))


def test_a_constant_learning_rate_is_lr_max():
    assert train.constant(CONFIG, HYPERS)(7) == HYPERS.lr_max


def test_real_data_handouts_anchor(real_data):
    """NumPy's generator of seed 42, λ = 0, η = 0.001: the handout has J = 1.972 after an epoch and 39.13 % after 40."""
    splits = data.split(data.load("cifar10", real_data), (1,), (2,), n_train=10_000, n_valid=10_000)
    config = train.Config((3072, 10), 100, (4000,), schedule=train.constant)
    hypers = train.Hypers(0.0, 0.001, 0.001)
    W = 0.01 * np.random.default_rng(42).standard_normal((10, 3072))
    params = (network.Layer(jnp.asarray(W, jnp.float32), jnp.zeros(10)),)
    state = train.TrainState(params, train.optimizer(config, hypers).init(params))
    segment = jax.jit(functools.partial(train.segment, config))
    evaluate = jax.jit(functools.partial(train.evaluate, config))
    stream = train.BatchStream([0], 10_000, 100)
    scale = jax.tree.map(jnp.float32, splits.scale)
    state = segment(splits.train, scale, hypers, state, stream(0, 100)[0])
    assert evaluate(splits.train, scale, hypers, state.params).cost == pytest.approx(1.973, abs=0.003)
    state = segment(splits.train, scale, hypers, state, stream(100, 4000)[0])
    assert evaluate(splits.test, scale, hypers, state.params).accuracy == pytest.approx(0.390, abs=0.003)
