import hashlib

import numpy as np
import pytest

from dd2424_jax import data
from dd2424_jax.data import cifar10, synthetic
from dd2424_jax.io import download
from tests import reference


@pytest.fixture(scope="module")
def dataset():
    return data.load("synthetic")


def test_synthetic_has_the_official_shape_and_is_always_the_same(dataset):
    assert dataset.name == "synthetic"
    assert [batch.X.shape for batch in (*dataset.batches, dataset.test)] == [(10_000, 3072)] * 6
    for X, y in (*dataset.batches, dataset.test):
        assert X.dtype == y.dtype == np.uint8
        np.testing.assert_array_equal(np.bincount(y), 1000)
    # Integers alone made it: any machine, any NumPy that keeps its generators' promise.
    assert dataset.sha256.startswith("527cb6e2316cc0fc")


def test_synthetic_batches_differ(dataset):
    digests = {hashlib.sha256(batch.X).hexdigest() for batch in (*dataset.batches, dataset.test)}
    assert len(digests) == 6


def test_pixels_are_rarely_clipped(dataset):
    assert np.mean((dataset.test.X == 0) | (dataset.test.X == 255)) < 0.02


@pytest.mark.parametrize("n", [1, 2, 999, 1000, 2345])
def test_scale_equals_numpy_in_float64(n):
    X = np.random.default_rng(n).integers(0, 256, (n, 7), np.uint8)
    X[:, 3] = 200
    mean, sd = data.scale(X)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-14)
    expected = X.astype(float).std(axis=0)
    np.testing.assert_allclose(sd[expected > 0], expected[expected > 0], rtol=1e-12)
    np.testing.assert_array_equal(sd[expected == 0], 1.0)  # a pixel that never changes


def test_scale_is_exact_where_integers_are_large():
    X = np.full((50_000, 2), 255, np.uint8)
    X[0] = 254
    expected = X.astype(float).std(axis=0)
    np.testing.assert_allclose(data.scale(X).sd, expected, rtol=1e-9)


def test_every_split_is_standardised_by_training(dataset):
    splits = data.split(dataset, (1,), (2,), n_train=500, n_valid=300)
    for split in (splits.train, splits.valid, splits.test):
        expected = reference.standardize(split.X[:50], splits.train.X)
        np.testing.assert_allclose(data.standardize(splits.scale, split.X[:50]), expected, atol=1e-12)
    z = data.standardize(splits.scale, splits.train.X)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-12)
    assert abs(data.standardize(splits.scale, splits.test.X).mean()) < 0.1


def test_any_batches_can_be_chosen(dataset):
    splits = data.split(dataset, (3, 1), (2,), n_train=15_000, n_valid=10_000)
    np.testing.assert_array_equal(splits.train.X[:10_000], dataset.batches[2].X)
    np.testing.assert_array_equal(splits.train.y[10_000:], dataset.batches[0].y[:5000])
    np.testing.assert_array_equal(splits.valid.X, dataset.batches[1].X)
    assert splits.test is dataset.test


def test_held_out_images_are_the_last_and_not_trained_on(dataset):
    splits = data.split(dataset, n_train=45_000, n_valid=5_000)
    np.testing.assert_array_equal(splits.train.y[-5000:], dataset.batches[4].y[:5000])
    np.testing.assert_array_equal(splits.valid.X, dataset.batches[4].X[5000:])


@pytest.mark.parametrize(
    ("train", "valid", "n_train", "n_valid"),
    [
        ((1,), (2,), 10_001, 1),
        ((1,), (2,), 1, 10_001),
        ((1,), (), 9_000, 1_001),
        ((1,), (), 1, 10_000),
        ((1,), (), 1, 10_001),
        ((1,), (), 0, 1),
        ((1,), (), 1, 0),
        ((), (2,), 1, 1),
        ((6,), (), 1, 1),
        ((1,), (0,), 1, 1),
        ((1,), (1,), 1, 1),
        ((1, 1), (), 1, 1),
    ],
)
def test_impossible_splits_are_refused(dataset, train, valid, n_train, n_valid):
    with pytest.raises(data.DataError, match=r"\d"):
        data.split(dataset, train, valid, n_train=n_train, n_valid=n_valid)


def test_unknown_names_are_refused():
    with pytest.raises(data.DataError, match=r"'mnist'.*auto"):
        data.load("mnist")


def test_auto_falls_back_loudly_and_cifar10_never(tmp_path, monkeypatch, capsys, dataset):
    def no_network(*_, **__):
        raise download.DownloadError("no network")

    monkeypatch.setattr(download, "fetch", no_network)
    monkeypatch.setattr(synthetic, "batches", lambda: [*dataset.batches, dataset.test])
    with pytest.raises(data.DataError, match=r"no network.*--data_dir.*--dataset=synthetic"):
        data.load("cifar10", str(tmp_path))
    assert data.load("auto", str(tmp_path)).name == "synthetic"
    assert "SYNTHETIC" in capsys.readouterr().err


def test_auto_does_not_hide_damaged_files(tmp_path):
    (tmp_path / cifar10.FOLDER).mkdir()
    (tmp_path / cifar10.FOLDER / "data_batch_1").write_bytes(b"")
    with pytest.raises(data.DataError, match=r"data_batch_1"):
        data.load("auto", str(tmp_path))


def test_what_was_begun_to_be_read_is_what_is_loaded(tmp_path):
    """Once: files that are mended meanwhile are read again; and what is wrong with them is the loader's to say."""
    folder = tmp_path / cifar10.FOLDER
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"no pickle")
    for name in ("auto", "cifar10", "synthetic"):
        data.begin(name, str(tmp_path))
    data.begin("auto", str(tmp_path / "nowhere"))
    with pytest.raises(data.DataError, match="cut short"):
        data.load("auto", str(tmp_path))
    (folder / "data_batch_1").unlink()
    (folder / "data_batch_2").touch()
    with pytest.raises(data.DataError, match="cannot read"):
        data.load("auto", str(tmp_path))


def test_real_data_is_cifar_10(real_data):
    dataset = data.load("cifar10", real_data)
    assert dataset.name == "cifar10"
    np.testing.assert_array_equal(np.bincount(np.concatenate([batch.y for batch in dataset.batches])), 5000)
    np.testing.assert_array_equal(np.bincount(dataset.test.y), 1000)
    means = np.mean([batch.X.reshape(-1, 3, 1024).mean(axis=(0, 2)) for batch in dataset.batches], axis=0)
    np.testing.assert_allclose(means / 255, [0.4914, 0.4822, 0.4465], atol=5e-3)  # as everyone's code has it
    # A row of an image lies beside the next one: neighbours across and down are alike, in every channel.
    images = dataset.test.X.reshape(-1, 3, 32, 32).astype(float)
    across = np.abs(np.diff(images, axis=3)).mean()
    down = np.abs(np.diff(images, axis=2)).mean()
    assert across < 20  # unrelated pixels differ by some 60
    assert down < 20


def test_several_sets_held_out_are_disjoint_and_the_first_is_that_of_one(dataset):
    one = data.split(dataset, (1, 3), n_train=14_000, n_valid=5_000)
    several = data.splits(dataset, (1, 3), n_train=14_000, n_valid=5_000, n_splits=4)
    images = np.concatenate([dataset.batches[i].X for i in (0, 2)])
    np.testing.assert_array_equal(several[0].train.X, one.train.X)
    np.testing.assert_array_equal(np.concatenate([split.valid.X for split in several[::-1]]), images)
    for i, split in enumerate(several):
        first = 20_000 - 5_000 * i  # what follows the set, round the end
        np.testing.assert_array_equal(split.train.X, np.roll(images, -first, axis=0)[:14_000])
        np.testing.assert_array_equal(split.scale.mean, data.scale(split.train.X).mean)
        assert split.test is dataset.test


def test_sets_that_can_not_be_disjoint_are_evenly_spaced(dataset):
    several = data.splits(dataset, (1,), n_train=4_000, n_valid=6_000, n_splits=3)
    for split, first in zip(several, (4_000, 2_000, 0), strict=True):
        np.testing.assert_array_equal(split.valid.y, dataset.batches[0].y[first : first + 6_000])
        assert not {*map(bytes, split.train.X[:20])} & {*map(bytes, split.valid.X)}


def test_sets_of_batches_of_their_own_leave_the_training_images_alone(dataset):
    several = data.splits(dataset, (1,), (2,), n_train=500, n_valid=4_000, n_splits=2)
    for i, split in enumerate(several):
        np.testing.assert_array_equal(split.train.y, dataset.batches[0].y[:500])
        np.testing.assert_array_equal(split.valid.y, dataset.batches[1].y[4_000 * i : 4_000 * (i + 1)])


def test_more_sets_than_there_are_are_refused(dataset):
    with pytest.raises(data.DataError, match="n_splits=3: of 10000 images there are 2 sets of 9999"):
        data.splits(dataset, (1,), n_train=1, n_valid=9_999, n_splits=3)


def test_plans_of_the_same_batches_share_their_images_and_those_of_other_data_do_not(dataset):
    few, many = (data.split(dataset, [2, 1], n_train=n, n_valid=30) for n in (100, 200))
    assert np.shares_memory(few.train.X, many.train.X)
    assert np.shares_memory(few.valid.X, many.valid.X)
    other = dataset._replace(batches=(*dataset.batches[1:], dataset.batches[0]))
    moved = data.split(other, [2, 1], n_train=100, n_valid=30)
    np.testing.assert_array_equal(moved.train.X, dataset.batches[2].X[:100])
    np.testing.assert_array_equal(few.train.X, dataset.batches[1].X[:100])
