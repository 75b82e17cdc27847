import numpy as np
import pytest

from dd2424_jax import configs, losses, train

HYPERS = train.Hypers(0.01, 1e-3, 0.2)


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": (3,)},
        {"sizes": (3, 0)},
        {"n_batch": 0},
        {"n_s": 0},
        {"eval_steps": ()},
        {"eval_steps": (5, 5)},
        {"eval_steps": (5, 3)},
        {"eval_steps": (0, 3)},
        {"eval_steps": (-5, 3)},
        {"snapshots": (3,), "eval_steps": (1, 2, 3)},
        {"snapshots": (2, 1), "eval_steps": (1, 2, 3)},
        {"snapshots": (1, 1), "eval_steps": (1, 2, 3)},
        {"snapshots": (2,), "eval_steps": (1, 3)},
        {"n_decay": -1},
        {"decay": -0.1},
        {"smoothing": 1.0},
        {"smoothing": 0.1, "loss": losses.hinge},
        {"dropout": -0.1},
        {"dropout": 0.5},  # of a linear classifier
        {"input_dropout": 1.0},
        {"flip": 1.1},
        {"shift": 32},
        {"shift": -1},
    ],
)
def test_impossible_configurations_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        train.Config(**{"sizes": (12, 3), "n_batch": 1, "n_s": 1, "eval_steps": (1,)} | change)


def test_hypers_are_arrays_of_settings():
    hypers = configs.as_arrays(train.Hypers([0.0, 1.0], 0.1, 0.2, 0.9))
    assert {name: a.tolist() for name, a in hypers.named().items()} == {
        **{"lam": [0.0, 1.0], "lr_min": [0.1, 0.1], "lr_max": [0.2, 0.2], "momentum": [0.9, 0.9]}
    }
    assert hypers.at(1) == train.Hypers(1.0, 0.1, 0.2, 0.9)
    assert "momentum" not in configs.as_arrays(HYPERS).named()


@pytest.mark.parametrize(
    "wrong",
    [
        {"lam": -1.0},
        {"lam": np.nan},
        {"lr_min": 0.3},
        {"lr_min": -0.1},
        {"lr_max": np.inf},
        {"momentum": 1.0},
        {"momentum": [0.5, -0.1]},
    ],
)
def test_hypers_out_of_range_are_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"needs .*{name}" if np.isfinite(value).all() else "needs finite"):
        configs.as_arrays(HYPERS._replace(**wrong))
