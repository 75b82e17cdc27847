"""What others report: test accuracies per exercise, in per cent, one run per author; and their searches for λ."""

from collections.abc import Sequence
from typing import NamedTuple

from dd2424_jax import plots, stats, tables


class Published(NamedTuple):
    """Mean and standard deviation over the n authors, the middle half of them, and runs that the course shows."""

    n: int
    mean: float
    sd: float
    middle: tuple[float, float]
    official: Sequence[str]


EXERCISE3 = Published(22, 45.99, 0.51, (45.7, 46.1), ("45.85", "46.29"))
EXERCISE4 = Published(24, 46.93, 0.94, (46.6, 47.6), ("47.47", "48.11"))
FINAL = Published(31, 51.61, 0.57, (51.4, 52.1), ("about 52",))  # 50 hidden units

# Validation accuracies of two reports' searches, one run a λ. The first must have drawn W1 by the wrong fan-in,
# N(0, 1/50):
#     coarse_search.py --preset=decades --init_std=0.1414
# gets its numbers to about a point, while N(0, 1/3072) gets 51 % for every λ up to 0.001.
DECADES = ((1e-5, 0.433), (1e-4, 0.433), (1e-3, 0.447), (1e-2, 0.48), (1e-1, 0.39), (1.0, 0.17))
DRAWS = ((0.006, 0.500), (0.0135, 0.500), (0.0135, 0.510), (0.006, 0.510), (0.006, 0.500))  # ten lie in this rectangle


def comparison(caption: str, accuracy: stats.Estimate, published: Published) -> tables.Table:
    """Test accuracy over seeds beside that over authors."""
    low, high = published.middle
    return tables.Table(
        caption,
        ["test accuracy", "n", "mean ± sd, %", "interval, %"],
        [
            ["this run: seeds, 95 % of the mean", str(accuracy.n)]
            + [tables.percent(accuracy), tables.percent_interval(accuracy)],
            ["published: authors, middle half", str(published.n)]
            + [f"{published.mean:.2f} ± {published.sd:.2f}", f"{low:.1f} to {high:.1f}"],
            ["shown by the course", str(len(published.official)), " and ".join(published.official), "–"],
        ],
    )


def overlay(ax) -> None:
    """The searches of two reports, on a figure of a search."""
    plots.overlay(ax, *zip(*DECADES, strict=True), "a report: one seed, one cycle, W1 from N(0, 1/50)", "s:")
    plots.overlay(ax, *zip(*DRAWS, strict=True), "a report: ten draws, one seed each, lie in here", "--")
