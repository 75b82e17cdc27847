"""Test accuracies in per cent that others report, by the runs that they are to be compared with.

A key names these runs: an experiment, with flags as the page names it, λ and η_max, or an ablation's row; one without
λ is of the λ that was chosen.
"""

from __future__ import annotations

from typing import NamedTuple

from dd2424_jax.reporting import published, r3

# Five reports, R1 to R5, have one run of every setting. Assignment 1, settings in the order of published.ASSIGNMENT1.
LINEAR = {
    "R1": (29.74, 38.69, 39.08, 37.57),
    "R2": (30.69, 38.98, 39.24, 37.63),
    "R4": (23.79, 39.21, 39.20),
    "R5": (28.00, 38.46, 38.96, 37.86),
}
R4_TRAINING = dict(zip(published.ASSIGNMENT1, (35.84, 45.66, 44.92, 44.83), strict=True))  # accuracies by λ and η
BEST_EPOCH = "its best epoch, not its last"
FAN_IN = "W1 from N(0, 1/50), not N(0, 1/3072)"


class Number(NamedTuple):
    """What a report has, and why it may differ from ours."""

    report: str
    what: str
    key: tuple
    value: float
    note: str = ""


NUMBERS = [
    Number(report, f"assignment 1, λ = {lam:g}, η = {lr:g}", ("assignment1", lam, lr), value, note)
    for report, values in LINEAR.items()
    for (lam, lr), value in zip(published.ASSIGNMENT1, values, strict=False)
    for note in [BEST_EPOCH if report == "R2" else ""]
]
R3_KEYS = {"exercise3": ("exercise 3", 0.01), "exercise4": ("exercise 4", 0.01), "final_model": ("final network",)}
NUMBERS += [
    Number("R3", f"assignment 2, {what}{how}", (experiment + flags, *lam), 100 * r3.TEST[experiment], note)
    for experiment, (what, *lam) in R3_KEYS.items()
    for flags, how, note in [
        ("", "", FAN_IN if lam else f"{FAN_IN}; 40,000 images, λ = 0.008"),
        ("-preset-r3", ", its settings", ""),
    ]
]

# Many authors: what their numbers are of, and their n, mean and sd
AUTHORS = {
    **{
        f"Assignment 1, λ = {lam:g}, η = {lr:g}": (("assignment1", lam, lr), authors)
        for (lam, lr), authors in published.ASSIGNMENT1.items()
    },
    "Assignment 2, exercise 3": (("exercise3", 0.01), published.EXERCISE3),
    "Assignment 2, exercise 4": (("exercise4", 0.01), published.EXERCISE4),
    "Assignment 2, final network, m = 50": (("final_model",), published.FINAL),
    "Best linear classifier": (("assignment1_extras", "all that helped"), published.BEST["linear"]),
    "K sigmoids": (("assignment1_extras", "K sigmoids"), published.BEST["sigmoid"]),
    "SVM loss": (("assignment1_extras", "SVM loss"), published.BEST["hinge"]),
    "Best two-layer network": (("assignment2_extras", "all together"), published.BEST["two-layer"]),
}
