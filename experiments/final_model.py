"""Assignment 2, exercise 4: the final model, with the λ that the fine search chose and seeds that no search has used.

    make coarse-search fine-search final-model
    python experiments/final_model.py --lam=0.003
    python experiments/final_model.py --preset=r3         # as one report, which has 51.5 %

49,000 images to train on and 1,000 to validate on, 50 hidden units, three cycles of n_s = 980. Expect a test accuracy
of 51.0 to 52.5 % (31 published reports: 51.61 ± 0.57). Before it, the search's own setting is trained at its λ with
these fresh seeds (results/fresh_score): what the search's score is too high by.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools
from collections.abc import Mapping

import absl.flags
import numpy as np

from dd2424_jax import configs, data, stats, train
from dd2424_jax.app import command_line, flags, kinds, pipeline, plan, presets, session
from dd2424_jax.reporting import confusion, labels, learning, published, tables, templates
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs import previous
from dd2424_jax.runs.plan import from_identity
from dd2424_jax.runs.previous import Search
from dd2424_jax.runs.result import Result

CHOICES = {"mean": "best", "one_se": "one_se"}  # of a search, by the rule

flags.define_result_flags()
flags.define_split_flags(n_train=49_000, n_valid=1_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[], n_seeds=5, hidden=[50], seed=1000)
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=980, n_cycles=3, n_evals=4)
presets.define(r3={**presets.R3, "lam": [0.008], "n_train": 40_000, "n_valid": 10_000, "n_s": 1000})
absl.flags.DEFINE_enum("rule", "mean", list(CHOICES), "take the fine search's best mean, or its one-SE rule's λ")
kinds.define_path("search", None, "the fine search's run directory; by default the newest with the same flags")


def fresh_score(
    search: Search, rule: str, seeds: tuple[int, ...], dataset: data.Dataset, here: session.Session
) -> Mapping | None:
    """The search's own setting, trained with fresh seeds: what it says, for the report of the first process."""
    chosen = search.choice[CHOICES[rule]]
    hypers = configs.as_arrays(train.Hypers(**chosen))
    fresh = from_identity(search.identity, dataset)._replace(experiment="fresh_score", hypers=hypers, race=None)
    n_sets = len(fresh.folds)  # each as often as the others
    fresh = fresh._replace(seeds=tuple(range(seeds[0], seeds[0] + -(-len(seeds) // n_sets) * n_sets)))
    summary = pipeline.run(fresh, draw_fresh_score, here._replace(name=None))
    if not summary:
        return None
    searched, again = search.score(chosen), previous.score(summary, chosen)
    difference, low, high = stats.welch(searched, again)
    return {
        "run": search.name,
        "rule": rule,
        **chosen,
        "indistinguishable": search.choice["indistinguishable"],
        "search_score": {"n_seeds": searched.n, **searched.as_json()},
        "fresh_score": {"n_seeds": again.n, **again.as_json()},
        "selection_bias": {"mean": difference, "ci95": [low, high]},
        "expected_selection_bias": search.choice["expected_selection_bias"],
    }


def draw_fresh_score(result: Result) -> Report:
    label = labels.about(result)
    caption = f"The search's setting at its λ, with seeds that it did not use, on {label}"
    table = tables.of_settings(result, caption, ("train_accuracy", "valid_accuracy"), interval="valid_accuracy")
    return Report([table], [], {"curves": learning.curves(result, "Fresh score")})


def selection_bias(about: Mapping, label: str) -> tuple[tables.Table, str]:
    """Search score against fresh score, as a table and in words."""
    rows = []
    for name, key in (("in the search", "search_score"), ("with fresh seeds", "fresh_score")):
        score = stats.Estimate.from_json(about[key]["n_seeds"], about[key])
        rows.append([name, str(score.n), tables.percent(score), tables.percent_interval(score)])
    difference, (low, high) = about["selection_bias"]["mean"], about["selection_bias"]["ci95"]
    rows.append(["search minus fresh, points", "–", tables.points(difference), tables.points_interval(low, high)])
    caption = f"Validation accuracy of λ = {labels.numbers([about['lam']])[0]} in the search's own setting, on {label}"
    expected = about["expected_selection_bias"]
    foretold = "" if expected is None else f" The search itself expected {tables.points(expected)} for the best mean."
    significant = not np.isnan(low) and not low <= 0 <= high
    side = "above" if difference >= 0 else "below"
    text = (
        f"The search's score is {100 * abs(difference):.2f} points {side} that of fresh seeds, which "
        f"{'is more than' if significant else 'could be'} chance.{foretold}"
    )
    return tables.Table("selection_bias", caption, ["score", "seeds", "validation %", "95 % interval"], rows), text


def draw(result: Result, about: Mapping | None) -> Report:
    """Accuracies beside the published ones, the search's selection bias, confusion, first-layer weights, curves."""
    drawn = learning.draw(result, "Final model", published.FINAL)
    shown, remarks, figures = list(drawn.tables), list(drawn.remarks), dict(drawn.figures)
    if about is None:
        remarks.append("λ was given by hand: no search's score to compare with.")
    else:
        table, text = selection_bias(about, labels.data_and_seeds(result.plan))
        shown.append(table)
        remarks.append(text)
    if result.outcome.params is None:
        return Report(shown, [*remarks, confusion.LEFT_OUT], figures, {"search": about})
    linear = len(result.plan.config.sizes) == 2
    figures["weights"] = templates.of_classes(result) if linear else templates.of_units(result)
    remarks.append(templates.FIRST)
    if result.outcome.converged.any():
        figures["confusion"], classes = confusion.draw(result, 0, "final model")
        shown.append(classes)
    return Report(shown, remarks, figures, {"search": about})


def main():
    options = command_line.options()
    here, dataset = session.start(options), plan.load(options)
    search, about = None, None
    if options.lam and (command_line.given("search") or command_line.given("rule")):
        raise command_line.UsageError("give --lam, or leave it to a search, by --search and --rule")
    if not options.lam:
        search = plan.find_search("fine_search", options, dataset, instead="give --lam")
        options.search, options.lam = search.name, [search.choice[CHOICES[options.rule]]["lam"]]
        plan.follow(options, search, search.choice[CHOICES[options.rule]])
    final = plan.cycles("final_model", options, test=True, dataset=dataset)
    if len(final.hypers.lam) != 1:
        names = "; ".join(labels.settings(final))
        raise command_line.UsageError(f"the final model has one setting, not {names}: choose it by a search")
    previous.check_fresh(final.seeds, options.out_dir, search)
    if search is not None:
        pipeline.say(f"final_model: λ = {options.lam[0]:g} is the choice of {search}")
        about = fresh_score(search, options.rule, final.seeds, dataset, here)
    pipeline.run(final, functools.partial(draw, about=about), here)


if __name__ == "__main__":
    entry.start(main)
