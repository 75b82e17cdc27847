"""Assignment 2, exercise 4: a two-layer network, three cycles of the learning rate, λ = 0.01.

    python experiments/exercise4.py
    python experiments/exercise4.py --preset=r3           # as one report, which has 46.9 %

As exercise 3, with n_s = 800 and nine evaluations a cycle: 48 epochs. Expect a test accuracy of 46.7 to 48.0 % (24
published reports: 46.93 ± 0.94).
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
from dd2424_jax.app import command_line, flags, pipeline, plan, presets, session
from dd2424_jax.reporting import claims, findings, learning, measures, published

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
flags.define_run_flags(lam=[0.01], n_seeds=5, hidden=[50])
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=800, n_cycles=3, n_evals=9)
presets.define(r3=presets.R3)


def draw(result):
    report = measures.add(learning.draw(result, "Exercise 4", published.EXERCISE4), result)
    return findings.add(report, result, claims.EXERCISE4)


def main():
    options = command_line.options()
    here = session.start(options)
    pipeline.run(plan.cycles("exercise4", options, test=True), draw, here)


if __name__ == "__main__":
    entry.start(main)
