"""A benchmark's record, from seconds that nobody clocked."""

import numpy as np

from dd2424_jax.benchmarking import analysis, timing

SIZES, N_BATCH = (3072, 50, 10), 100
SLOWED = np.array([1.0, 4.0, 2.0])  # by what others do, everything in three rounds
MACHINE = {"platform": "cpu", "model": "Chip_1", "cores": 2, "devices": 2, "slug": "chip-1-2-cores"}


def times(seconds: float) -> timing.Times:
    return timing.Times(seconds * SLOWED, 2 * seconds * SLOWED)


def clocked() -> dict:
    """An update of 100 s, an evaluation of an image of 1 s; in bfloat16, 50 s and 1.2 s."""
    shapes = (analysis.EXERCISE3, analysis.SEARCH)
    limits = {"NumPy product": 2e-9, "XLA product": 1e-9, "XLA product, bfloat16": 5e-10, "memory": 1e-8}
    limits |= {"forward, one setting": 1e-6, "backward, one setting": 3e-6}
    seconds = {"float32": (100.0, 1.0), "bfloat16": (50.0, 1.2)}
    cases = {(shape, precision): own for precision, own in seconds.items() for shape in shapes}
    return {
        "limits": {name: times(seconds) for name, seconds in limits.items()},
        "updates": {case: times(update) for case, (update, _) in cases.items()},
        "evaluations": {case: times(evaluation) for case, (_, evaluation) in cases.items()},
        "baseline_updates": {"torch": times(300.0), "other": times(150.0)},
        "baseline_evaluations": {"torch": times(3.0)},
    }


def record(**changes) -> dict:
    points = [{"at": n, "seconds": times(100.0 / n).summary(), "floor": 1.0} for n in (1, 2, 4)]
    warm = {"cold": 9.0, "warm": times(3.0).summary()}
    measured = {
        "machine": MACHINE,
        "rounds": 3,
        **analysis.compared(clocked(), SIZES, N_BATCH),
        "parts": [
            {"part": "flips", "n_settings": 8, "n_seeds": 3}
            | {"seconds": times(2.0).summary(), "added": timing.spread(np.array([0.05, 0.06, 0.07]))}
        ],
        "growth": {
            **dict.fromkeys(("lams", "n_batch", "hidden", "devices"), points),
            "memory": [{"at": 1, "bytes": 2**30}, {"at": 4, "bytes": 2**31}],
        },
        "processes": {"exercise 3, two updates": warm, "exercise 3": warm},
        **changes,
    }
    return {**measured, "targets": analysis.targets(measured)}


class IdleSweep:
    """In the place of `workloads.Sweep`: nothing to compile."""

    def __init__(self, config, shape, splits, devices, n_steps):
        self.config, self.shape, self.devices, self.n_steps = config, shape, devices, n_steps

    def train(self):
        assert self.n_steps >= 4
