from dd2424_jax import losses, names, optimizers, registry, train


def test_a_name_is_what_stands_under_it():
    known = {"loss": losses, "schedule": train, "optimizer": optimizers}
    for field, module in known.items():
        assert all(getattr(module, name) is value for name, value in registry.NAMES[field].items())
    listed = {"loss": names.LOSSES, "schedule": names.SCHEDULES, "optimizer": names.OPTIMIZERS}
    assert {field: tuple(named) for field, named in registry.NAMES.items()} == listed
