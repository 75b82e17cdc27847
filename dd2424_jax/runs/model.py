"""A trained network from its run directory, or an ensemble of several, ready to classify other images."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import data, evaluation, losses, network, registry, train
from dd2424_jax.io import records
from dd2424_jax.runs import directory, latest, result
from dd2424_jax.runs.directory import ResultError

SHAPE = (32, 32, 3)  # of an image as others have it; the data's own is its channels one after another

_probabilities = jax.jit(evaluation.probabilities, static_argnums=0, static_argnames="flips")


class Model(NamedTuple):
    """A network and the scale by which its training images were standardised, in float32.

    params  layers of W [m, d], b [m]
    scale   mean and sd [d], in units of a pixel (0 to 255)
    about   its λ, learning rates and seed; of a snapshot, the update after which it was kept
    config  activation and loss as it was trained, the loss None if it is others' code; all else as it is by default
    """

    params: network.Params
    scale: data.Scale
    about: dict[str, float]
    config: train.Config

    def logits(self, images) -> np.ndarray:
        """Logits [n, K] of images, uint8 [n, 3072] (as CIFAR-10's files have them) or [n, 32, 32, 3].

        Raises:
          ValueError: they are of another type or shape.
        """
        return np.asarray(evaluation.forward(self.config, self.scale, self.params, self._rows(images)))

    def _rows(self, images) -> np.ndarray:
        """Images as the data has them, [n, d]."""
        X = np.asarray(images)
        d = len(self.scale.mean)
        if X.dtype != np.uint8 or (X.shape[1:] != (d,) and X.shape[1:] != SHAPE):
            raise ValueError(f"images are {X.dtype} {list(X.shape)}: needs uint8 [n, {d}] or [n, 32, 32, 3], 0 to 255")
        return X.transpose(0, 3, 1, 2).reshape(len(X), d) if X.shape[1:] == SHAPE else X

    def predict(self, images) -> np.ndarray:
        """The class of every image, [n] integers; data.CLASSES has their names. Images are those of `logits`."""
        return np.argmax(self.logits(images), axis=1)

    def probabilities(self, images, *, flips: bool = False) -> np.ndarray:
        """p of every image and class, [n, K]; with `flips`, the mean of an image's and its mirror image's.

        Those of sigmoids, one a class, need not add up to 1. Images are those of `logits`.

        Raises:
          ResultError: the loss has no probabilities, or is not known.
        """
        if self.config.loss is None or self.config.loss.probabilities is None:
            names = " or ".join(name for name, loss in losses.LOSSES.items() if loss.probabilities)
            raise ResultError(f"its loss has no probabilities, as --loss={names} have: take its logits, or predict")
        X = self._rows(images)
        split = data.Split(X, np.zeros(len(X), np.uint8))
        return np.asarray(_probabilities(self.config, split, self.scale, self.params, flips=flips))


class Ensemble(NamedTuple):
    """Several networks, whose probabilities are averaged."""

    models: tuple[Model, ...]

    def probabilities(self, images, *, flips: bool = False) -> np.ndarray:
        """The mean of the models' probabilities, [n, K]; images, `flips` and errors are theirs."""
        return np.mean([model.probabilities(images, flips=flips) for model in self.models], axis=0)

    def predict(self, images) -> np.ndarray:
        """The most probable class of every image, [n] integers."""
        return np.argmax(self.probabilities(images), axis=1)


def ensemble(models: Iterable[Model]) -> Ensemble:
    """An ensemble of models: of several seeds, settings or snapshots, or of different runs.

    Raises:
      ValueError: there is none.
    """
    models = tuple(models)
    if not models:
        raise ValueError("an ensemble needs at least one model")
    return Ensemble(models)


def load(run: str | Path, *, setting: int | None = None, seed: int | None = None, snapshot: int | None = None) -> Model:
    """The network of a run directory, or of its params.npz alone.

    Args:
      run: as in "results/final_model/latest".
      setting: which of several, counted from 0 in the order of runs.csv; by default the only one, or a search's choice.
      seed: which seed; by default the first, which is no better than the others.
      snapshot: which of those that --snapshots has kept, counted from 0; by default the network after training.

    Raises:
      ResultError: there are no weights, or they are damaged; no such setting, seed or snapshot; several settings and
        no choice.
    """
    path = latest.followed(run)
    file = path / result.PARAMS if path.is_dir() else path
    try:
        records.check(file)
        arrays, of = records.mapped(file)
    except OSError as error:
        advice = "name a run that has weights; --force trains those of one with --weights=none"
        raise ResultError(f"{file} can't be read ({error.strerror}): {advice}") from error
    except records.Unusable as error:
        raise ResultError(f"{file} {error}") from error
    if not {"lam", "seed", "split", "mean", "sd", "config", "W1", "b1"} <= arrays.keys():
        raise ResultError(f"{file} is not {result.PARAMS} of a run, or of another version of this program")
    if path.is_dir() and directory.read_config(path).get("digest") not in (None, of):
        raise ResultError(f"{file} is of another run than the rest of {path}")
    hypers = {name: a for name, a in arrays.items() if name in train.Hypers._fields}
    n_settings, seeds = len(hypers["lam"]), arrays["seed"].tolist()
    i = _chosen(file.parent, hypers) if setting is None else setting
    if i not in range(n_settings):
        raise ResultError(f"setting={i}: {file} has {n_settings}, counted from 0")
    if seed not in (None, *seeds):
        raise ResultError(f"seed={seed}: {file} has {', '.join(map(str, seeds))}")
    j = 0 if seed is None else seeds.index(seed)
    steps = arrays["snapshot"].tolist() if "snapshot" in arrays else []
    if snapshot not in (None, *range(len(steps))):
        kept = f"{len(steps)}, counted from 0" if steps else "none, as a run without --snapshots"
        raise ResultError(f"snapshot={snapshot}: {file} has {kept}")
    n_layers = sum(name.startswith("W") for name in arrays)
    prefix, index = ("", (i, j)) if snapshot is None else ("snapshots_", (i, j, snapshot))
    layers = ((arrays[f"{prefix}{key}{k}"][index] for key in network.Layer._fields) for k in range(1, n_layers + 1))
    params = tuple(network.Layer(*map(np.array, layer)) for layer in layers)  # out of the file, and only these
    if not all(np.isfinite(a).all() for a in jax.tree.leaves(params)):
        raise ResultError(f"{path}: setting {i} diverged, or was not trained, with seed {seeds[j]}; take another one")
    scale = data.Scale(*(np.atleast_2d(arrays[name])[arrays["split"][j]] for name in data.Scale._fields))
    about = {name: float(a[i]) for name, a in hypers.items()} | {"seed": seeds[j]}
    about |= {} if snapshot is None else {"update": steps[snapshot]}
    return Model(params, jax.tree.map(np.float32, scale), about, _config(json.loads(str(arrays["config"])), file))


def _config(own: Mapping, file: Path) -> train.Config:
    """As far as predictions depend on it."""
    known = isinstance(own["loss"], str)
    try:
        plain = registry.describe(train.Config((1, 1), 1, (1,)))
        config = registry.described({**plain, **own, "loss": own["loss"] if known else plain["loss"]})
    except ValueError as error:
        raise ResultError(f"{file}: {error}, so that nothing can be predicted") from error
    return config if known else dataclasses.replace(config, loss=None)


def _chosen(path: Path, hypers: dict[str, np.ndarray]) -> int:
    """The index of the only setting, or of the one that a search chose."""
    n_settings = len(hypers["lam"])
    if n_settings == 1:
        return 0
    run = directory.Run(path)
    best = (run.summary.get("choice") or {}).get("best") if run.finished else None
    if best is None:
        raise ResultError(f"{path} has {n_settings} settings and no choice: say which by setting=0, 1, ...")
    return next(i for i in range(n_settings) if all(a[i] == best[name] for name, a in hypers.items()))
