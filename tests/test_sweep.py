import dataclasses
import functools
import itertools

import jax
import numpy as np
import pytest

from dd2424_jax import data, sweep, train

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=16, n_s=10, eval_steps=(20, 40))
HYPERS = train.Hypers(np.array([0.0, 0.01, 0.3]), 1e-3, 0.2)
SEEDS = [5, 0, 11, 2]


def assert_same(a: sweep.Outcome, b: sweep.Outcome, **tolerance):
    def close(x, y):
        np.testing.assert_allclose(x, y, **tolerance)

    jax.tree.map(close, (a.train, a.valid, a.test, a.params), (b.train, b.valid, b.test, b.params))


@pytest.fixture(scope="module")
def whole(splits):
    with jax.enable_x64(True):
        return sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, devices=jax.devices()[:2])


@pytest.fixture(scope="module")
def in_chunks(splits):
    return sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, runs_at_once=6)


def test_vmapped_equals_single_runs(whole, splits, x64):
    segment, evaluate = (jax.jit(functools.partial(f, CONFIG)) for f in (train.segment, train.evaluate))
    for (i, lam), (j, seed) in itertools.product(enumerate(HYPERS.lam), enumerate(SEEDS)):
        hypers = HYPERS._replace(lam=lam)
        state = train.init_state(CONFIG, hypers, seed)
        stream = train.BatchStream([seed], 240, CONFIG.n_batch)
        for k, (first, last) in enumerate(itertools.pairwise((0, *CONFIG.eval_steps)), 1):
            state = segment(splits.train, splits.scale, hypers, state, stream(first, last)[0])
            for split, found in ((splits.train, whole.train), (splits.valid, whole.valid)):
                expected = evaluate(split, splits.scale, hypers, state.params)
                np.testing.assert_allclose([a[i, j, k] for a in found], expected, rtol=1e-10)
        np.testing.assert_allclose(whole.params[0].W[i, j], state.params[0].W, atol=1e-11)
        expected = evaluate(splits.test, splits.scale, hypers, state.params)
        np.testing.assert_allclose([a[i, j] for a in whole.test], expected, rtol=1e-10)


def test_axes_are_settings_seeds_evaluations(whole):
    assert whole.train.cost.shape == whole.valid.accuracy.shape == (3, 4, 3)
    assert whole.test.loss.shape == (3, 4)
    assert whole.params[0].W.shape == (3, 4, 5, 12)


def test_evaluations_may_be_unevenly_spaced(whole, splits, x64):
    config = dataclasses.replace(CONFIG, eval_steps=(7, 20))
    found = sweep.run(config, HYPERS, SEEDS, splits)
    np.testing.assert_array_equal(found.step, [0, 7, 20])
    np.testing.assert_allclose(found.lr[0], [1e-3, 1e-3 + 0.7 * 0.199, 1e-3], rtol=1e-12)
    np.testing.assert_allclose(found.valid.cost[..., 2], whole.valid.cost[..., 1], rtol=1e-10)


@pytest.mark.parametrize("n_devices", [1, 3, 4, 8])
def test_devices_do_not_matter(whole, splits, x64, n_devices):
    devices = jax.devices()[:n_devices]
    assert len(devices) == n_devices
    assert_same(
        whole, sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, devices=devices), rtol=1e-10, atol=1e-12
    )


def test_devices_do_not_matter_in_float32(splits):
    seeds = range(8)
    one, eight = (sweep.run(CONFIG, HYPERS, seeds, splits, devices=jax.devices()[:n]) for n in (1, 8))
    assert_same(one, eight, rtol=1e-3, atol=1e-3)  # rounding, after 40 updates


@pytest.mark.parametrize("runs_at_once", [2, 7])
def test_chunks_do_not_matter(whole, splits, x64, runs_at_once):
    found = sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, runs_at_once=runs_at_once)
    assert_same(whole, found, rtol=1e-10, atol=1e-12)


def test_a_cpus_chunks_are_as_wide_as_its_caches(whole, splits, x64, monkeypatch):
    (only,) = sweep.cut(CONFIG, (3, 4), jax.devices())
    assert only == (slice(0, 3), slice(0, 4))
    monkeypatch.setattr(sweep, "WEIGHTS_OF_A_CORE", 1)  # a setting for each of two devices
    devices = jax.devices()[:2]
    assert sweep.cut(CONFIG, (3, 4), devices) == [(slice(0, 2), slice(0, 4)), (slice(2, 3), slice(0, 4))]
    assert_same(
        whole, sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, devices=devices), rtol=1e-10, atol=1e-12
    )


def test_a_run_does_not_depend_on_its_company(whole, splits, x64):
    alone = sweep.run(CONFIG, HYPERS._replace(lam=0.01), [11], splits)
    np.testing.assert_allclose(alone.valid.cost[0, 0], whole.valid.cost[1, 2], rtol=1e-10)


def test_every_setting_starts_from_the_seeds_own_fresh_weights(whole):
    initial = whole.train.loss[..., 0]
    np.testing.assert_allclose(initial, np.broadcast_to(initial[0], initial.shape), rtol=1e-12)
    assert len(np.unique(initial[0].round(10))) == len(SEEDS)


def test_seeds_differ_in_everything_that_is_drawn(whole):
    for layer in whole.params:
        for a, b in itertools.combinations(range(len(SEEDS)), 2):
            assert not np.allclose(layer.W[0, a], layer.W[0, b])
            assert not np.allclose(layer.b[0, a], layer.b[0, b])
    assert np.all(whole.valid.cost[..., -1].std(axis=1) > 1e-6)


def test_a_search_does_not_look_at_the_test_split(splits):
    unreadable = splits._replace(test=None)
    assert sweep.run(CONFIG, HYPERS, SEEDS, unreadable).test is None


def test_diverged_runs_are_marked(splits):
    hypers = train.Hypers(np.array([0.01, 50.0]), 0.2, 0.2)  # λ lr = 10: every update multiplies the weights by -19
    found = sweep.run(CONFIG, hypers, SEEDS, splits)
    np.testing.assert_array_equal(found.diverged, [[False] * 4, [True] * 4])


def test_as_many_runs_as_fit_in_memory_are_trained_at_once(monkeypatch):
    small = train.Config((3072, 50, 10), 100, (1,))
    large = train.Config((3072, 5000, 5000, 10), 100, (1,))
    monkeypatch.setattr(sweep, "_host_memory", lambda: 2**34)
    devices = jax.devices()
    assert sweep.runs_that_fit(small, devices) == sweep.MOST_AT_ONCE
    n = sweep.runs_that_fit(large, devices)
    weights = 4 * (3072 * 5000 + 5000 * 5000 + 5000 * 10)
    assert 1 <= n < 2**34 / (4 * weights)  # parameters, gradients, updates, a checkpoint
    monkeypatch.setattr(sweep, "_host_memory", lambda: 2**20)
    assert sweep.runs_that_fit(large, devices) == 1
    cells = sweep.cut(large, (3, 2), devices)
    assert len(cells) == 6


class Killed(Exception):
    pass


def killed_after(n_updates, monkeypatch):
    """Let the sweep's progress bar raise after so many evaluations, when their checkpoint is written."""
    left = [n_updates]
    update = sweep.Progress.update

    def dying(self, *args):
        update(self, *args)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(sweep.Progress, "update", dying)


@pytest.mark.parametrize("n_updates", [1, 2, 3])
def test_a_resumed_sweep_ends_with_the_same_numbers(splits, tmp_path, monkeypatch, in_chunks, n_updates):
    def run():
        return sweep.run(CONFIG, HYPERS, SEEDS, splits, with_test=True, directory=tmp_path, runs_at_once=6)

    with monkeypatch.context() as patch:
        killed_after(n_updates, patch)
        with pytest.raises(Killed):
            run()
    trained = []
    with monkeypatch.context() as patch:
        update = sweep.Progress.update
        patch.setattr(sweep.Progress, "update", lambda self, n, note: (trained.append(n), update(self, n, note)))
        found = run()
    assert len(trained) == 4 - n_updates  # two chunks of two evaluations: none is computed twice
    assert_same(in_chunks, found, rtol=0, atol=0)


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_checkpoint_that_does_not_fit_is_named_and_computed_anew(splits, tmp_path, capsys, in_chunks, damage):
    def run(seeds):
        return sweep.run(CONFIG, HYPERS, seeds, splits, with_test=True, directory=tmp_path, runs_at_once=6)

    run([7, 8] if damage == "other" else SEEDS[:2])
    (file,) = tmp_path.iterdir()
    if damage != "other":
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    capsys.readouterr()
    found = run(SEEDS)
    assert file.name in capsys.readouterr().err
    assert_same(in_chunks, found, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("hypers", "seeds", "config"),
    [
        (train.Hypers(-1.0, 0.0, 0.1), [0], CONFIG),
        (train.Hypers(np.nan, 0.0, 0.1), [0], CONFIG),
        (train.Hypers(0.0, 0.2, 0.1), [0], CONFIG),
        (train.Hypers(0.0, 0.0, np.inf), [0], CONFIG),
        (train.Hypers(0.0, 0.0, 0.1), [], CONFIG),
        (train.Hypers(0.0, 0.0, 0.1), [-1], CONFIG),
        (train.Hypers(0.0, 0.0, 0.1), [2**32], CONFIG),
        (train.Hypers(0.0, 0.0, 0.1), [0], train.Config((12, 3), 241, (1,))),
    ],
)
def test_values_out_of_range_are_refused(splits, hypers, seeds, config):
    with pytest.raises(ValueError, match=r"lam|seeds|n_batch"):
        sweep.run(config, hypers, seeds, splits)


def test_real_data_exercise_3(real_data):
    dataset = data.load("cifar10", real_data)
    splits = data.split(dataset, (1,), (2,), n_train=10_000, n_valid=10_000)
    config = train.Config((3072, 50, 10), 100, (1000,), n_s=500)
    found = sweep.run(config, train.Hypers(0.01, 1e-5, 0.1), range(3), splits, with_test=True)
    assert 0.450 <= found.test.accuracy.mean() <= 0.472  # 22 published reports: 45.99 ± 0.51 %
    assert found.test.accuracy.std(ddof=1) > 1e-4
