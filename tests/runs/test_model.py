import jax
import numpy as np
import pytest

import dd2424_jax
from dd2424_jax import evaluation, train
from dd2424_jax.data import Scale, Split
from dd2424_jax.runs import directory, model, result
from dd2424_jax.runs.directory import ResultError
from tests.runs.examples import PLAN, outcome

BEST = {name: float(a[1]) for name, a in PLAN.hypers.named().items()}


@pytest.fixture
def run(tmp_path):
    """A finished search with weights that were drawn, and its outcome."""
    made = outcome(PLAN)
    with directory.open_run(tmp_path, PLAN.experiment, PLAN.identity(), {}) as opened:
        result.write_arrays(opened.path, PLAN, made)
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
    linear = model.Model(layer, Scale(np.float32(np.arange(3072) % 7), np.ones(3072, np.float32)), {})
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
