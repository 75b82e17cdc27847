"""Test accuracies in per cent that others report, by what they are of: of many authors, and of five reports.

A key names what a number is of: the experiment, λ and η_max, or an ablation's row; one that leaves λ open is of the λ
that its author chose. The five, R1 to R5, are of one run each.
"""

from __future__ import annotations

from typing import NamedTuple

LINEAR = {"η = 0.1": (0.0, 0.1), "λ = 0": (0.0, 0.001), "λ = 0.1": (0.1, 0.001), "λ = 1": (1.0, 0.001)}


class Authors(NamedTuple):
    """Mean and standard deviation over n authors, one value each."""

    n: int
    mean: float
    sd: float


AUTHORS = {  # title: (key, authors)
    "Assignment 1, λ = 0, η = 0.1": (("assignment1", 0.0, 0.1), Authors(24, 28.5, 1.4)),
    "Assignment 1, λ = 0, η = 0.001": (("assignment1", 0.0, 0.001), Authors(23, 38.97, 0.34)),
    "Assignment 1, λ = 0.1, η = 0.001": (("assignment1", 0.1, 0.001), Authors(24, 39.21, 0.26)),
    "Assignment 1, λ = 1, η = 0.001": (("assignment1", 1.0, 0.001), Authors(22, 37.51, 0.29)),
    "Assignment 2, exercise 3": (("exercise3", 0.01), Authors(22, 45.99, 0.51)),
    "Assignment 2, exercise 4": (("exercise4", 0.01), Authors(24, 46.93, 0.94)),
    "Assignment 2, final network, m = 50": (("final_model",), Authors(31, 51.61, 0.57)),
    "Best linear classifier": (("assignment1_extras", "all that helped"), Authors(17, 41.1, 0.7)),
    "K sigmoids": (("assignment1_extras", "K sigmoids"), Authors(12, 38.8, 2.0)),
    "SVM loss": (("assignment1_extras", "SVM loss"), Authors(10, 36.2, 3.2)),
    "Best two-layer network": (("assignment2_extras", "all together"), Authors(17, 56.5, 1.2)),
}


class Number(NamedTuple):
    """What a report has, and why it may differ from ours."""

    report: str
    what: str
    key: tuple
    value: float
    note: str = ""


def _linear(report: str, *values: float | None, **notes: str) -> list[Number]:
    """Of assignment 1's four settings."""
    numbers = zip(LINEAR.items(), values, strict=True)
    return [
        Number(report, f"assignment 1, {name}", ("assignment1", *key), value, notes.get("all", ""))
        for (name, key), value in numbers
        if value is not None
    ]


FAN_IN = "W1 drawn with variance 1/50 instead of 1/3072"
REPORTS = (
    *_linear("R1 (2020)", 29.74, 38.69, 39.08, 37.57),
    *_linear("R2", 30.69, 38.98, 39.24, 37.63, all="its best epoch, not its last"),
    Number("R3 (2022)", "assignment 2, exercise 3", ("exercise3", 0.01), 43.2, FAN_IN),
    Number("R3 (2022)", "assignment 2, exercise 4", ("exercise4", 0.01), 46.9, FAN_IN),
    Number("R3 (2022)", "assignment 2, final network", ("final_model",), 51.5, f"{FAN_IN}; 40,000 images, λ = 0.008"),
    *_linear("R4 (2024)", 23.79, 39.21, 39.20, None),
    *_linear("R5 (2022)", 28.00, 38.46, 38.96, 37.86),
)
