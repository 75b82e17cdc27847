"""Assignment 2, exercise 4: the coarse search for λ, or for λ and the learning rate.

    python experiments/coarse_search.py
    python experiments/coarse_search.py --lr_max=0.05,0.1,0.2 --grid
    python experiments/coarse_search.py --preset=r3       # as one report, whose numbers are drawn over the figure
    python experiments/coarse_search.py --n_seeds=8          # after the first: trains five more
    python experiments/coarse_search.py --race               # up to 20 seeds, for λ that are not excluded before

45,000 images to train on and 5,000 to validate on, 50 hidden units, n_batch = 100, two cycles of n_s = 900, log10 λ
on a grid of 8 points over [-5, -1]. Expect a validation accuracy of about 52 % for λ up to 0.002, and of 37.5 to 40.5 %
for λ = 0.1, depending on the images held out. The preset `r3` is one report's search: λ = 1e-5, 1e-4, ..., 1, one
cycle, and its initial weights; `decades` is that with the right ones. The test images are not looked at.
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools

import numpy as np

from dd2424_jax.app import command_line, flags, pipeline, plan, presets, search_flags, session
from dd2424_jax.reporting import claims, findings, lam_search, measures, published, r3

GRID = [float(f"{lam:.6g}") for lam in np.geomspace(1e-5, 0.1, 8)]  # of six digits as a command line would have them
DECADES = {"lam": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0], "n_cycles": 1}

flags.define_result_flags()
flags.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=GRID, n_seeds=3, hidden=[50])
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=2, n_evals=4)
search_flags.define_search_flags()
presets.define("grid", grid={}, decades=DECADES, r3={**DECADES, **presets.R3, "published": True})


def draw(result, **how):
    report = measures.add(lam_search.draw(result, "Coarse search", **how), result)
    quoted = published.WHO if r3.can_overlay(result.plan) else ""
    return findings.add(report, result, claims.COARSE_SEARCH, quoted)


def main():
    options = command_line.options()
    here = session.start(options)
    compared = {"variances": options.variances, "margin": options.margin}
    drawn = functools.partial(draw, overlay=options.published, **compared)
    pipeline.run(plan.cycles("coarse_search", options, test=False), drawn, here)


if __name__ == "__main__":
    entry.start(main)
