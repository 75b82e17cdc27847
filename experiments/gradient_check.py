"""Assignments 1 and 2: every gradient, four ways.

    python experiments/gradient_check.py

For networks without, with one, and with three hidden layers, and for every loss, the closed form is compared with
`jax.grad` (in float64 and in float32), with centred and with forward differences (in float64 only), on the cases that
published reports use. Each case has 20 draws, with other images and other parameters; with hidden units, those of at
least 20 whole images have 2. Expect PASS everywhere; a FAIL, be it in a single draw, ends with status 1. errors.csv has
a row for every parameter of every draw.
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import sys

import absl.flags

from dd2424_jax import names
from dd2424_jax.app import command_line, flags, gradient_check, plan, session

flags.define_result_flags()
flags.define_data_flags()
absl.flags.DEFINE_integer(
    "seed", 0, "of the first draw, its parameters and images; 0 to 2^32 - 1", lower_bound=0, upper_bound=2**32 - 1
)
absl.flags.DEFINE_integer("n_draws", 20, "how many draws, by seed, seed + 1, ...; at least 1", lower_bound=1)
absl.flags.DEFINE_multi_enum("network", list(names.HIDDEN), list(names.HIDDEN), "which networks (repeatable)")
absl.flags.DEFINE_multi_enum("loss", list(names.LOSSES), list(names.LOSSES), "which losses (repeatable)")


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    seeds = range(options.seed, options.seed + options.n_draws)
    if not gradient_check.run(dataset, options.network, options.loss, here, seeds):
        sys.exit(1)


if __name__ == "__main__":
    entry.start(main)
