"""A trained network from its run directory, ready to classify other images."""

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import data, network, train
from dd2424_jax.io import records
from dd2424_jax.runs import directory, latest, result
from dd2424_jax.runs.directory import ResultError

SHAPE = (32, 32, 3)  # of an image as others have it; the data's own is its channels one after another


class Model(NamedTuple):
    """A network and the scale by which its training images were standardised, in float32.

    params  layers of W [m, d], b [m]
    scale   mean and sd [d], in units of a pixel (0 to 255)
    about   its λ, learning rates and seed
    """

    params: network.Params
    scale: data.Scale
    about: dict[str, float]

    def logits(self, images) -> np.ndarray:
        """Logits [n, K] of images, uint8 [n, 3072] (as CIFAR-10's files have them) or [n, 32, 32, 3].

        Raises:
          ValueError: they are of another type or shape.
        """
        X = np.asarray(images)
        d = len(self.scale.mean)
        if X.dtype != np.uint8 or (X.shape[1:] != (d,) and X.shape[1:] != SHAPE):
            raise ValueError(f"images are {X.dtype} {list(X.shape)}: needs uint8 [n, {d}] or [n, 32, 32, 3], 0 to 255")
        if X.shape[1:] == SHAPE:
            X = X.transpose(0, 3, 1, 2).reshape(len(X), d)
        return np.asarray(network.forward(self.params, data.standardize(self.scale, X)))

    def predict(self, images) -> np.ndarray:
        """The class of every image, [n] integers; data.CLASSES has their names. Images are those of `logits`."""
        return np.argmax(self.logits(images), axis=1)


def load(run: str | Path, *, setting: int | None = None, seed: int | None = None) -> Model:
    """The network of a run directory, or of its params.npz alone.

    Args:
      run: as in "results/final_model/latest".
      setting: which of several, counted from 0 in the order of runs.csv; by default the only one, or a search's choice.
      seed: which seed; by default the first, which is no better than the others.

    Raises:
      ResultError: there are no weights, or they are damaged; no such setting or seed; several settings and no choice.
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
    if not {"lam", "seed", "split", "mean", "sd", "W1", "b1"} <= arrays.keys():
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
    n_layers = sum(name.startswith("W") for name in arrays)
    layers = ((arrays[f"W{k}"][i, j], arrays[f"b{k}"][i, j]) for k in range(1, n_layers + 1))
    params = tuple(network.Layer(*map(np.array, layer)) for layer in layers)  # out of the file, and only these
    if not all(np.isfinite(a).all() for a in jax.tree.leaves(params)):
        raise ResultError(f"{path}: setting {i} diverged, or was not trained, with seed {seeds[j]}; take another one")
    scale = data.Scale(*(np.atleast_2d(arrays[name])[arrays["split"][j]] for name in data.Scale._fields))
    about = {name: float(a[i]) for name, a in hypers.items()} | {"seed": seeds[j]}
    return Model(params, jax.tree.map(np.float32, scale), about)


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
