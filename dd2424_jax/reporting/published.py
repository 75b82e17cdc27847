"""What others report: test accuracies in per cent, and one report's searches for λ.

The accuracies are of students of the course: one value per author, of 22 to 31 authors by setting, from reports and
code that they published, without runs that are known to be defective. The years of most were not recorded; of four
reports they were: 2020, 2022, 2022, 2024. The searches are of one report of 2022. "Official" are the course's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dd2424_jax import data, precisions, schedules, stats, train
from dd2424_jax.reporting import search_plots, tables
from dd2424_jax.runs.plan import Plan


class Setting(NamedTuple):
    """What numbers are of, on CIFAR-10; beside any other setting they say nothing.

    config   when it is evaluated does not matter, but for the end
    hypers   what all authors had alike, by name
    """

    config: train.Config
    n_train: int
    hypers: Mapping[str, float]

    def is_of(self, plan: Plan, i: int) -> bool:
        """Whether setting i of a plan is this one."""
        config = dataclasses.replace(_comparable(plan.config), eval_steps=plan.config.eval_steps[-1:])
        hypers = plan.hypers.at(i)
        return (
            (plan.source.name, plan.source.n_train) == ("cifar10", self.n_train)
            and config == self.config
            and all(getattr(hypers, name) == value for name, value in self.hypers.items())
        )


class Published(NamedTuple):
    """Mean, standard deviation and interquartile range over the n authors, and runs that the course shows."""

    of: Setting
    n: int
    mean: float
    sd: float
    interquartile: tuple[float, float]
    official: Sequence[str]


RATES = {"lr_min": 1e-5, "lr_max": 0.1}


def _two_layers(n_train: int, n_s: int, n_cycles: int, **lam) -> Setting:
    config = train.Config((data.DIMENSIONS, 50, len(data.CLASSES)), 100, (2 * n_s * n_cycles,), n_s=n_s)
    return Setting(config, n_train, {**RATES, **lam})


EXERCISE3 = Published(_two_layers(10_000, 500, 1, lam=0.01), 22, 45.99, 0.51, (45.7, 46.1), ("45.85", "46.29"))
EXERCISE4 = Published(_two_layers(10_000, 800, 3, lam=0.01), 24, 46.93, 0.94, (46.6, 47.6), ("47.47", "48.11"))
FINAL = Published(_two_layers(49_000, 980, 3), 31, 51.61, 0.57, (51.4, 52.1), ("about 52",))  # each with a λ of its own

SOURCE = (
    "Published numbers: one value per author, from reports and code that students of the course published, without "
    "runs known to be defective; the years of most are not recorded."
)


class Range(NamedTuple):
    """The interquartile range over n authors."""

    n: int
    low: float
    high: float


# Assignment 1, by λ and η: 40 epochs of 10,000 images.
_LINEAR = train.Config((data.DIMENSIONS, len(data.CLASSES)), 100, (4000,), init_std=0.01, schedule=schedules.constant)
ASSIGNMENT1 = {
    (0.0, 0.1): Range(24, 27.9, 29.5),
    (0.0, 0.001): Range(23, 38.7, 39.2),
    (0.1, 0.001): Range(24, 39.0, 39.3),
    (1.0, 0.001): Range(22, 37.4, 37.6),
}


class Best(NamedTuple):
    """What n authors reach, each in a setting of their own: mean, standard deviation, and how far that ranges."""

    what: str
    n: int
    mean: float
    sd: float
    reach: str


LARGEST_LINEAR = 42.3
BEST = {  # of improved networks, or with another loss
    "linear": Best("the best linear classifier", 17, 41.1, 0.7, f"at most {LARGEST_LINEAR}"),
    "sigmoid": Best("K sigmoids", 12, 38.8, 2.0, "37.7 to 39.5; all images, flips: 41 to 42"),
    "hinge": Best("SVM loss", 10, 36.2, 3.2, "at most 39.9"),
    "two-layer": Best("the best two-layer network", 17, 56.5, 1.2, "at most 58.1; ends of cycles together 59.4"),
}

# Validation accuracies of one report's two searches, one run a λ. It must have drawn W1 by the wrong fan-in,
# N(0, 1/50):
#     coarse_search.py --preset=decades --init_std=0.1414
# gets the first one's numbers to about a point, while N(0, 1/3072) gets 51 % for every λ up to 0.001.
DECADES = ((1e-5, 0.433), (1e-4, 0.433), (1e-3, 0.447), (1e-2, 0.48), (1e-1, 0.39), (1.0, 0.17))
DRAWS = ((0.006, 0.500), (0.0135, 0.500), (0.0135, 0.510), (0.006, 0.510), (0.006, 0.500))  # ten lie in this rectangle


def assignment1(plan: Plan, i: int) -> Range | None:
    """What reports have for setting i of a plan; whether biases begin at 0 is no difference to them."""
    plan = plan._replace(config=dataclasses.replace(plan.config, bias_std=0.0))
    for (lam, lr), interquartile in ASSIGNMENT1.items():
        if Setting(_LINEAR, 10_000, {"lam": lam, "lr_max": lr}).is_of(plan, i):
            return interquartile
    return None


def comparison(caption: str, accuracy: stats.Estimate, published: Published) -> tables.Table:
    """Test accuracy over seeds beside that over authors."""
    low, high = published.interquartile
    return tables.Table(
        "published",
        caption,
        ["test accuracy", "n", "mean ± sd, %", "interval, %"],
        [
            ["this run: seeds, 95 % of the mean", str(accuracy.n)]
            + [tables.percent(accuracy), tables.percent_interval(accuracy)],
            ["published: authors, interquartile range", str(published.n)]
            + [f"{published.mean:.2f} ± {published.sd:.2f}", f"{low:.1f} to {high:.1f}"],
            ["shown by the course", str(len(published.official)), " and ".join(published.official), "–"],
        ],
    )


def beside_best(caption: str, ours: Mapping[str, tuple[str, stats.Estimate]]) -> tables.Table:
    """Test accuracies over seeds, by the kind in BEST and with a name each, beside what authors reach."""
    rows = []
    for kind, (name, accuracy) in ours.items():
        best = BEST[kind]
        own = [str(accuracy.n), tables.percent(accuracy), tables.percent_interval(accuracy)]
        rows.append([f"this run: {name}; seeds, 95 % of the mean", *own])
        rows.append([f"published: {best.what}; authors", str(best.n), f"{best.mean} ± {best.sd}", best.reach])
    return tables.Table("published", caption, ["test accuracy", "n", "mean ± sd, %", "interval or range, %"], rows)


def reached(name: str, accuracy: stats.Estimate) -> str:
    """How a linear classifier's mean compares with the largest published one."""
    if accuracy.n == 0:
        return f"{name} diverged."
    above = 100 * accuracy.mean - LARGEST_LINEAR
    side = "above" if above >= 0 else "below"
    return (
        f"{name}: {100 * accuracy.mean:.2f} % on test, the mean over seeds, {abs(above):.2f} points {side} the "
        f"largest published accuracy of a linear classifier, {LARGEST_LINEAR} %."
    )


def can_overlay(plan: Plan) -> bool:
    """Whether the report's searches are of the network, the loss and the images of a plan."""
    config = plan.config
    alike = dataclasses.replace(EXERCISE3.of.config, n_s=config.n_s, eval_steps=config.eval_steps)
    return plan.source.name == "cifar10" and _comparable(dataclasses.replace(config, init_std=None)) == alike


def _comparable(config: train.Config) -> train.Config:
    """Without what does not tell its final numbers from others': eval_train, snapshots, `highest` from float32.

    Nor the length of a cycle where the learning rate is constant.
    """
    product = precisions.float32 if config.precision is precisions.highest else config.precision
    n_s = 1 if config.schedule is schedules.constant else config.n_s
    return dataclasses.replace(config, precision=product, n_s=n_s, eval_train=0, snapshots=())


def overlay(ax) -> None:
    """The report's searches, on a figure of a search."""
    search_plots.overlay(ax, *zip(*DECADES, strict=True), "a report: one seed, one cycle, W1 from N(0, 1/50)", "s:")
    search_plots.overlay(ax, *zip(*DRAWS, strict=True), "the same report: ten draws, one seed each, lie in here", "--")
