"""What a configuration may hold under a name, and configurations as JSON, by which a run is identified."""

import dataclasses
import functools
import hashlib
import inspect
import json
from collections.abc import Mapping

from dd2424_jax import activations, configs, initializers, losses, optimizers, precisions, schedules

NAMES = {  # by field of Config: what it may hold, under the names that flags and config.json use
    "loss": losses.LOSSES,
    "activation": activations.ACTIVATIONS,
    "init": initializers.INITIALIZERS,
    "schedule": schedules.SCHEDULES,
    "optimizer": optimizers.OPTIMIZERS,
    "precision": precisions.PRECISIONS,
}
TUPLES = ("sizes", "eval_steps", "snapshots")  # fields that are lists in JSON

WITH_DERIVATIVE = (losses.Loss, activations.Activation)


def describe(config: configs.Config) -> dict:
    """All of it as JSON: configurations of the same description train alike.

    A callable is its name in NAMES or, of another's code, its qualified name, its source and what is bound to it.

    Raises:
      ValueError: a callable has no name of its own, as a lambda has none, or no source.
    """
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return {field: list(value) if field in TUPLES else _plain(field, value) for field, value in fields.items()}


def described(description: Mapping) -> configs.Config:
    """The configuration that `describe` gave the description of.

    Raises:
      ValueError: it has a callable that is not in NAMES.
    """
    for field, known in {**NAMES, "augment": {None: None}}.items():
        value = description.get(field)
        if isinstance(value, Mapping) or value not in known:
            raise ValueError(f"{field}={value} is none of {', '.join(map(str, known))}")
    named = {field: known[description[field]] for field, known in NAMES.items()}
    shapes = {field: tuple(description.get(field, ())) for field in TUPLES}
    return configs.Config(**{**description, **shapes, **named})


def label(field: str, value) -> str:
    """What a field's value is called in a table."""
    if name := _name(field, value):
        return name
    if isinstance(value, WITH_DERIVATIVE):
        return label(field, value.value)
    if isinstance(value, functools.partial):
        bound = [*map(str, value.args), *(f"{name}={own}" for name, own in value.keywords.items())]
        return f"{label(field, value.func)}({', '.join(bound)})"
    return getattr(value, "__qualname__", str(value))


def _name(field: str, value) -> str | None:
    """Its name in NAMES, if it has one."""
    return next((name for name, known in NAMES.get(field, {}).items() if value is known), None)


def _plain(field: str, value):
    """A field's value as JSON."""
    if name := _name(field, value):
        return name
    if isinstance(value, WITH_DERIVATIVE):
        return {part: _plain(field, getattr(value, part)) for part in ("value", "derivative")}  # what training takes
    if isinstance(value, functools.partial):
        bound = {"arguments": list(value.args), **value.keywords}
        try:
            return {"function": _plain(field, value.func), "bound": json.loads(json.dumps(bound))}
        except TypeError as error:
            raise ValueError(f"{field}={value} has bound what is no number or text ({error})") from error
    return _of_function(field, value) if callable(value) else value


def _of_function(field: str, function) -> dict:
    name = f"{function.__module__}.{getattr(function, '__qualname__', '<none>')}"
    if "<" in name:
        raise ValueError(f"{field}={function} has no name to identify its runs: define it by `def`, at top level")
    try:
        source = inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError) as error:
        raise ValueError(f"{field}={name} has no source to identify its runs: define it by `def`, in a file") from error
    return {"name": name, "source": hashlib.sha256(source.encode()).hexdigest()[:10]}
