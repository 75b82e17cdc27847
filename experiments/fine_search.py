"""Assignment 2, exercise 4: the fine search for λ, round what the coarse search found.

    python experiments/coarse_search.py
    python experiments/fine_search.py
    python experiments/fine_search.py --lam_min=0.001 --lam_max=0.01 --draw=grid

As the coarse search, with six seeds, and ten λ drawn log-uniformly. Their range is by default the newest coarse
search's: from its grid's neighbour below the best λ to the one above what the one-standard-error rule chooses. Expect
51.5 to 53 % on validation, and λ that cannot be told apart. The test images are not looked at.
"""

import functools
from types import SimpleNamespace

import numpy as np
from absl import flags

import common
import earlier
import reproduce
import searches
from dd2424_jax import data

common.define_output_flags()
common.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
common.define_training_flags(lam=[], n_seeds=6, hidden=[50])
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=2, n_evals=4)
common.define_search_flags()
common.define_float("lam_min", 0.0, "least λ; above 0, or 0: from the coarse search")
common.define_float("lam_max", 0.0, "greatest λ; at least lam_min, or 0: from the coarse search")
flags.DEFINE_integer("n_lam", 10, "how many λ; at least 1", lower_bound=1)
flags.DEFINE_enum("draw", "log_uniform", ["log_uniform", "grid"], "λ at random between lam_min and lam_max, or spaced")
flags.DEFINE_string("search", None, "the coarse search's run directory; by default the newest with the same flags")


def lam_range(search: earlier.Search) -> tuple[float, float]:
    """From the coarse grid's neighbour below the best λ to the one above the one-standard-error rule's.

    Where there is no neighbour, a step as wide as the next one leads beyond the grid.
    """
    lams = np.unique([setting["lam"] for setting in search.summary["settings"] if setting["lam"] > 0])
    best, sparse = search.summary["choice"]["lam"], search.summary["choice"]["one_se_lam"]
    if len(lams) < 2 or best == 0:
        raise common.UsageError(f"{search.path} gives no range (λ = {best:g}): give --lam_min and --lam_max")
    lams = np.array([lams[0] ** 2 / lams[1], *lams, lams[-1] ** 2 / lams[-2]])
    return float(lams[lams < best * (1 - 1e-9)][-1]), float(lams[lams > max(best, sparse) * (1 + 1e-9)][0])


def find_lams(given: SimpleNamespace, dataset: data.Dataset) -> list[float]:
    """The λ to try: ascending, of three digits, so that a table shows all of each."""
    if not (given.lam_min and given.lam_max):
        instead = "give --lam_min and --lam_max"
        search = earlier.newest("coarse_search", given, dataset, instead)
        low, high = lam_range(search)
        reproduce.say(f"fine_search: λ from {low:.3g} to {high:.3g}, round the choice of {search.path}")
        given.search, given.lam_min, given.lam_max = search.name, given.lam_min or low, given.lam_max or high
    if given.lam_min > given.lam_max:
        raise common.UsageError(f"lam_min={given.lam_min:.3g} exceeds lam_max={given.lam_max:.3g}: give both")
    if given.draw == "grid":
        lams = np.geomspace(given.lam_min, given.lam_max, given.n_lam)
    else:
        low, high = np.log10([given.lam_min, given.lam_max])
        lams = 10 ** np.random.default_rng(given.seed).uniform(low, high, given.n_lam)
    return sorted(float(f"{lam:.3g}") for lam in lams)


def main():
    given = common.given()
    dataset = reproduce.load(given)
    if given.lam and (given.lam_min or given.lam_max or given.search):
        raise common.UsageError("give --lam, or a range by --lam_min and --lam_max, or --search: not several")
    if not given.lam:
        given.lam = [",".join(f"{lam:g}" for lam in find_lams(given, dataset))]
    draw = functools.partial(searches.draw, title="Fine search", overlay=given.published)
    reproduce.cyclical("fine_search", draw, given, with_test=False, dataset=dataset)


if __name__ == "__main__":
    common.start(main)
