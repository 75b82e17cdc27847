"""The cases in which gradients are compared."""

from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax import names


class Case(NamedTuple):
    """What is differentiated: the cost of n images, of which the first d pixels, at λ, with steps of h.

    uniform     parameters from U(−2, 2), where nothing is small
    whole_cost  every difference is one of the whole cost: as plain as can be, and slow
    activation  of hidden units
    dropout     of hidden units: the probability by which masks were drawn
    smoothing   of labels
    """

    name: str
    n: int
    d: int
    lam: float
    h: float
    uniform: bool = False
    whole_cost: bool = False
    activation: str = "relu"
    dropout: float = 0.0
    smoothing: float = 0.0

    def is_of(self, name: str, loss: str) -> bool:
        """Whether a network has the units, and a loss the labels, that it is about."""
        hidden_units = self.dropout > 0 or self.activation != "relu"
        return (bool(names.HIDDEN[name]) or not hidden_units) and (loss != "hinge" or self.smoothing == 0)

    def seeds(self, name: str, seeds: Sequence[int]) -> Sequence[int]:
        """Of these draws, those of a network: all, or the first tenth where, with hidden units, one takes seconds."""
        dear = bool(names.HIDDEN[name]) and self.n * self.d > 50_000
        return seeds[: -(-len(seeds) // 10)] if dear else seeds


CASES = (
    Case("1 image, λ = 0", 1, 3072, 0.0, 1e-6),
    Case("1 image, λ = 1", 1, 3072, 1.0, 1e-6),
    Case("100 images, 20 pixels, λ = 1", 100, 20, 1.0, 1e-6),
    Case("100 images, λ = 1", 100, 3072, 1.0, 1e-6),
    Case("20 images, λ = 0", 20, 3072, 0.0, 1e-6),
    Case("2 images, λ = 0", 2, 3072, 0.0, 1e-6),
    Case("20 images, leaky ReLU, dropout", 20, 20, 0.1, 1e-6, activation="leaky_relu", dropout=0.5),
    Case("20 images, GELU, dropout, smoothing", 20, 20, 0.1, 1e-6, activation="gelu", dropout=0.5, smoothing=0.1),
    Case("2 images, 20 pixels", 2, 20, 0.0, 1e-5, whole_cost=True),
    Case("2 images, 20 pixels, U(−2, 2)", 2, 20, 0.1, 1e-5, uniform=True, whole_cost=True),
)
