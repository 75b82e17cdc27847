"""Standard deviations of initial weights, from the numbers of a layer's inputs and outputs."""

from dd2424_jax import names


def fan_in(d: int, m: int) -> float:
    """1/√d: outputs vary as inputs do. Source: LeCun et al. (1998)."""
    del m
    return d**-0.5


def he(d: int, m: int) -> float:
    """√(2/d): the same, where ReLU halves what comes in. Source: He et al. (2015)."""
    del m
    return (2 / d) ** 0.5


def glorot(d: int, m: int) -> float:
    """√(2/(d + m)): between what outputs and what gradients need. Source: Glorot and Bengio (2010)."""
    return (2 / (d + m)) ** 0.5


INITIALIZERS = {name: globals()[name] for name in names.INITIALIZERS}
