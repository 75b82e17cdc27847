"""What stands on the page, in the order in which a reader wants it; and what has to be run for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Item(NamedTuple):
    """An experiment, run with some flags besides its own values.

    only      the names of the tables and figures to show, "remarks" and "findings"; None: all
    quick     flags instead of these for a look in little time; None: it is left out there
    seconds   that it takes, about, on two cores; with `quick` flags, some seconds
    optional  whether it is only shown where somebody has run it
    redrawn   whether its command draws again what it has computed; else it computes anew
    notes     what is to be said of its numbers on CIFAR-10
    """

    experiment: str
    flags: Sequence[str] = ()
    only: Sequence[str] | None = None
    quick: Sequence[str] | None = None
    seconds: float = 60
    optional: bool = False
    redrawn: bool = True
    notes: Sequence[str] = ()

    def shows(self, name: str) -> bool:
        """Whether what has this name is on the page."""
        return self.only is None or name in self.only


class Section(NamedTuple):
    """Items under a title, and what they are about."""

    title: str
    text: str
    items: Sequence[Item]


DATA = ("--dataset=synthetic", "--n_train=400", "--n_valid=200")
RUNS = (*DATA, "--n_seeds=3")
CYCLE = (*RUNS, "--n_s=6", "--n_cycles=1", "--n_evals=3")

DECADES = ("--preset=decades", "--published", "--n_seeds=10")
R3 = ("--preset=r3",)
R3_SEARCH = (*R3, "--n_seeds=10")

SECTIONS = (
    Section(
        "Assignment 1: the linear classifier",
        "Four settings of λ and η, 40 epochs of the first 10,000 images, twenty seeds each.",
        [
            Item("assignment1", quick=(*RUNS, "--n_epochs=2")),
        ],
    ),
    Section(
        "Assignment 2: the two-layer network",
        "Overfitting 100 images (exercise 2), one cycle of the learning rate (exercise 3), and three (exercise 4); the "
        "schedules, and a range test: the learning rate rises until training fails.",
        [
            Item("exercise2", quick=("--dataset=synthetic", "--n_seeds=3", "--n_epochs=20"), seconds=20),
            Item("exercise3", quick=(*RUNS, "--n_s=6", "--n_evals=3"), seconds=10),
            Item("exercise4", quick=(*RUNS, "--n_s=6", "--n_cycles=3", "--n_evals=3"), seconds=30),
            Item("schedule", quick=(), seconds=3),
            Item("lr_range_test", quick=(*RUNS, "--n_s=6", "--n_evals=3"), seconds=20),
        ],
    ),
    Section(
        "The choice of λ",
        "Eight values over four decades, three seeds each; then ten drawn at random round what that chose, six seeds "
        "each; then the chosen one on 49,000 images with five seeds that no search has used, tested once. At last, the "
        "first search again: with twenty seeds; and as a race, which has up to twenty, but only for λ that its earlier "
        "looks do not exclude.",
        [
            Item(
                "coarse_search",
                quick=CYCLE,
                notes=(
                    "One report, R3, has 43 % for λ up to 0.001, where this code has 51 % with its grid and its single "
                    "cycle (--preset=decades). Why is shown below: one report as a whole.",
                ),
            ),
            Item("fine_search", quick=CYCLE, seconds=120),
            Item("final_model", quick=CYCLE, seconds=60),
            Item("coarse_search", ("--n_seeds=20",), seconds=250),
            Item("coarse_search", ("--race",), quick=(*DATA, *CYCLE[4:], "--race", "--looks=3,4"), seconds=240),
        ],
    ),
    Section(
        "What improves the networks",
        "The first row is the assignment's own setting. Each of the next rows changes one thing, and is paired with it "
        "by seed; the last one has all that helped on the validation images.",
        [
            Item("assignment1_extras", optional=True, seconds=200),
            Item(
                "assignment2_extras",
                optional=True,
                seconds=2400,
                notes=(
                    "Rows are compared on the 5,000 validation images; of the optimizers, the learning rate (and "
                    "AdamW's λ) was chosen there. For the last network alone, the test images were looked at, once.",
                ),
            ),
        ],
    ),
    Section(
        "What mistakes do",
        "Mistakes that published code makes, each planted in a copy of what it concerns, beside right code with the "
        "same seeds.",
        [Item("mistakes", quick=(*RUNS, "--n_s=6"), seconds=150)],
    ),
    Section(
        "One report as a whole",
        "R3 (2022) has one run of every setting. First its grid of λ with W1 from N(0, 1/3072), as the course has it; "
        "then all of its settings with W1 from N(0, 1/50). That explains its accuracies but for one, at λ = 0.1, and "
        "the loss of 100 images only in part.",
        [
            Item("coarse_search", DECADES, ["search", "findings"], seconds=60),
            Item("exercise2", R3, ["r3"], seconds=20),
            Item("exercise3", R3, ["r3"], seconds=10),
            Item("exercise4", R3, ["r3"], seconds=30),
            Item("coarse_search", R3_SEARCH, ["r3", "findings", "search"], seconds=60),
            Item("fine_search", R3_SEARCH, ["search", "findings", "remarks"], seconds=180),
            Item("final_model", R3, ["r3"], seconds=30),
        ],
    ),
    Section(
        "Every gradient",
        "The closed form, jax.grad, centred and forward differences, for networks of no, one and three hidden layers "
        "and three losses, each case in many draws of parameters and images.",
        [
            Item(
                "gradient_check",
                only=("published", "criteria", "uniform", "forward", "step_sizes", "remarks"),
                seconds=120,
                quick=("--dataset=synthetic", "--network=linear", "--loss=softmax", "--n_draws=3"),
            )
        ],
    ),
    Section(
        "How fast it is",
        "All are measured in one session, round by round. The baselines do the same arithmetic, which a test checks; "
        "those that train run after run are measured on one run, the others on 8.",
        [
            Item(
                "benchmark",
                optional=True,
                redrawn=False,
                seconds=300,
                notes=(
                    '"At best" compares the fastest rounds, wherever they were; "evaluated" adds the forward pass of '
                    "125 images to every update, which is what the coarse search's nine evaluations of 50,000 images "
                    "come to. No GPU has been measured yet.",
                    "Products in bfloat16 lead to the same conclusions (exercise3.py --n_seeds=10 and coarse_search.py "
                    "--n_seeds=10, each also with --precision=bfloat16, then runs.py compare). Exercise 3: a test "
                    "accuracy of 45.89 ± 0.35 % against 45.95 ± 0.30 %, paired by seed −0.06 points (95 %: −0.26 to "
                    "+0.14). Coarse search: the same λ are indistinguishable from the best, 1e-05 to 0.00193, and the "
                    "mean over all λ differs by 0.00 points (−0.08 to +0.09). Of single λ, one of eight differed: "
                    "0.0072 by +0.33 points (simultaneously +0.01 to +0.65); 40 other seeds (--lam=0.00719686 "
                    "--seed=10 --n_seeds=40) have +0.06 there (−0.07 to +0.18).",
                    "100,000 runs are days of one such machine, or an hour or two of a hundred. What limits them is "
                    "not the devices but the weights, all of which one process holds when it merges.",
                ),
            )
        ],
    ),
)
