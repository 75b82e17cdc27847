import dataclasses
import functools
import itertools

import jax
import numpy as np
import pytest

from dd2424_jax import chunks, configs, data, evaluation, losses, optimizers, sweep, train
from dd2424_jax.io import records

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=16, n_s=10, eval_steps=(20, 40), snapshots=(20,))
HYPERS = train.Hypers(np.array([0.0, 0.01, 0.3]), 1e-3, 0.2)
SEEDS = [5, 0, 11, 2]


def assert_same(a: sweep.Outcome, b: sweep.Outcome, **tolerance):
    def close(x, y):
        np.testing.assert_allclose(x, y, **tolerance)

    jax.tree.map(close, *((one.train, one.valid, one.test, one.weights) for one in (a, b)))


@pytest.fixture(scope="module")
def whole(splits):
    with jax.enable_x64(True):
        return sweep.run(CONFIG, HYPERS, SEEDS, splits, devices=jax.devices()[:2])


@pytest.fixture(scope="module")
def in_chunks(splits):
    return sweep.run(CONFIG, HYPERS, SEEDS, splits, runs_at_once=6)


def test_vmapped_equals_single_runs(whole, splits, x64):
    segment, evaluate = (jax.jit(functools.partial(f, CONFIG)) for f in (train.segment, evaluation.evaluate))
    for (i, lam), (j, seed) in itertools.product(enumerate(HYPERS.lam), enumerate(SEEDS)):
        hypers = HYPERS._replace(lam=lam)
        state = train.init_state(CONFIG, hypers, seed)
        expected = evaluate(splits.valid, splits.scale, hypers, state.params)
        np.testing.assert_allclose([a[i, j, 0] for a in whole.valid], expected, rtol=1e-10)
        for k, (first, last) in enumerate(itertools.pairwise((0, *CONFIG.eval_steps)), 1):
            (batches,) = train.batch_indices([seed], first, last, 240, CONFIG.n_batch)
            state = segment(splits.train, splits.scale, hypers, state, seed, first, batches)
            for split, found in ((splits.train, whole.train), (splits.valid, whole.valid)):
                expected = evaluate(split, splits.scale, hypers, state.params)
                np.testing.assert_allclose([a[i, j, k] for a in found], expected, rtol=1e-10)
            if last in CONFIG.snapshots:
                np.testing.assert_allclose(whole.snapshots[0].W[i, j, 0], state.params[0].W, atol=1e-11)
        np.testing.assert_allclose(whole.params[0].W[i, j], state.params[0].W, atol=1e-11)
        expected = evaluate(splits.test, splits.scale, hypers, state.params)
        np.testing.assert_allclose([a[i, j] for a in whole.test], expected, rtol=1e-10)


def test_between_the_ends_a_part_of_the_training_images_may_be_evaluated(whole, splits, x64):
    found = sweep.run(dataclasses.replace(CONFIG, eval_train=50), HYPERS, SEEDS, splits)
    fewer = splits._replace(train=data.Split(*(a[:50] for a in splits.train)))
    jax.tree.map(np.testing.assert_allclose, (found.valid, found.test), (whole.valid, whole.test))
    for k in (0, 2):
        np.testing.assert_allclose(found.train.loss[..., k], whole.train.loss[..., k])
    assert not np.isclose(found.train.loss[..., 1], whole.train.loss[..., 1]).any()
    state = train.init_state(CONFIG, HYPERS._replace(lam=0.3), 11)
    (batches,) = train.batch_indices([11], 0, 20, 240, CONFIG.n_batch)
    hypers = configs.as_arrays(HYPERS).at(2)
    state = train.segment(CONFIG, splits.train, splits.scale, hypers, state, 11, 0, batches)
    expected = evaluation.evaluate(CONFIG, fewer.train, splits.scale, hypers, state.params)
    np.testing.assert_allclose([a[2, 2, 1] for a in found.train], expected, rtol=1e-10)


def noisy(key, X):
    """An augmentation."""
    return X + jax.random.randint(key, X.shape, 0, 9, X.dtype)


@pytest.mark.parametrize(
    "part", [{"augment": noisy}, {"dropout": 0.5}, {"input_dropout": 0.3}], ids=lambda part: next(iter(part))
)
@pytest.mark.parametrize("devices", [1, 2])
def test_what_is_random_in_an_update_is_shared_by_the_settings_of_a_seed(splits, x64, devices, part):
    config = dataclasses.replace(CONFIG, **part)
    hypers = train.Hypers([0.01, 0.01, 0.01], 1e-3, 0.2)
    found = sweep.run(config, hypers, SEEDS, splits, devices=jax.devices()[:devices])
    for i in (1, 2):
        np.testing.assert_allclose(found.valid.cost[i], found.valid.cost[0], rtol=1e-10)
    assert len(np.unique(found.valid.cost[0, :, -1].round(6))) == len(SEEDS)
    alone = sweep.run(config, HYPERS._replace(lam=0.01), [11], splits)
    np.testing.assert_allclose(alone.valid.cost[0, 0], found.valid.cost[0, 2], rtol=1e-10)


def test_axes_are_settings_seeds_evaluations(whole):
    assert whole.train.cost.shape == whole.valid.accuracy.shape == (3, 4, 3)
    assert whole.test.loss.shape == (3, 4)
    assert whole.params[0].W.shape == (3, 4, 5, 12)
    assert whole.snapshots[0].W.shape == (3, 4, 1, 5, 12)


def test_evaluations_may_be_unevenly_spaced(whole, splits, x64):
    config = dataclasses.replace(CONFIG, eval_steps=(7, 20), snapshots=(7,))
    found = sweep.run(config, HYPERS, SEEDS, splits)
    np.testing.assert_array_equal(found.step, [0, 7, 20])
    np.testing.assert_allclose(found.lr[0], [1e-3, 1e-3 + 0.7 * 0.199, 1e-3], rtol=1e-12)
    np.testing.assert_allclose(found.valid.cost[..., 2], whole.valid.cost[..., 1], rtol=1e-10)


@pytest.mark.parametrize("n_devices", [1, 3, 4, 8])
def test_devices_do_not_matter(whole, splits, x64, n_devices):
    devices = jax.devices()[:n_devices]
    assert len(devices) == n_devices
    assert_same(whole, sweep.run(CONFIG, HYPERS, SEEDS, splits, devices=devices), rtol=1e-10, atol=1e-12)


def test_devices_do_not_matter_in_float32(splits):
    seeds = range(8)
    one, eight = (sweep.run(CONFIG, HYPERS, seeds, splits, devices=jax.devices()[:n]) for n in (1, 8))
    assert_same(one, eight, rtol=1e-3, atol=1e-3)  # rounding, after 40 updates


@pytest.mark.parametrize("runs_at_once", [2, 7])
def test_chunks_do_not_matter(whole, splits, x64, runs_at_once):
    found = sweep.run(CONFIG, HYPERS, SEEDS, splits, runs_at_once=runs_at_once)
    assert_same(whole, found, rtol=1e-10, atol=1e-12)


def test_chunks_as_wide_as_caches_do_not_matter(whole, splits, x64, monkeypatch):
    monkeypatch.setattr(chunks, "WEIGHTS_OF_A_CORE", 1)  # a setting for each of two devices
    assert_same(whole, sweep.run(CONFIG, HYPERS, SEEDS, splits, devices=jax.devices()[:2]), rtol=1e-10, atol=1e-12)


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


def test_without_a_test_split_there_is_no_test_accuracy_and_all_else_is_the_same(whole, splits, x64):
    found = sweep.run(CONFIG, HYPERS, SEEDS, splits._replace(test=None), devices=jax.devices()[:2])
    assert found.test is None
    np.testing.assert_array_equal(found.valid.cost, whole.valid.cost)


def test_diverged_runs_are_marked(splits):
    hypers = train.Hypers(np.array([0.01, 50.0]), 0.2, 0.2)  # λ lr = 10: every update multiplies the weights by -19
    found = sweep.run(CONFIG, hypers, SEEDS, splits)
    np.testing.assert_array_equal(found.diverged, [[False] * 4, [True] * 4])


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


@pytest.mark.parametrize(("n_updates", "optimizer"), [(1, "adam"), (2, "sgd"), (3, "nesterov")])
def test_a_resumed_sweep_ends_with_the_same_numbers(splits, tmp_path, monkeypatch, n_updates, optimizer):
    config = dataclasses.replace(CONFIG, optimizer=optimizers.OPTIMIZERS[optimizer])
    hypers = HYPERS if optimizer == "sgd" else HYPERS._replace(lr_max=0.02, momentum=0.9)

    def run(directory=tmp_path):
        return sweep.run(config, hypers, SEEDS, splits, directory=directory, runs_at_once=6)

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
    assert_same(run(None), found, rtol=0, atol=0)


@pytest.mark.parametrize("damage", ["cut", "seeds", "config", "shape", "step"])
def test_a_checkpoint_that_does_not_fit_is_named_and_its_runs_start_from_scratch(
    splits, tmp_path, capsys, in_chunks, damage
):
    def run(config=CONFIG, seeds=SEEDS):
        return sweep.run(config, HYPERS, seeds, splits, directory=tmp_path, runs_at_once=6)

    config = dataclasses.replace(CONFIG, loss=losses.hinge) if damage == "config" else CONFIG
    run(config, [7, 8] if damage == "seeds" else SEEDS[:2])
    (file,) = tmp_path.iterdir()
    if damage == "cut":
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    elif damage in ("shape", "step"):
        arrays = dict(np.load(file))
        name = {"shape": "['state'].params[0].W", "step": "['step']"}[damage]
        of = str(arrays.pop("of"))
        records.write_arrays(file, of, arrays | {name: np.zeros((2, 2)) if damage == "shape" else np.array(10**9)})
    capsys.readouterr()
    found = run()
    said = capsys.readouterr().err
    assert f"{file.name} is {'of other runs' if damage in ('seeds', 'config') else 'damaged'}" in said
    assert "start from scratch" in said
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
    found = sweep.run(config, train.Hypers(0.01, 1e-5, 0.1), range(3), splits)
    assert 0.450 <= found.test.accuracy.mean() <= 0.472  # 22 published reports: 45.99 ± 0.51 %
    assert found.test.accuracy.std(ddof=1) > 1e-4
