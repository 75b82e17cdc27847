"""Assignment 1, for extra points: what each improvement of the linear classifier gains, and all that help together.

python experiments/assignment1_extras.py
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools

from dd2424_jax.app import ablation, command_line, flags, plan, session
from dd2424_jax.app.ablation import Row
from dd2424_jax.reporting import ablation as report

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=1_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[0.1], n_seeds=10)
flags.define_epoch_flags(lr=[0.001], n_epochs=40)


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    plan_of = functools.partial(plan.epochs, "assignment1_parts", dataset=dataset, init_std=0.01)
    rows = [
        Row("baseline", {}),
        Row("more", {"n_train": 2 * options.n_train}),
        Row("sigmoid", {"loss": "sigmoid", "lr": lambda own: [10 * lr for lr in own.lr]}),
        Row("hinge", {"loss": "hinge", "lr": lambda own: [lr / 10 for lr in own.lr]}),
    ]
    axes = {"lam": [0.01, 0.1], "lr": [0.001, 0.003]}
    with ablation.opened("assignment1_extras", rows, options, plan_of, here, axes=axes) as study:
        trained = study.train(rows)
        found = study.search([Row("grid", {})], axes, 2)
        trained += study.train([Row("best of the grid", found.changes)])
        study.report(trained, functools.partial(report.draw, title="Assignment 1, extras"))


if __name__ == "__main__":
    entry.start(main)
