"""What data, seeds and settings are called in tables and figures."""

import re
from collections.abc import Sequence

import numpy as np

from dd2424_jax import train
from dd2424_jax.runs.plan import Plan

DATASETS = {"cifar10": "CIFAR-10", "synthetic": "SYNTHETIC stand-in, not CIFAR-10"}
SYMBOLS = {"lam": "λ", "lr_min": "η_min", "lr_max": "η_max", "momentum": "μ"}


def count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def data_and_seeds(plan: Plan) -> str:
    return f"{DATASETS[plan.source.name]}, {count(len(plan.seeds), 'seed')}"


def varying(plan: Plan) -> dict[str, str]:
    """The hyperparameters in which the settings differ, and their symbols; λ alone where they differ in none."""
    symbols = {name: SYMBOLS.get(name, name) for name in train.Hypers._fields}
    if plan.config.schedule is train.constant:  # lr_min is lr_max
        del symbols["lr_min"]
        symbols["lr_max"] = "η"
    hypers = plan.hypers.named()
    differing = {name: symbol for name, symbol in symbols.items() if len(set(hypers.get(name, ()))) > 1}
    return differing or {"lam": symbols["lam"]}


def numbers(values: Sequence[float]) -> list[str]:
    """Numbers of three digits, or of as many as it takes to see which of them are equal."""
    for digits in range(3, 18):
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def columns(plan: Plan) -> dict[str, list[str]]:
    """By symbol, of every setting what varies: the first columns of a table."""
    return {symbol: numbers(getattr(plan.hypers, name)) for name, symbol in varying(plan).items()}


def settings(plan: Plan) -> list[str]:
    """Every setting by what varies, as in "λ = 0.1, η = 0.001"."""
    named = [[f"{symbol} = {text}" for text in texts] for symbol, texts in columns(plan).items()]
    return [", ".join(parts) for parts in zip(*named, strict=True)]


def crossed(plan: Plan) -> bool:
    """Whether the settings are all pairs of the values of two hyperparameters, each pair once."""
    axes = [getattr(plan.hypers, name) for name in varying(plan)]
    pairs = set(zip(*axes, strict=True)) if len(axes) == 2 else set()
    return len(pairs) == len(plan.hypers.lam) == np.prod([len(set(axis)) for axis in axes])


def in_math(text: str) -> str:
    """With η_max as Matplotlib's mathtext has it."""
    return re.sub(r"η_(min|max)", r"$\\eta_{\\mathrm{\1}}$", text)
