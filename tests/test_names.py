from dd2424_jax import activations, initializers, losses, names, optimizers, precisions, registry, schedules


def test_a_name_is_what_stands_under_it():
    known = {"loss": losses, "activation": activations, "init": initializers}
    known |= {"schedule": schedules, "optimizer": optimizers, "precision": precisions}
    for field, module in known.items():
        assert all(getattr(module, name) is value for name, value in registry.NAMES[field].items())
    listed = {"loss": names.LOSSES, "activation": names.ACTIVATIONS, "init": names.INITIALIZERS}
    listed |= {"schedule": names.SCHEDULES, "optimizer": names.OPTIMIZERS, "precision": names.PRECISIONS}
    assert {field: tuple(named) for field, named in registry.NAMES.items()} == listed
