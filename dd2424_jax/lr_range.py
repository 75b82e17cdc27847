"""The learning rate range test: which rates to train with, by accuracies while the rate rises.

Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3: the least is the rate where
accuracy "starts to increase", the greatest where it "slows, becomes ragged, or starts to fall".
"""

from typing import NamedTuple

import numpy as np

from dd2424_jax import stats

SHARE = 0.1  # of the rise of accuracy: less is no rise yet, nor a fall


class Suggestion(NamedTuple):
    """What a range test suggests, as indices of its evaluations.

    lowest, highest  of lr_min and lr_max; None where accuracy does not rise
    diverged         the first evaluation at which a run's cost is not finite, or None
    falls            whether accuracy falls before the range ends, or a run diverges: else lr_max may be too low
    of_seeds         [n_seeds]: lr_max of each seed alone
    """

    lowest: int | None
    highest: int | None
    diverged: int | None
    falls: bool
    of_seeds: np.ndarray


def suggest(accuracy, finite, alpha: float = 0.01) -> Suggestion:
    """The range of learning rates by the accuracies of several seeds while the rate rises.

    Over the evaluations at which every seed's cost has always been finite, of the mean accuracy over seeds: lr_max is
    where it is highest; lr_min is where it has first risen by SHARE of its rise from before training to there. It falls
    where it ends below the highest by more than SHARE of that rise. With three seeds or more, the rise must be
    significant: p of the one-sided paired t-test at most alpha, which is small as the highest is chosen of many.

    accuracy: [n_seeds, n_evals], the first before training.
    finite: whether the cost is finite, of the same shape.
    """
    accuracy, finite = np.asarray(accuracy, float), np.logical_and.accumulate(finite, axis=1)
    of_seeds = np.argmax(np.where(finite, accuracy, -np.inf), axis=1)
    n_evals, n_usable = accuracy.shape[1], int(finite.all(axis=0).sum())
    diverged = n_usable if n_usable < n_evals else None
    mean = accuracy[:, :n_usable].mean(axis=0)
    highest = int(np.argmax(mean)) if n_usable else 0
    p = stats.paired_p(stats.paired(accuracy[:, highest], accuracy[:, 0]), "greater")
    if highest == 0 or p > alpha:  # NaN, of fewer seeds, is not above it
        return Suggestion(None, None, diverged, diverged is not None, of_seeds)
    least = SHARE * (mean[highest] - mean[0])
    lowest = int(np.argmax(mean - mean[0] >= least))
    return Suggestion(
        lowest, highest, diverged, diverged is not None or bool(mean[highest] - mean[-1] > least), of_seeds
    )
