"""Assignment 2, exercise 4: a two-layer network, three cycles of the learning rate, λ = 0.01.

    python experiments/exercise4.py

As exercise 3, with n_s = 800 and nine evaluations a cycle: 48 epochs. Expect a test accuracy of 46.7 to 48.0 % (24
published reports: 46.93 ± 0.94).
"""

import functools

import common
import cycles
import published
import reproduce

common.define_output_flags()
common.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
common.define_training_flags(lam=[0.01], n_seeds=5, hidden=[50])
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=800, n_cycles=3, n_evals=9)


def main():
    draw = functools.partial(cycles.draw, title="Exercise 4", others=published.EXERCISE4)
    reproduce.cyclical("exercise4", draw, common.given(), with_test=True)


if __name__ == "__main__":
    common.start(main)
