"""What stands on the page, in the order in which a reader wants it; and what has to be run for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Item(NamedTuple):
    """An experiment, run with some flags besides its own values.

    tables    the names of those to show; None: all
    quick     flags instead of these for a look in little time
    seconds   that it takes, about, on two cores; with `quick` flags, some seconds
    optional  whether it is only shown where somebody has run it
    note      what stands under it
    """

    experiment: str
    flags: Sequence[str] = ()
    tables: Sequence[str] | None = None
    quick: Sequence[str] = ()
    seconds: float = 60
    optional: bool = False
    note: str = ""


class Section(NamedTuple):
    """Items under a title, and what they are about."""

    title: str
    text: str
    items: Sequence[Item]


DATA = ("--dataset=synthetic", "--n_train=400", "--n_valid=200")
RUNS = (*DATA, "--n_seeds=3")
CYCLE = (*RUNS, "--n_s=6", "--n_cycles=1", "--n_evals=3")

SECTIONS = (
    Section(
        "Assignment 1: the linear classifier",
        "Four settings of λ and η, 40 epochs of the first 10,000 images, twenty seeds each.",
        [
            Item(
                "assignment1",
                quick=(*RUNS, "--n_epochs=2"),
                seconds=60,
                note="At λ = 1, the mean lies a little below the published ones. It is not this code: plain NumPy gets "
                "37.28 ± 0.18 on these images, whose pixels went through JPEG once.",
            )
        ],
    ),
    Section(
        "Assignment 2: the two-layer network",
        "Overfitting 100 images (exercise 2), one cycle of the learning rate (exercise 3), and three (exercise 4).",
        [
            Item("exercise2", quick=("--dataset=synthetic", "--n_seeds=3", "--n_epochs=20"), seconds=30),
            Item("exercise3", quick=(*RUNS, "--n_s=6", "--n_evals=3"), seconds=15),
            Item("exercise4", quick=(*RUNS, "--n_s=6", "--n_cycles=3", "--n_evals=3"), seconds=60),
            Item("schedule", seconds=3),
            Item("lr_range_test", quick=(*RUNS, "--n_s=6", "--n_evals=3"), seconds=30),
        ],
    ),
    Section(
        "The choice of λ",
        "Eight values over four decades, three seeds each; then ten drawn at random round what that chose, six seeds "
        "each; then the chosen one on 49,000 images with five seeds that no search has used, tested once. The race has "
        "twenty seeds, but only for λ that its earlier looks do not exclude.",
        [
            Item("coarse_search", quick=CYCLE, seconds=70),
            Item("fine_search", quick=CYCLE, seconds=150),
            Item("final_model", quick=CYCLE, seconds=60),
            Item("coarse_search", ("--race",), quick=(*DATA, *CYCLE[4:], "--race", "--looks=3,4"), seconds=240),
        ],
    ),
    Section(
        "What improves the networks",
        "Each optional part alone and all together, paired by seed with the baseline of the first row.",
        [
            Item("assignment1_extras", optional=True, seconds=200),
            Item("assignment2_extras", optional=True, seconds=2400),
        ],
    ),
    Section(
        "Every gradient",
        "The closed form, jax.grad, centred and forward differences, for networks of no, one and three hidden layers "
        "and three losses.",
        [
            Item(
                "gradient_check",
                quick=("--dataset=synthetic", "--network=two-layer", "--loss=hinge"),
                seconds=60,
            )
        ],
    ),
    Section(
        "How fast it is",
        "All are measured in one session, round by round. The baselines do the same arithmetic, which a test checks.",
        [Item("benchmark", optional=True, seconds=300)],
    ),
)
