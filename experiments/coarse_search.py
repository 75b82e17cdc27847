"""Assignment 2, exercise 4: the coarse search for λ.

    python experiments/coarse_search.py
    python experiments/coarse_search.py --preset=decades --published

45,000 images to train on and 5,000 to validate on, 50 hidden units, n_batch = 100, two cycles of n_s = 900, log10 λ
on a grid of 8 points over [-5, -1]. Expect a validation accuracy of about 52 % for λ up to 0.002, and of 37.5 to 40.5 %
for λ = 0.1, depending on the images held out. The preset `decades` is one report's search: λ = 1e-5, 1e-4, ..., 1 and
one cycle. The test images are not looked at.
"""

import functools

import numpy as np
from absl import flags

import common
import reproduce
import searches

FLAGS = flags.FLAGS
PRESETS = {  # of λ, of cycles
    "grid": (10 ** np.linspace(-5, -1, 8), 2),
    "decades": (10.0 ** np.arange(-5, 1), 1),
}

common.define_output_flags()
common.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
common.define_training_flags(lam=PRESETS["grid"][0], n_seeds=3, hidden=[50])
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=PRESETS["grid"][1], n_evals=4)
common.define_search_flags()
flags.DEFINE_enum(
    "preset", "grid", list(PRESETS), "values of lam and n_cycles, where these are not given: 8 points and 2, or 6 and 1"
)


def main():
    given = common.given()
    lams, n_cycles = PRESETS[given.preset]
    if not FLAGS["lam"].present:
        given.lam = [",".join(f"{lam:g}" for lam in lams)]
    if not FLAGS["n_cycles"].present:
        given.n_cycles = n_cycles
    draw = functools.partial(searches.draw, title="Coarse search", overlay=given.published)
    reproduce.cyclical("coarse_search", draw, given, with_test=False)


if __name__ == "__main__":
    common.start(main)
