"""What others report: test accuracies in per cent.

The accuracies are of students of the course: one value per author, of 22 to 31 authors by setting, from reports and
code that they published, without runs that are known to be defective. The years of most were not recorded; of four
reports they were: 2020, 2022, 2022, 2024. "Official" are the course's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dd2424_jax import data, precisions, schedules, stats, train
from dd2424_jax.reporting import tables
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
        config = dataclasses.replace(comparable(plan.config), eval_steps=plan.config.eval_steps[-1:])
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


def two_layers(n_train: int, n_s: int, n_cycles: int, init_std: float | None = None, **lam) -> Setting:
    sizes = (data.DIMENSIONS, 50, len(data.CLASSES))
    config = train.Config(sizes, 100, (2 * n_s * n_cycles,), n_s=n_s, init_std=init_std)
    return Setting(config, n_train, {**RATES, **lam})


EXERCISE3 = Published(two_layers(10_000, 500, 1, lam=0.01), 22, 45.99, 0.51, (45.7, 46.1), ("45.85", "46.29"))
EXERCISE4 = Published(two_layers(10_000, 800, 3, lam=0.01), 24, 46.93, 0.94, (46.6, 47.6), ("47.47", "48.11"))
FINAL = Published(two_layers(49_000, 980, 3), 31, 51.61, 0.57, (51.4, 52.1), ("about 52",))  # each with a λ of its own

SOURCE = (
    "Published numbers: one value per author, from reports and code that students of the course published, without "
    "runs known to be defective; the years of most are not recorded."
)
WHO = (
    "R1 (2020), R2, R3 (2022), R4 (2024) and R5 (2022) are five published reports, with one run of every setting; R2's "
    "accuracies are those of its best epoch, so that they are no run's last one."
)


class Authors(NamedTuple):
    """The interquartile range over n authors, and their mean and standard deviation."""

    n: int
    low: float
    high: float
    mean: float
    sd: float


# Assignment 1, by λ and η: 40 epochs of 10,000 images.
LINEAR = train.Config((data.DIMENSIONS, len(data.CLASSES)), 100, (4000,), init_std=0.01, schedule=schedules.constant)
ASSIGNMENT1 = {
    (0.0, 0.1): Authors(24, 27.9, 29.5, 28.5, 1.4),
    (0.0, 0.001): Authors(23, 38.7, 39.2, 38.97, 0.34),
    (0.1, 0.001): Authors(24, 39.0, 39.3, 39.21, 0.26),
    (1.0, 0.001): Authors(22, 37.4, 37.6, 37.51, 0.29),
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


def assignment1(plan: Plan, i: int) -> Authors | None:
    """What reports have for setting i of a plan; whether biases begin at 0 is no difference to them."""
    plan = plan._replace(config=dataclasses.replace(plan.config, bias_std=0.0))
    for (lam, lr), authors in ASSIGNMENT1.items():
        if Setting(LINEAR, 10_000, {"lam": lam, "lr_max": lr}).is_of(plan, i):
            return authors
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


def comparable(config: train.Config) -> train.Config:
    """Without what does not tell its final numbers from others': eval_train, snapshots, `highest` from float32.

    Nor the length of a cycle where the learning rate is constant.
    """
    product = precisions.float32 if config.precision is precisions.highest else config.precision
    n_s = 1 if config.schedule is schedules.constant else config.n_s
    return dataclasses.replace(config, precision=product, n_s=n_s, eval_train=0, snapshots=())
