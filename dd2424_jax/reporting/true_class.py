"""How sure a classifier is: the probability of the true class, of test images that it takes rightly and wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import PercentFormatter

from dd2424_jax.reporting import ensembles, plots
from dd2424_jax.runs.result import Result

BINS = np.linspace(0, 1, 21)


class Sureness(NamedTuple):
    """Of the test images of several seeds, [n_seeds, n]: p of the true class, and whether it is the largest."""

    p: np.ndarray
    right: np.ndarray

    def words(self, name: str) -> str:
        """The medians."""
        medians = " and ".join(
            f"{np.median(self.p[of]):.2f} where it is {'right' if of is self.right else 'wrong'}"
            for of in (self.right, ~self.right)
            if of.any()
        )
        return f"{name}, median probability of the true class: {medians}"


def of(result: Result) -> Sureness | None:
    """That of a result's first setting; None without final weights, or where every run diverged.

    Raises:
      ValueError: the loss has no probabilities.
    """
    if result.outcome.params is None or not result.outcome.converged[0].any():
        return None
    test = result.plan.splits.test
    P = ensembles.probabilities(result, test, flips=False)[:, -1]
    return Sureness(P[:, np.arange(len(test.y)), test.y], P.argmax(axis=2) == test.y)


def histograms(named: Mapping[str, Sureness], title: str):
    """A row of each: images taken rightly, and wrongly; shares of all test images, mean over seeds, on common axes."""
    about = f"{title}: probability of the true class of test images; dashed: medians"
    fig, axes = plots.figure(len(named), 2, about, height=1.8, sharex=True, sharey=True)
    for row, (name, sure) in zip(axes, named.items(), strict=True):
        for ax, of_kind, kind, colour in (
            (row[0], sure.right, "right", plots.BLUE),
            (row[1], ~sure.right, "wrong", plots.VERMILION),
        ):
            share = np.full(of_kind.sum(), 1 / of_kind.size)
            ax.hist(sure.p[of_kind], BINS, weights=share, color=colour, edgecolor="white")
            ax.set_title(f"{name}: {100 * of_kind.mean():.1f} % {kind}")
            ax.grid(True)
            if of_kind.any():
                ax.axvline(np.median(sure.p[of_kind]), color="black", linestyle="--", linewidth=1)
        row[0].set_ylabel("test images")
    for ax in axes[-1]:
        ax.set(xlabel="probability of the true class", xlim=(0, 1))
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return fig
