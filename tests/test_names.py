from dd2424_jax import losses, names, optimizers, precisions, registry, train


def test_a_name_is_what_stands_under_it():
    known = {"loss": losses, "schedule": train, "optimizer": optimizers, "precision": precisions}
    for field, module in known.items():
        assert all(getattr(module, name) is value for name, value in registry.NAMES[field].items())
    listed = {"loss": names.LOSSES, "schedule": names.SCHEDULES}
    listed |= {"optimizer": names.OPTIMIZERS, "precision": names.PRECISIONS}
    assert {field: tuple(named) for field, named in registry.NAMES.items()} == listed
