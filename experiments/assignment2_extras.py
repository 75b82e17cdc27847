"""Assignment 2, for extra points: what each optional part gains, alone, and the best two-layer network of all together.

    python experiments/assignment2_extras.py

Each part alone is compared on validation images with a network of 50 units, paired by seed; the optimizers have their
learning rates (and AdamW its λ) chosen there too. Then widths with and without regularisers, and a wide network with
all that helps it, trained with five fresh seeds, for which alone the test images are looked at, once. Matrix products
are in bfloat16: give --precision=float32 where a CPU has none. Published: 56.5 ± 1.2 % (17 reports), the largest 58.1;
snapshots together 59.4.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

from dd2424_jax.app import ablation, command_line, flags, kinds, plan, session
from dd2424_jax.app.rows import Row
from dd2424_jax.reporting import ablation as report
from dd2424_jax.reporting import ensembles, labels, published, two_layer
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result

flags.define_result_flags()
flags.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[0.003], n_seeds=10, hidden=[50], precision="bfloat16")
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=2, n_evals=4)
kinds.define_integers("widths", [100, 200, 500, 1000], "hidden units of the wider networks", least=1)

TITLE = "Assignment 2, extras"
DROPOUT, FLIPS = {"dropout": 0.2}, {"flip": 0.5}
SHIFTS = {"shift": 3, "shift_padding": "edge"}
WIDE, FEWER = 500, 4  # networks of so many units have so many seeds, and so has what is searched


def fewer(options: SimpleNamespace) -> int:
    return min(FEWER, options.n_seeds)


CYCLES = "twice as many cycles"
PARTS = [
    Row("dropout 0.2", DROPOUT),
    Row("flips", FLIPS),
    Row("shifts ±3", SHIFTS),
    Row("flips and shifts", {**FLIPS, **SHIFTS}),
    Row("smoothing 0.1", {"smoothing": 0.1}),
    Row("leaky ReLU", {"activation": "leaky_relu"}),
    Row("GELU", {"activation": "gelu"}),
    Row("weights as He's", {"init": "he"}),
    Row("cosine", {"schedule": "cosine"}),
    Row("one cycle", {"schedule": "one_cycle"}),
    Row("cycles twice as long", {"n_s": lambda own: 2 * own.n_s}),
    Row(CYCLES, {"n_cycles": lambda own: 2 * own.n_cycles, "snapshots": lambda own: own.weights == "all"}),
]
SEARCHED = [  # with what is chosen on validation
    (Row("Nesterov", {"optimizer": "nesterov"}), {"lr_max": [0.005, 0.01, 0.02, 0.05]}),
    (Row("Adam", {"optimizer": "adam"}), {"lr_max": [0.0005, 0.001, 0.002, 0.004]}),
    (Row("AdamW", {"optimizer": "adamw"}), {"lam": [0.003, 0.03, 0.1, 0.3], "lr_max": [0.0005, 0.001, 0.002, 0.004]}),
]
REGULARISERS = {"dropout 0.2": DROPOUT, "flips": FLIPS, "shifts ±3": SHIFTS}
LAST = Row(
    "all together",
    {
        **{"hidden": [1000], "init": "he", **DROPOUT, **FLIPS, **SHIFTS, "lam": [1e-4]},
        **{"optimizer": "nesterov", "momentum": [0.9], "lr_max": [0.02], "n_batch": 250},
        **{"n_s": lambda own: 10 * own.n_s, "n_cycles": 1, "n_evals": 10},  # 100 epochs
        "eval_train": lambda own: min(own.n_valid, own.n_train),
        **{"n_seeds": 5, "seed": lambda own: own.seed + 1000},  # which have decided nothing
    },
)


def of_widths(widths: Sequence[int]) -> list[Row]:
    return [Row(f"{m} units", {"hidden": [m], **({"n_seeds": fewer} if m >= WIDE else {})}) for m in widths]


def with_regularisers(wide: Sequence[Row]) -> list[Row]:
    """Every width with every regulariser, but for the baseline's, which are rows of their own."""
    return [
        Row(f"{name}, {row.name}", {**row.changes, **changes, "n_seeds": fewer})
        for name, changes in REGULARISERS.items()
        for row in wide
    ]


def draw(results: Mapping[str, Result], alone: int, wide: Sequence[str]) -> Report:
    """The parts alone, the first so many; the widths, by their rows' names; time; the last network, and ensembles."""
    of = dict(list(results.items())[:alone])
    drawn, last = report.draw(of, TITLE), results[LAST.name]
    about = f"{TITLE} on {labels.data_and_seeds(results['baseline'].plan)}"
    lines = {"none": [results[name] for name in ("baseline", *wide)]}
    for name in REGULARISERS:
        lines[name] = [results[name], *(results[f"{name}, {width}"] for width in wide)]
    timed = {name: results[name] for name in ("baseline", *wide, LAST.name)}
    shown, remarks = [*drawn.tables, two_layer.time_to(timed, about)], [*drawn.remarks]
    (compared,) = report.compare({LAST.name: last})
    summary = {**drawn.summary, "last": compared.as_json()}
    figures = {
        **drawn.figures,
        "widths": two_layer.against_width(lines, about),
        "seconds": two_layer.against_seconds(timed, about),
    }
    of_last = f"{TITLE}, {LAST.name} on {labels.about(last)}"
    if last.plan.source.name == "cifar10":
        ours = {"two-layer": (LAST.name, last.settings[0].estimates["test_accuracy"])}
        shown.append(published.beside_best(f"{of_last}, beside published reports", ours))
        remarks.append(published.SOURCE)
    if results[CYCLES].outcome.snapshots is not None:
        table, gain = ensembles.over_cycles(results[CYCLES], f"{CYCLES} on {labels.about(results[CYCLES])}")
        shown.append(table)
        summary["cycle_ends"] = {name: one.as_json() for name, one in gain.items()}
    if last.outcome.params is not None and last.outcome.converged.any():
        table, summary["ensembles"] = ensembles.over_seeds(last, of_last)
        shown.append(table)
    return Report(shown, remarks, figures, summary)


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    plan_of = functools.partial(plan.cycles, "assignment2_parts", dataset=dataset)
    searched = {row.name: axes for row, axes in SEARCHED}
    wide = of_widths(options.widths)
    rows = [Row("baseline", {}), *wide, *PARTS]
    with ablation.opened("assignment2_extras", [*rows, LAST], options, plan_of, here, searched=searched) as study:
        trained = study.train(rows, test=False)
        for row, axes in SEARCHED:
            found = study.search([row], axes, fewer(options))
            trained += study.train([Row(row.name, found.changes)], test=False)
        alone = len(trained)
        trained += study.train(with_regularisers(wide), test=False, weights=False)
        trained += study.train([LAST])
        study.report(trained, functools.partial(draw, alone=alone, wide=tuple(row.name for row in wide)))


if __name__ == "__main__":
    entry.start(main)
