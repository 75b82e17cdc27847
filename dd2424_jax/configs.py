"""What a run is told: a `Config`, which fixes shapes and loops and is static, and `Hypers`, numbers that are traced.

A new λ or learning rate never recompiles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from dd2424_jax import activations, initializers, losses, optimizers, precisions, schedules
from dd2424_jax.data import augment

MAX_UPDATES = 2**31 - 1  # they are counted in int32 on a device


class Hypers(NamedTuple):
    """The numbers of a setting, scalars or arrays [n_settings].

    lam       λ ≥ 0 of the penalty λ Σ W²
    lr_min    least learning rate, at least 0
    lr_max    greatest learning rate, at least lr_min
    momentum  in [0, 1); None for an optimizer that has none
    """

    lam: jax.Array
    lr_min: jax.Array
    lr_max: jax.Array
    momentum: jax.Array | None = None

    def named(self) -> dict[str, jax.Array]:
        """Those that there are, by their names."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def at(self, index) -> "Hypers":
        """One setting, or some of them."""
        return jax.tree.map(lambda a: a[index], self)


def as_arrays(hypers: Hypers) -> Hypers:
    """Each as an array [n_settings], single numbers repeated.

    Raises:
      ValueError: a number is out of its range.
    """
    named = hypers.named()
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(a, float)) for a in named.values()))
    hypers = Hypers(**dict(zip(named, arrays, strict=True)))
    momentum = 0.0 if hypers.momentum is None else hypers.momentum
    ranges = {
        "finite numbers": np.all(np.abs(arrays) <= np.finfo(np.float32).max),
        "lam >= 0": np.all(hypers.lam >= 0),
        "0 <= lr_min <= lr_max": np.all((hypers.lr_min >= 0) & (hypers.lr_min <= hypers.lr_max)),
        "0 <= momentum < 1": np.all((momentum >= 0) & (np.float32(momentum) < 1)),
    }
    for needed, holds in ranges.items():
        if not holds:
            raise ValueError(f"{hypers}: needs {needed}")
    return hypers


@dataclass(frozen=True)
class Config:
    """What is compiled in.

    sizes          units of every layer: (d, ..., K)
    n_batch        examples of an update
    eval_steps     after how many updates to evaluate; ascending, the last one ends the run
    n_s            updates of half a cycle of the learning rate
    schedule       (config, hypers) -> learning rate as a function of the update's number; of schedules.py
    decay          of step_decay: the factor,
    n_decay        and after how many updates; 0: after every third of the run
    init           of initializers.py: standard deviation of the initial weights of d inputs and m outputs
    init_std       the same for all layers, in the place of `init`; None for `init`
    bias_std       of the initial biases
    activation     of activations.py: of hidden units
    loss           of losses.py
    smoothing      ε in [0, 1): training meets the labels (1 − ε) y + ε / K; evaluations do not
    dropout        probability in [0, 1) that training drops a hidden unit,
    input_dropout  or a pixel
    flip           probability that training mirrors an image, drawn anew whenever it is met
    shift          training moves an image by up to so many pixels, to each side and up or down
    shift_padding  of augment.py: what comes in from outside
    augment        (key, images [n_batch, d] uint8) -> images, of one's own, after these; None for none
    optimizer      learning rate, and momentum where the settings have one -> optax transformation of the cost's
                   gradient; one that takes `lam` too gets the loss's gradient
    precision      of precisions.py: how matrix products round their inputs, in training and in evaluations
    eval_train     training images, the first, that are evaluated between the ends of the run; 0: all, as at its ends
    snapshots      after which updates the weights are kept besides those at the end; some of eval_steps
    """

    sizes: tuple[int, ...]
    n_batch: int
    eval_steps: tuple[int, ...]
    n_s: int = 1
    schedule: Callable = schedules.triangular
    decay: float = 0.1
    n_decay: int = 0
    init: Callable = initializers.fan_in
    init_std: float | None = None
    bias_std: float = 0.0
    activation: activations.Activation = activations.relu
    loss: losses.Loss = losses.softmax
    smoothing: float = 0.0
    dropout: float = 0.0
    input_dropout: float = 0.0
    flip: float = 0.0
    shift: int = 0
    shift_padding: str = "zero"
    augment: Callable | None = None
    optimizer: Callable = optimizers.sgd
    precision: Callable = precisions.float32
    eval_train: int = 0
    snapshots: tuple[int, ...] = ()

    def __post_init__(self):
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes={self.sizes}: a network needs an input, an output, and widths of at least 1")
        if self.n_batch < 1 or self.n_s < 1:
            raise ValueError(f"n_batch={self.n_batch} and n_s={self.n_s} must be at least 1")
        if min(self.eval_train, self.n_decay, self.decay) < 0:
            raise ValueError(f"eval_train={self.eval_train}, n_decay={self.n_decay}, decay={self.decay}: at least 0")
        if not self.eval_steps or np.any(np.diff((0, *self.eval_steps)) <= 0) or self.eval_steps[-1] > MAX_UPDATES:
            raise ValueError(f"eval_steps={self.eval_steps} must be positive and ascending, up to {MAX_UPDATES:,}")
        kept = {*self.snapshots}
        if self.snapshots != tuple(step for step in self.eval_steps[:-1] if step in kept):
            raise ValueError(f"snapshots={self.snapshots} must be ascending and of eval_steps, without the last")
        for name in ("smoothing", "dropout", "input_dropout"):
            if not 0 <= getattr(self, name) <= 1 - 2**-16:
                raise ValueError(f"{name}={getattr(self, name)} must be in [0, 1)")
        if not 0 <= self.flip <= 1 or self.shift not in range(augment.SIDE):
            raise ValueError(f"flip={self.flip} must be in [0, 1], shift={self.shift} in 0 to {augment.SIDE - 1}")
        if self.smoothing and self.loss is losses.hinge:
            raise ValueError(f"smoothing={self.smoothing}: a hinge loss has one true class")
        if self.dropout and len(self.sizes) == 2:
            raise ValueError(f"dropout={self.dropout}: there is no hidden layer")

    @property
    def n_updates(self) -> int:
        """Of a run."""
        return self.eval_steps[-1]

    @property
    def augments(self) -> bool:
        """Whether training changes its images."""
        return bool(self.flip or self.shift or self.augment)
