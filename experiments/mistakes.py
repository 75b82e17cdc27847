"""Mistakes that published code makes, planted: what each does to the test accuracy that is reported.

    python experiments/mistakes.py

Each is planted in a copy of what it concerns, and compared with right code, paired by seed. The baseline is exercise 3
with ten seeds; mistakes that reports have in assignment 1 are planted there. Those of evaluating and choosing need no
training of their own. Expect 43 % with the wrong fan-in (a report: 43.2), where right code has 46 %.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from dd2424_jax import configs, mistakes, names, train
from dd2424_jax.app import ablation, command_line, flags, plan, session
from dd2424_jax.app.rows import Row
from dd2424_jax.reporting import labels, published, r3, reports
from dd2424_jax.reporting import mistakes as report
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.result import Result

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
flags.define_run_flags(lam=[0.01], n_seeds=10, hidden=[50])
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=500, n_cycles=1, n_evals=1)

TITLE = "Mistakes"
TRIALS = (0.01, 0.1, 1.0)  # of the λ, one after another
N_EPOCHS = 40  # of assignment 1


def configured(planned: Plan, **changes) -> Plan:
    """The plan with other fields of its configuration."""
    return planned._replace(config=dataclasses.replace(planned.config, **changes))


def trials(planned: Plan) -> Plan:
    """As long a trial of each of several λ, of which the last is the plan's own."""
    n = planned.config.n_updates
    optimizer = functools.partial(mistakes.not_initialised_again, factors=TRIALS, n_updates=n)
    return configured(planned, optimizer=optimizer, eval_steps=(len(TRIALS) * n,), snapshots=())


def linear(planned: Plan, *, lam: Sequence[float], lr: float, snapshots: bool = False) -> Plan:
    """Assignment 1 on the same images with the same seeds; `snapshots`: of every epoch."""
    ends = tuple(round(epoch * planned.steps_per_epoch) for epoch in range(1, N_EPOCHS + 1))
    extent = {"eval_steps": ends, "snapshots": ends[:-1], "eval_train": 1} if snapshots else {"eval_steps": ends[-1:]}
    config = dataclasses.replace(published.LINEAR, n_batch=planned.config.n_batch, **extent)
    return planned._replace(config=config, hypers=configs.as_arrays(train.Hypers(lam, lr, lr)))


def row(name: str, **changes) -> Row:
    """With these flags, and what is PLANTED under its name."""
    return Row(name, {"planted": name, **changes})


PLANTED: Mapping[str, Callable[[Plan], Plan]] = {  # what flags can't do
    "divided by K": lambda planned: configured(planned, optimizer=mistakes.divided_by_classes_too),
    "trials": trials,
    "flips but for a row": lambda planned: configured(planned, augment=mistakes.flipped_but_for_the_last_row),
    "flips, colours last": lambda planned: configured(planned, augment=mistakes.flipped_as_if_colours_were_last),
    "assignment 1": functools.partial(linear, lam=[0.0, 0.1, 1.0], lr=0.001),
    "assignment 1, epochs": functools.partial(linear, lam=[0.0], lr=0.1, snapshots=True),
}
WITH_WEIGHTS = [row("baseline"), row("assignment 1"), row("assignment 1, epochs")]
ROWS = [
    row("fan-in", init_std=names.R3_STD),
    row("divided by K"),
    row("trials"),
    row("dropout", dropout=0.2),
    row("flips", flip=0.5),
    row("flips but for a row"),
    row("flips, colours last"),
    row("batches", n_batch=128),
    row("batches dropped", n_batch=128, n_train=lambda own: own.n_train - own.n_train % own.n_batch),
    row("several λ", lam=[0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03]),
]
TRAINED = [  # of a mistake the function that it is planted in and what that does, the right row, the mistaken one
    ("wrong fan-in", "network.init: W1 from N(0, 1/50)", "baseline", "fan-in"),
    ("gradient divided by K too", "network.cost: (p - y) / (n K)", "baseline", "divided by K"),
    ("not re-initialised between trials", "train.init_state: λ/100, λ/10, λ in turn", "baseline", "trials"),
    ("dropout accepted and ignored", "train.dropout_masks: 0 for 0.2", "dropout", "baseline"),
    ("flips miss a row of pixels", "augment.flipped: 31 rows of 32", "flips", "flips but for a row"),
    ("flips of images reshaped wrongly", "augment.flipped: 32, 32, 3 for 3, 32, 32", "flips", "flips, colours last"),
    ("last batch of an epoch dropped", "train.batch_indices: n_batch = 128", "batches", "batches dropped"),
]


def made(results: Mapping[str, Result]) -> Iterator[report.Mistake]:
    """All mistakes; without weights, none that evaluate them once more."""
    for name, where, right, wrong in TRAINED:
        theirs = [f"{100 * one.value:g}" for one in r3.runs(results[wrong].plan, 0)]
        yield report.Mistake(name, where, *(report.accuracies(results[own]) for own in (right, wrong)), *theirs)
    on_test = report.chosen(results["several λ"])
    yield report.Mistake("λ chosen on the test set", "choice.choose: 8 λ", *on_test, never_lower=True)
    baseline, of_lams, of_epochs = (results[own.name] for own in WITH_WEIGHTS)
    if of_epochs.outcome.params is None:
        return
    for name, where, right, measure, theirs in (
        ("test set not standardised", "data.standardize: in 0 to 1", baseline, report.not_standardised, ""),
        ("the same, linear, η = 0.001", "data.standardize: in 0 to 1", of_lams, report.not_standardised, ""),
        (
            "best epoch on test, linear, η = 0.1",
            "evaluation.evaluate: 40 epochs",
            of_epochs,
            report.best_epoch,
            f"{reports.LINEAR['R2'][0]:g}",
        ),
    ):
        known = theirs if published.assignment1(right.plan, 0) else ""
        of_the_best = measure is report.best_epoch
        yield report.Mistake(name, where, report.accuracies(right), measure(right), known, of_the_best)


def draw(results: Mapping[str, Result]) -> Report:
    baseline, of_lams, _ = (results[own.name] for own in WITH_WEIGHTS)
    drawn = report.draw([*made(results)], f"{TITLE} on {labels.about(baseline)}")
    remarks = [*drawn.remarks, report.one_seed(baseline)]
    if published.assignment1(of_lams.plan, 0):
        remarks.append(report.another_lam(of_lams))
    if baseline.outcome.params is None:
        remarks.append("Without final weights (--weights=none), mistakes of evaluating are left out.")
    runs = [{"name": name, "run": f"{one.path.parent.name}/{one.path.name}"} for name, one in results.items()]
    return drawn._replace(remarks=remarks, summary={**drawn.summary, "rows": runs})


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    if options.optimizer != "sgd" or options.schedule != "triangular":
        raise command_line.UsageError(
            "mistakes are planted in sgd with a triangular rate: no other --optimizer, --schedule"
        )

    def plan_of(own, *, test):
        planned = plan.cycles("mistakes_parts", own, test=test, dataset=dataset)
        return PLANTED.get(own.planted, lambda right: right)(planned)

    with ablation.opened("mistakes", [*WITH_WEIGHTS, *ROWS], options, plan_of, here) as study:
        study.report(study.train(WITH_WEIGHTS) + study.train(ROWS, weights=False), draw)


if __name__ == "__main__":
    entry.start(main)
