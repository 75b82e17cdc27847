"""What others report: test accuracies in per cent, one run per author; and one report's searches for λ."""

from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax import stats
from dd2424_jax.reporting import search_plots, tables


class Published(NamedTuple):
    """Mean, standard deviation and interquartile range over the n authors, and runs that the course shows."""

    n: int
    mean: float
    sd: float
    interquartile: tuple[float, float]
    official: Sequence[str]


EXERCISE3 = Published(22, 45.99, 0.51, (45.7, 46.1), ("45.85", "46.29"))
EXERCISE4 = Published(24, 46.93, 0.94, (46.6, 47.6), ("47.47", "48.11"))
FINAL = Published(31, 51.61, 0.57, (51.4, 52.1), ("about 52",))  # 50 hidden units

# Assignment 1, by λ and η, the interquartile range of 22 to 24 reports.
ASSIGNMENT1 = {
    (0.0, 0.1): (27.9, 29.5),
    (0.0, 0.001): (38.7, 39.2),
    (0.1, 0.001): (39.0, 39.3),
    (1.0, 0.001): (37.4, 37.6),
}

# Validation accuracies of one report's two searches, one run a λ. It must have drawn W1 by the wrong fan-in,
# N(0, 1/50):
#     coarse_search.py --preset=decades --init_std=0.1414
# gets the first one's numbers to about a point, while N(0, 1/3072) gets 51 % for every λ up to 0.001.
DECADES = ((1e-5, 0.433), (1e-4, 0.433), (1e-3, 0.447), (1e-2, 0.48), (1e-1, 0.39), (1.0, 0.17))
DRAWS = ((0.006, 0.500), (0.0135, 0.500), (0.0135, 0.510), (0.006, 0.510), (0.006, 0.500))  # ten lie in this rectangle


def comparison(caption: str, accuracy: stats.Estimate, published: Published) -> tables.Table:
    """Test accuracy over seeds beside that over authors."""
    low, high = published.interquartile
    return tables.Table(
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


def overlay(ax) -> None:
    """The report's searches, on a figure of a search."""
    search_plots.overlay(ax, *zip(*DECADES, strict=True), "a report: one seed, one cycle, W1 from N(0, 1/50)", "s:")
    search_plots.overlay(ax, *zip(*DRAWS, strict=True), "the same report: ten draws, one seed each, lie in here", "--")
