"""Assignment 2, exercise 4: the final model, with the λ that the fine search chose and seeds that no search has used.

    make coarse-search fine-search final-model
    python experiments/final_model.py --lam=0.003

49,000 images to train on and 1,000 to validate on, 50 hidden units, three cycles of n_s = 980. Expect a test accuracy
of 51.0 to 52.5 % (31 published reports: 51.61 ± 0.57). Before it, the search's own setting is trained at its λ with
these fresh seeds (results/fresh_score): what the search's score is too high by.
"""

import functools
from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
from absl import flags

import common
import cycles
import earlier
import mistakes
import published
import reproduce
from dd2424_jax import cifar10, data, plots, stats, tables
from dd2424_jax.report import Report

MOST_UNITS = 50  # shown as images

common.define_output_flags()
common.define_split_flags(n_train=49_000, n_valid=1_000, train_batches=[1, 2, 3, 4, 5])
common.define_training_flags(lam=[], n_seeds=5, hidden=[50], seed=1000)
common.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=980, n_cycles=3, n_evals=4)
flags.DEFINE_enum("rule", "mean", ["mean", "one_se"], "take the fine search's best mean, or its one-SE rule's λ")
flags.DEFINE_string("search", None, "the fine search's run directory; by default the newest with the same flags")


def fresh_score(given: SimpleNamespace, dataset: data.Dataset, search: earlier.Search, lam: float) -> Mapping:
    """The search's own setting at its λ, trained with fresh seeds: what it says, for the report."""
    of_here = (*reproduce.NOT_IDENTITY, "seed", "n_seeds", "lam")
    flags = SimpleNamespace(**{**search.flags, **{flag: vars(given)[flag] for flag in of_here}, "name": None})

    def draw(found: reproduce.Found) -> Report:
        (setting,) = found.settings
        accuracies = [setting.estimates[f"{split}_accuracy"] for split in ("train", "valid")]
        row = [f"{lam:.3g}", *map(tables.percent, accuracies), tables.percent_interval(accuracies[-1])]
        caption = f"The search's setting at its λ, with seeds that it did not use, on {found.label}"
        table = tables.Table(caption, ["λ", "train %", "validation %", "95 % interval"], [row])
        return Report([table], [], {"curves": cycles.curves(found, "Fresh score")})

    summary = reproduce.cyclical("fresh_score", draw, flags, with_test=False, dataset=dataset)
    searched, fresh = search.score(lam), earlier.estimate(summary, lam)
    difference, low, high = stats.welch(searched, fresh)
    return {
        "run": search.name,
        "rule": given.rule,
        "lam": lam,
        "indistinguishable": search.summary["choice"]["indistinguishable"],
        "search_score": {"n_seeds": searched.n, **searched.as_json()},
        "fresh_score": {"n_seeds": fresh.n, **fresh.as_json()},
        "optimism": {"mean": difference, "ci95": [low, high]},
        "expected_optimism": search.summary["choice"]["expected_optimism"],
    }


def optimism(about: Mapping, label: str) -> tuple[tables.Table, str]:
    """Search score against fresh score, as a table and in words."""
    rows = []
    for name, key in (("in the search", "search_score"), ("with fresh seeds", "fresh_score")):
        score = stats.Estimate(about[key]["n_seeds"], about[key]["mean"], about[key]["sd"], *about[key]["ci95"])
        rows.append([name, str(score.n), tables.percent(score), tables.percent_interval(score)])
    difference, (low, high) = about["optimism"]["mean"], about["optimism"]["ci95"]
    rows.append(["search minus fresh, points", "–", tables.points(difference), tables.points_interval(low, high)])
    caption = f"Validation accuracy of λ = {about['lam']:.3g} in the search's own setting, on {label}"
    expected = about["expected_optimism"]
    foretold = "" if expected is None else f" The search itself expected {tables.points(expected)} for the best mean."
    told = not np.isnan(low) and not low <= 0 <= high
    side = "above" if difference >= 0 else "below"
    text = (
        f"The search's score is {100 * abs(difference):.2f} points {side} that of fresh seeds, which "
        f"{'is more than' if told else 'could be'} chance.{foretold}"
    )
    return tables.Table(caption, ["score", "seeds", "validation %", "95 % interval"], rows), text


def weights(found: reproduce.Found):
    """The first layer of the first seed, as images: of the units with the largest weights, the largest first."""
    W = found.outcome.params[0].W[0, 0]
    linear = len(found.config.sizes) == 2
    order = np.arange(len(W)) if linear else np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:MOST_UNITS]
    shown = "all" if len(order) == len(W) else f"{len(order)} of"
    title = f"First-layer weights ({shown} {len(W)} units, by decreasing norm), seed {found.outcome.seeds[0]}"
    if linear:
        title = f"Weights of every class, seed {found.outcome.seeds[0]}"
    columns = min(10, len(order))
    fig, axes = plots.figure(
        -(-len(order) // columns), columns, f"{title}\n{found.label}", width=0.7, height=0.75 + 0.15 * linear
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for unit, ax in zip(order, axes.flat, strict=False):
        plots.template(ax, W[unit])
        if linear:
            ax.set_title(cifar10.CLASSES[unit], fontsize=7)
    return fig


def draw(found: reproduce.Found, about: Mapping | None) -> Report:
    """Accuracies beside the published ones, the search's optimism, mistakes, first-layer weights, curves."""
    hidden = [*found.config.sizes[1:-1]]
    drawn = cycles.draw(found, "Final model", published.FINAL if hidden == [50] else None)
    shown, remarks, figures = list(drawn.tables), [], {**drawn.figures, "weights": weights(found)}
    if about is None:
        remarks.append("λ was given by hand: no search's score to compare with.")
    else:
        table, text = optimism(about, found.label)
        shown.append(table)
        remarks.append(text)
    if not found.outcome.diverged.all():
        figures["confusion"], classes = mistakes.draw(found, 0, f"λ = {found.settings[0].lam:.3g}")
        shown.append(classes)
    return Report(shown, remarks, figures, {"search": about})


def main():
    given, search, about = common.given(), None, None
    dataset = reproduce.load(given)
    if given.lam and given.search:
        raise common.UsageError("give --lam or --search: not both")
    if not given.lam:
        search = earlier.newest("fine_search", given, dataset, "give --lam")
        choice = search.summary["choice"]
        given.lam = [repr(choice["lam" if given.rule == "mean" else "one_se_lam"])]
        given.search = search.name
    if len(common.numbers(given.lam)) != 1:
        raise common.UsageError(f"--lam={','.join(given.lam)}: the final model has one λ; choose it by a search")
    earlier.check_fresh(given, search)
    if search is not None:
        reproduce.say(f"final_model: λ = {given.lam[0]} is the choice of {search.path}")
        about = fresh_score(given, dataset, search, common.numbers(given.lam)[0])
    reproduce.cyclical("final_model", functools.partial(draw, about=about), given, with_test=True, dataset=dataset)


if __name__ == "__main__":
    common.start(main)
