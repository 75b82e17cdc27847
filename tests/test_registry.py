import dataclasses
import functools
import json

import optax
import pytest

from dd2424_jax import losses, optimizers, registry, schedules, train

CONFIG = train.Config(sizes=(12, 3), n_batch=16, eval_steps=(10,), n_s=5)


def scaled(logits, Y, scale):
    return scale * losses.softmax.value(logits, Y)


def with_optimizer(optimizer):
    return registry.describe(dataclasses.replace(CONFIG, optimizer=optimizer))


def test_a_configuration_can_be_told_from_its_description():
    config = dataclasses.replace(CONFIG, loss=losses.hinge, schedule=schedules.constant, optimizer=optimizers.adam)
    config = dataclasses.replace(config, eval_steps=(5, 10), snapshots=(5,))
    assert registry.described(json.loads(json.dumps(registry.describe(config)))) == config
    assert registry.describe(config) != registry.describe(CONFIG)


def test_others_code_has_a_description_but_is_not_made_from_it():
    description = with_optimizer(optax.adagrad)
    assert description["optimizer"]["name"].endswith(".adagrad")
    assert description != with_optimizer(optax.lion)
    with pytest.raises(ValueError, match=r"optimizer=.*adagrad.* is none of sgd, "):
        registry.described(description)
    earlier = registry.describe(CONFIG)
    del earlier["precision"]  # it was not always there
    with pytest.raises(ValueError, match="precision=None is none of float32, "):
        registry.described(earlier)


def test_what_is_bound_is_part_of_a_description():
    one, same, other = (with_optimizer(functools.partial(optax.sgd, momentum=m)) for m in (0.9, 0.9, 0.8))
    assert one == same != other
    assert one["optimizer"]["bound"] == {"arguments": [], "momentum": 0.9}
    loss = losses.Loss(functools.partial(scaled, scale=2.0), losses.softmax.derivative)
    described = registry.describe(dataclasses.replace(CONFIG, loss=loss))["loss"]
    assert described["value"]["bound"]["scale"] == 2.0
    assert described.keys() == {"value", "derivative"}
    told = registry.describe(dataclasses.replace(CONFIG, loss=loss._replace(probabilities=lambda logits: logits)))
    assert told["loss"] == described  # it trains alike
    assert json.loads(json.dumps(described)) == described


def test_another_source_under_the_same_name_is_another_description(monkeypatch):
    before = with_optimizer(optax.adagrad)
    monkeypatch.setattr(registry.inspect, "getsource", lambda _: "def adagrad(): another")
    assert with_optimizer(optax.adagrad) != before


@pytest.mark.parametrize(
    ("nameless", "says"),
    [
        (lambda lr: optax.sgd(lr), "has no name"),
        (functools.partial(lambda lr, m: optax.sgd(lr, m), m=0.9), "has no name"),
        (functools.partial(optax.sgd, momentum=optax.constant_schedule), "has bound what is no number"),
        (max, "has no source"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(nameless, says):
    with pytest.raises(ValueError, match=f"optimizer=.* {says}"):
        with_optimizer(nameless)
