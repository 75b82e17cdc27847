"""What data, seeds and settings are called in tables and figures."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from dd2424_jax import schedules
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.result import Result

DATASETS = {"cifar10": "CIFAR-10", "synthetic": "SYNTHETIC stand-in, not CIFAR-10"}
SYMBOLS = {"lam": "λ", "lr_min": "η_min", "lr_max": "η_max", "momentum": "μ"}


def count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def data_and_seeds(plan: Plan) -> str:
    race = "race of up to " if plan.race else ""
    return f"{DATASETS[plan.source.name]}, {race}{count(len(plan.seeds), 'seed')}"


def about(result: Result) -> str:
    """Data, seeds, and in what the plan differs from the experiment's own values."""
    return "; ".join([data_and_seeds(result.plan), *changes(result.plan, result.own)])


def changes(plan: Plan, own: Mapping[str, object]) -> list[str]:
    """In what a plan differs from an experiment's own values (by flag), but for what varies among its settings."""
    usual = {"bias_std": 0.0, "augment": str(None), **own}
    facts = {name: _as_in_a_flag(value) for name, value in plan.facts().items()}
    said = [_in_words(name, value) for name, value in facts.items() if value != _as_in_a_flag(usual.get(name, value))]
    return said + _alike(plan, own)


def _as_in_a_flag(value):
    return list(value) if isinstance(value, tuple) else value


def _in_words(name: str, value) -> str:
    if name == "hidden":
        return f"hidden {', '.join(map(str, value))}" if value else "no hidden layer"
    if name in ("loss", "optimizer"):
        return value
    if name == "eval_train":
        return f"training curves of the first {value:,} images, but for their ends"
    if name == "snapshots":
        return name
    if name == "seed":
        return f"seeds {', '.join(map(str, value))}" if isinstance(value, list) else f"seeds from {value}"
    if isinstance(value, list):
        return f"{name} {', '.join(map(str, value)) or 'none'}"
    return f"{name} = {value:,g}" if isinstance(value, float) else f"{name} = {value}"


def _alike(plan: Plan, own: Mapping[str, object]) -> list[str]:
    """The hyperparameters that all settings share, where that is not the experiment's own value."""
    texts = []
    for name, symbol in symbols(plan).items():
        flag = "lr" if name == "lr_max" and "lr" in own else name
        values = {float(value) for value in getattr(plan.hypers, name)}
        if len(values) == 1 and values != {*map(float, own.get(flag, values))}:
            texts.append(f"{symbol} = {numbers([*values])[0]}")
    return texts


def symbols(plan: Plan) -> dict[str, str]:
    """Of a plan's hyperparameters, their symbols."""
    named = {name: SYMBOLS.get(name, name) for name in plan.hypers.named()}
    if plan.config.schedule in schedules.WITHOUT_LR_MIN:
        del named["lr_min"]
        named["lr_max"] = "η"
    return named


def varying(plan: Plan) -> dict[str, str]:
    """The hyperparameters in which the settings differ, and their symbols; λ alone where they differ in none."""
    differing = {name: symbol for name, symbol in symbols(plan).items() if len(set(getattr(plan.hypers, name))) > 1}
    return differing or {"lam": SYMBOLS["lam"]}


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


def diverged(result: Result) -> list[str]:
    """A remark on the runs that are left out, if there are any."""
    hypers = result.plan.hypers
    shown = zip(numbers(hypers.lam), numbers(hypers.lr_max), result.settings, strict=True)
    gone = [
        f"λ = {lam} at a learning rate of up to {lr} ({count(setting.diverged, 'seed')})"
        for lam, lr, setting in shown
        if setting.diverged
    ]
    return [f"Diverged and left out: {'; '.join(gone)}. A smaller learning rate may help."] if gone else []
