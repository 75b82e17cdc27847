"""Assignments 1 and 2: every gradient, four ways.

    python experiments/gradient_check.py

For networks without, with one, and with three hidden layers, and for every loss, the closed form is compared with
`jax.grad` (in float64 and in float32), with centred and with forward differences (in float64 only), on the cases that
published reports use. Expect PASS everywhere, in less than a minute; a FAIL ends with status 1.
"""

import sys

from absl import flags

import checking
import common
import four_ways
from dd2424_jax import losses

common.define_output_flags()
flags.DEFINE_integer(
    "seed", checking.SEED, "of the parameters drawn; 0 to 2^32 - 1", lower_bound=0, upper_bound=2**32 - 1
)
flags.DEFINE_multi_enum("network", list(four_ways.HIDDEN), list(four_ways.HIDDEN), "which networks (repeatable)")
flags.DEFINE_multi_enum("loss", list(losses.LOSSES), list(losses.LOSSES), "which losses (repeatable)")


def main():
    if not checking.run(common.given()):
        sys.exit(1)


if __name__ == "__main__":
    common.start(main)
