"""Assignment 1, for extra points: what each improvement of the linear classifier gains, and all that help together.

    python experiments/assignment1_extras.py

The baseline is the assignment's: the first 10,000 images, λ = 0.1, η = 0.001, 40 epochs of batches of 100. Each row
changes one thing, with the same ten seeds, validated on the same 1,000 images. What is chosen (by the grids, and what
has helped) is chosen on validation; the test images are looked at once the rows are trained. Expect a test
accuracy of 39.0 % of the baseline, and 42 % of all that help.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import absl.flags

from dd2424_jax import names, stats
from dd2424_jax.app import ablation, command_line, flags, kinds, plan, session
from dd2424_jax.app.rows import Row
from dd2424_jax.reporting import ablation as report
from dd2424_jax.reporting import ensembles, labels, published, tables, true_class
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result

TITLE = "Assignment 1, extras"
TOGETHER, SEARCHED, DECAY = "all that helped", "best λ, η, n_batch", {"schedule": "step_decay"}
# Of softmax's λ and η, those of a loss: the mean over K sigmoids has gradients K times smaller, the hinges' are larger.
SCALES = {"softmax": (1, 1), "sigmoid": (0.1, 10), "hinge": (1, 0.1)}
NAMES = {"softmax": "softmax", "sigmoid": "K sigmoids", "hinge": "SVM loss"}

flags.define_result_flags()
flags.define_split_flags(n_train=10_000, n_valid=1_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[0.1], n_seeds=10)
flags.define_epoch_flags(lr=[0.001], n_epochs=40)
absl.flags.DEFINE_integer("n_more", 49_000, "training images of the row that has more; at least 1", lower_bound=1)
kinds.define_numbers("grid_lam", [0.0, 0.01, 0.1], "λ of the grids, for softmax")
kinds.define_numbers("grid_lr", [0.001, 0.003, 0.01, 0.03, 0.1], "η of the grids, for softmax")
kinds.define_integers("grid_n_batch", [100, 500], "n_batch of the first grid", least=1)
absl.flags.register_multi_flags_validator(
    ["grid_n_batch", "n_train"],
    lambda f: 0 < max(f["grid_n_batch"], default=0) <= f["n_train"],
    "grid_n_batch needs numbers, of at most n_train",
)
absl.flags.DEFINE_integer("grid_seeds", 2, "seeds of the grids, the first of all; at least 1", lower_bound=1)


def scaled(values: Sequence[float], which: int, *, loss: str, of: str = "softmax") -> list[float]:
    """λ (0) or η (1) of one loss, from those of another."""
    return [value * SCALES[loss][which] / SCALES[of][which] for value in values]


def rows(options: SimpleNamespace) -> list[Row]:
    """The baseline, and the changes that need no choice."""

    def of_loss(loss: str) -> dict:
        own = {"lam": (options.lam, 0), "lr": (options.lr, 1)}
        return {"loss": loss} | {flag: scaled(*of, loss=loss, of=options.loss) for flag, of in own.items()}

    return [
        Row("baseline", {}),
        Row(f"{options.n_more:,} training images", {"n_train": options.n_more}),
        Row("flips", {"flip": 0.5}),
        Row("shifts by up to 2 pixels", {"shift": 2, "shift_padding": "edge"}),
        Row("step decay", DECAY),
        Row("step decay from 10 η", {**DECAY, "lr": [10 * lr for lr in options.lr]}),
        *(Row(NAMES[loss], of_loss(loss)) for loss in names.LOSSES if loss != options.loss),
    ]


def that_helped(trained: Sequence[ablation.Trained]) -> list[str]:
    """The rows whose mean gain on validation is above 0, the largest gain last."""
    compared = report.compare({one.row.name: one.result for one in trained})
    gains = {row.name: row.gains["valid"].mean for row in compared[1:]}
    return sorted((name for name, gain in gains.items() if gain > 0), key=gains.get)


def together(helped: Sequence[Row]) -> dict[str, object]:
    """All their changes but λ and η, which are chosen anew; where two change the same, the last one's hold."""
    changes = {name: value for row in helped for name, value in row.changes.items()}
    return {name: value for name, value in changes.items() if name not in ("lam", "lr")}


def draw(results: Mapping[str, Result], helped: Sequence[str], chosen: Mapping[str, str]) -> Report:
    """What every row gains, beside published accuracies; how sure softmax and sigmoids are."""
    drawn, baseline = report.draw(results, TITLE), results["baseline"]
    about = f"{TITLE} on {labels.data_and_seeds(baseline.plan)}"
    shown, remarks, figures = list(drawn.tables), list(drawn.remarks), dict(drawn.figures)
    remarks.append(
        f"Helped on validation: {', '.join(helped) or 'none'}. A mean gain above 0 is enough, without a test: to leave "
        "out what helps costs no less than to take what does not."
    )
    remarks += [f"Chosen on validation, {name}: {what}." for name, what in chosen.items()]
    remarks.append("Where a grid has chosen, validation accuracy is too high (selection bias); test accuracy is not.")
    if published.assignment1(baseline.plan, 0):
        kinds = {"linear": list(results)[-1], "sigmoid": NAMES["sigmoid"], "hinge": NAMES["hinge"]}
        ours = {kind: (name, results[name].settings[0].estimates["test_accuracy"]) for kind, name in kinds.items()}
        shown.append(published.beside_best(f"{about}, beside published reports", ours))
        remarks += [published.reached(*ours["linear"]), published.SOURCE]
    sure = {loss: true_class.of(first_with(results, loss)) for loss in ("softmax", "sigmoid")}
    if all(sure.values()):
        figures["probabilities"] = true_class.histograms(sure, about)
        remarks += [f"{own.words(name)}." for name, own in sure.items()]
        name, last = list(results.items())[-1]
        if last.plan.facts()["loss"] in sure and last.outcome.converged.any():
            remarks.append(with_mirror_images(name, last))
    else:
        remarks.append(
            "Without final weights (--weights=none), or where all runs diverged, there are no probabilities."
        )
    return Report(shown, remarks, figures, {**drawn.summary, "helped": list(helped), "chosen": dict(chosen)})


def with_mirror_images(name: str, result: Result) -> str:
    """Its accuracy where every test image is classified together with its mirror image."""
    P = ensembles.probabilities(result, result.plan.splits.test, flips=True)[:, -1]
    accuracy = stats.estimate(ensembles.accuracy(P, result.plan.splits.test))
    return f"{name}, by the mean probabilities of a test image and its mirror image: {tables.percent(accuracy)} %."


def first_with(results: Mapping[str, Result], loss: str) -> Result:
    return next(one for one in results.values() if one.plan.facts()["loss"] == loss)


def best_of(study: ablation.Study, name: str, grids: Sequence[Row], loss: str) -> tuple[Row, str]:
    """The row of the best λ and η of all grids, and what they are in words."""
    options = study.options
    axes = {"lam": scaled(options.grid_lam, 0, loss=loss), "lr": scaled(options.grid_lr, 1, loss=loss)}
    found = study.search(grids, axes, min(options.grid_seeds, options.n_seeds)).changes
    said = [f"{symbol} = {shown(found[flag][0], axes[flag])}" for symbol, flag in (("λ", "lam"), ("η", "lr"))]
    return Row(name, found), ", ".join([*said, f"n_batch = {found.get('n_batch', options.n_batch)}"])


def shown(value: float, tried: Sequence[float]) -> str:
    """And whether another one may be better still."""
    end = "largest" if value == max(tried) else "least" if value == min(tried) > 0 else ""
    return f"{value:g}" + (f" (the {end} tried)" if end and len(tried) > 1 else "")


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    for which, flag in enumerate(("lam", "lr")):
        if not command_line.given(flag):
            setattr(options, flag, scaled(getattr(options, flag), which, loss=options.loss))
    if not command_line.given("eval_train"):
        options.eval_train = 1_000  # a row's curves are not drawn
    plan_of = functools.partial(plan.epochs, "assignment1_parts", dataset=dataset, init_std=0.01)
    first, tried = rows(options), ("grid_lam", "grid_lr", "grid_n_batch", "grid_seeds")
    searched = {name: vars(options)[name] for name in tried}
    with ablation.opened("assignment1_extras", first, options, plan_of, here, **searched) as study:
        trained, chosen = study.train(first), {}
        grids = [Row(f"grid, n_batch = {n}", {"n_batch": n}) for n in options.grid_n_batch]
        best, chosen[SEARCHED] = best_of(study, SEARCHED, grids, options.loss)
        trained += study.train([best])
        helped = study.agreed(lambda: that_helped(trained))
        if helped:
            changes = together([one.row for name in helped for one in trained if one.row.name == name])
            grids, loss = [Row("grid of all that helped", changes)], changes.get("loss", options.loss)
            best, chosen[TOGETHER] = best_of(study, TOGETHER, grids, loss)
            trained += study.train([best])
        study.report(trained, functools.partial(draw, helped=helped, chosen=chosen))


if __name__ == "__main__":
    entry.start(main)
