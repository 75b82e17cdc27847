"""Assignment 2, exercise 3: a two-layer network, one cycle of the learning rate, λ = 0.01.

    python experiments/exercise3.py
    python experiments/exercise3.py --preset=r3           # as one report, which has 43.2 %

Batch 1 to train on, batch 2 to validate on, 50 hidden units, n_batch = 100, n_s = 500. Expect a test accuracy of
45.0 to 47.2 % (22 published reports: 45.99 ± 0.51).
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
from dd2424_jax.app import command_line, flags, pipeline, plan, presets, session
from dd2424_jax.reporting import learning, measures, published

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
flags.define_run_flags(lam=[0.01], n_seeds=5, hidden=[50])
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=500, n_cycles=1, n_evals=10)
presets.define(r3=presets.R3)


def draw(result):
    return measures.add(learning.draw(result, "Exercise 3", published.EXERCISE3), result)


def main():
    options = command_line.options()
    here = session.start(options)
    pipeline.run(plan.cycles("exercise3", options, test=True), draw, here)


if __name__ == "__main__":
    entry.start(main)
