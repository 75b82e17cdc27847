import dataclasses

import jax
import numpy as np
import pytest

import dd2424_jax
from dd2424_jax import activations, evaluation, losses, network, train
from dd2424_jax.data import Scale, Split, standardize
from dd2424_jax.runs import directory, model, result
from dd2424_jax.runs.directory import ResultError
from tests import reference
from tests.runs.examples import PLAN, outcome, with_snapshots

BEST = {name: float(a[1]) for name, a in PLAN.hypers.named().items()}


@pytest.fixture
def run(tmp_path):
    """A finished search with weights that were drawn, and its outcome."""
    return finished(tmp_path, PLAN)


def finished(tmp_path, plan):
    made = outcome(plan)
    with directory.open_run(tmp_path, plan.experiment, plan.identity(), {}) as opened:
        result.write_arrays(opened.path, plan, made)
        opened.finish({"choice": {"best": BEST}})
    return opened.path, made


def test_it_predicts_what_the_evaluation_does(run):
    path, made = run
    images = np.random.default_rng(0).integers(0, 256, (50, 12), np.uint8)
    loaded = dd2424_jax.load(path, setting=2, seed=11)
    params = jax.tree.map(lambda a: a[2, 2], made.params)
    scale = jax.tree.map(np.float32, PLAN.splits.scale)
    expected = evaluation.predict(PLAN.config, Split(images, np.zeros(50, np.uint8)), scale, params)
    np.testing.assert_array_equal(loaded.predict(images), expected)
    assert loaded.about == {"lam": 0.3, "lr_min": 1e-3, "lr_max": 0.2, "seed": 11}


def test_of_a_search_it_is_the_chosen_setting_with_the_first_seed(run):
    path, made = run
    loaded = dd2424_jax.load(path.parent / "latest")
    assert loaded.about == {**BEST, "seed": 5}
    np.testing.assert_array_equal(loaded.params[1].W, made.params[1].W[1, 0])


def test_params_npz_is_enough_alone(run, tmp_path):
    path, _ = run
    alone = tmp_path / "alone.npz"
    (path / "params.npz").rename(alone)
    loaded = dd2424_jax.load(alone, setting=0)
    assert isinstance(loaded.scale, Scale)
    np.testing.assert_allclose(loaded.scale.mean, PLAN.splits.scale.mean, rtol=1e-6)
    with pytest.raises(ResultError, match="3 settings and no choice"):
        dd2424_jax.load(alone)


def test_images_may_have_their_channels_last(tmp_path):
    config = train.Config((3072, 10), n_batch=4, eval_steps=(1,))
    layer = train.init_state(config, train.Hypers(0.0, 0.1, 0.1), 0).params
    linear = model.Model(layer, Scale(np.float32(np.arange(3072) % 7), np.ones(3072, np.float32)), {}, config)
    rows = np.random.default_rng(0).integers(0, 256, (5, 3072), np.uint8)
    images = rows.reshape(5, 3, 32, 32).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(linear.logits(images), linear.logits(rows))


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 12)), np.zeros((2, 13), np.uint8), np.zeros(12, np.uint8), np.zeros((2, 3, 32, 32), np.uint8)],
)
def test_other_images_are_refused(run, images):
    with pytest.raises(ValueError, match=r"needs uint8 \[n, 12\]"):
        dd2424_jax.load(run[0]).predict(images)


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ({"setting": 3}, "has 3, counted from 0"),
        ({"seed": 6}, "has 5, 0, 11, 2"),
        ({"setting": -1}, "counted from 0"),
        ({"setting": "0"}, "from 0"),
        ({"snapshot": 0}, "params.npz has none, as a run without --snapshots"),
    ],
)
def test_what_is_not_there_is_said(run, which, says):
    with pytest.raises(ResultError, match=says):
        dd2424_jax.load(run[0], **which)


@pytest.mark.parametrize(("change", "says"), [(None, "can't be read"), (b"PK", "is damaged")])
def test_weights_that_are_missing_or_damaged_are_named(run, change, says):
    file = run[0] / "params.npz"
    file.unlink()
    if change:
        file.write_bytes(change)
    with pytest.raises(ResultError, match=f"params.npz {says}"):
        dd2424_jax.load(run[0])


def test_curves_are_no_weights(run):
    with pytest.raises(ResultError, match=r"is not params\.npz of a run"):
        dd2424_jax.load(run[0] / "curves.npz")


def test_weights_of_another_run_are_refused(run, tmp_path):
    path, made = run
    other = PLAN._replace(seeds=(6, 1, 12, 3))
    with directory.open_run(tmp_path, "other", other.identity(), {}) as opened:
        result.write_arrays(opened.path, other, made)
    (path / "params.npz").write_bytes((opened.path / "params.npz").read_bytes())
    with pytest.raises(ResultError, match="is of another run than the rest"):
        dd2424_jax.load(path)


def test_weights_that_diverged_are_refused(tmp_path):
    made = outcome(PLAN)
    made.params[0].W[1, 0] = np.nan
    result.write_arrays(tmp_path, PLAN, made)
    with pytest.raises(ResultError, match="setting 1 diverged, or was not trained, with seed 5"):
        dd2424_jax.load(tmp_path / "params.npz", setting=1)
    assert dd2424_jax.load(tmp_path / "params.npz", setting=1, seed=11).about["seed"] == 11


# Snapshots, probabilities, ensembles

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 12), np.uint8)


def test_a_snapshot_is_a_model_too(tmp_path):
    path, made = finished(tmp_path, with_snapshots(PLAN))
    loaded = dd2424_jax.load(path, setting=2, seed=11, snapshot=0)
    np.testing.assert_array_equal(loaded.params[1].W, made.snapshots[1].W[2, 2, 0])
    assert loaded.about == {"lam": 0.3, "lr_min": 1e-3, "lr_max": 0.2, "seed": 11, "update": 20}
    last = dd2424_jax.load(path / "params.npz", setting=2, seed=11)
    np.testing.assert_array_equal(last.params[1].W, made.params[1].W[2, 2])
    for snapshot in (1, -1, "0"):
        with pytest.raises(ResultError, match=f"snapshot={snapshot}: .* has 1, counted from 0"):
            dd2424_jax.load(path, snapshot=snapshot)


def test_an_ensemble_has_the_mean_of_its_models_probabilities(run):
    models = [dd2424_jax.load(run[0], setting=i, seed=seed) for i, seed in ((0, 5), (2, 11), (1, 0))]
    each = [reference.softmax(one.logits(IMAGES).astype(float)) for one in models]
    for one, expected in zip(models, each, strict=True):
        np.testing.assert_allclose(one.probabilities(IMAGES), expected, atol=1e-5)  # float32
    several = dd2424_jax.ensemble(models)
    np.testing.assert_allclose(several.probabilities(IMAGES), np.mean(each, axis=0), atol=1e-5)
    np.testing.assert_array_equal(several.predict(IMAGES), np.mean(each, axis=0).argmax(axis=1))
    np.testing.assert_array_equal(dd2424_jax.ensemble(models[:1]).predict(IMAGES), models[0].predict(IMAGES))
    with pytest.raises(ValueError, match="at least one model"):
        dd2424_jax.ensemble([])


def test_with_flips_images_and_their_mirror_images_have_the_same_probabilities():
    config = train.Config((3072, 10), n_batch=4, eval_steps=(1,))
    params = train.init_state(config, train.Hypers(0.0, 0.1, 0.1), 0).params
    linear = model.Model(params, Scale(np.full(3072, 128, np.float32), np.full(3072, 60, np.float32)), {}, config)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    mirrored = images[:, :, ::-1]
    expected = (linear.probabilities(images) + linear.probabilities(mirrored)) / 2
    for same in (images, mirrored):
        np.testing.assert_allclose(linear.probabilities(same, flips=True), expected, rtol=1e-4)
    assert not np.allclose(linear.probabilities(images), expected, rtol=1e-2)
    np.testing.assert_allclose(dd2424_jax.ensemble([linear]).probabilities(images, flips=True), expected, rtol=1e-4)


def test_where_the_loss_has_none_or_is_others_code_there_are_no_probabilities(tmp_path):
    for loss in (losses.hinge, losses.Loss(*losses.hinge[:2], jax.nn.relu)):
        plan = PLAN._replace(config=dataclasses.replace(PLAN.config, loss=loss))
        loaded = dd2424_jax.load(finished(tmp_path, plan)[0])
        assert loaded.predict(IMAGES).shape == (50,)
        for one in (loaded, dd2424_jax.ensemble([loaded])):
            with pytest.raises(ResultError, match="has no probabilities, as --loss=softmax or sigmoid have"):
                one.probabilities(IMAGES)


def test_the_activation_is_the_networks(tmp_path):
    plan = PLAN._replace(config=dataclasses.replace(PLAN.config, activation=activations.gelu))
    path, made = finished(tmp_path, plan)
    params = tuple(network.Layer(W[0, 0], b[0, 0]) for W, b in made.params)
    loaded = dd2424_jax.load(path / "params.npz", setting=0)
    X = standardize(loaded.scale, IMAGES)
    np.testing.assert_allclose(
        loaded.logits(IMAGES), network.forward(params, X, activation=activations.gelu), rtol=1e-4
    )
    own = PLAN._replace(config=dataclasses.replace(PLAN.config, activation=activations.Activation(np.tanh, np.cos)))
    with pytest.raises(ValueError, match=r"activation=.*no source"):
        own.identity()
