"""What a search reports: accuracies, which settings its seeds can distinguish, and what it chooses."""

from collections.abc import Sequence

import numpy as np

from dd2424_jax import choice, stats, train
from dd2424_jax.choice import Choice
from dd2424_jax.reporting import labels, learning, plots, published, search_plots, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, ranking

MAX_LISTED = 4  # settings in a sentence; the table has them all


def draw(result: Result, title: str, *, overlay: bool = False, followed: Sequence[str] = ()) -> Report:
    """Tables of accuracies and of differences to the best, the choice in words, the search and learning curves.

    overlay: whether published searches are drawn over the figure.
    followed: hyperparameters that an earlier search has chosen.
    """
    outcome = result.outcome
    scores = np.where(outcome.diverged, np.nan, outcome.valid.accuracy[..., -1])
    chosen = choice.choose(result.plan.hypers.lam, scores, len(result.plan.splits.valid.y))
    label = labels.about(result)
    caption = (
        f"{title} for {_searched(result)} on {label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean"
    )
    shown = [
        tables.of_settings(
            result, caption, ("train_accuracy", "valid_accuracy", "valid_cost"), interval="valid_accuracy"
        )
    ]
    remarks = [_three_best(result)]
    if chosen is not None:
        shown.append(_differences(result, chosen))
        remarks += words(chosen, result.plan.hypers, labels.settings(result.plan), labels.varying(result.plan))
    figures = {
        "search": _figure(result, scores, chosen, f"{title}: {label}", overlay),
        "curves": learning.curves(result, title),
    }
    return Report(shown, remarks, figures, {"choice": chosen and _as_json(result, chosen, remarks[1:], followed)})


def _searched(result: Result) -> str:
    return " and ".join(labels.varying(result.plan).values())


def _three_best(result: Result) -> str:
    names = labels.settings(result.plan)
    best = [
        f"{names[i]} ({tables.percent(result.settings[i].estimates['valid_accuracy'])} %)"
        for i in ranking(result.settings, "valid_accuracy")[:3]
    ]
    return f"The three best on validation: {'; '.join(best) or 'none, as every run diverged'}."


def _differences(result: Result, chosen: Choice) -> tables.Table:
    names = labels.columns(result.plan)
    rows = []
    for i in np.argsort(result.plan.hypers.lam, kind="stable"):
        difference, p = chosen.differences[i], chosen.p[i]
        interval = tables.points_interval(difference.low, difference.high)
        numbers = [tables.points(difference.mean), interval, "–" if np.isnan(p) else f"{p:.3f}"]
        if i == chosen.best:
            numbers, verdict = ["–", "–", "–"], "chosen"
        elif i in chosen.indistinguishable:
            verdict = "no"
        else:
            verdict = "yes" if stats.excludes_zero(difference) else "diverged"
        one_se = " (one-SE rule)" if i == chosen.one_se and i != chosen.best else ""
        first, *others = [column[i] for column in names.values()]
        rows.append([first + one_se, *others, *numbers, verdict])
    caption = (
        f"Every setting minus the best, validation accuracy on {labels.about(result)}: points, paired by "
        "seed, with simultaneous 95 % confidence intervals (Bonferroni); p of sign flips, not corrected"
    )
    return tables.Table("differences", caption, [*names, "points", "interval", "p", "significantly different"], rows)


def words(chosen: Choice, hypers: train.Hypers, names: list[str], symbols: dict[str, str]) -> list[str]:
    """The choice in sentences, all from its numbers.

    names: of the settings; symbols: of the hyperparameters that vary.
    """
    seeds = labels.count(chosen.n_seeds, "seed")
    sentences = [f"{_set_in_words(chosen, hypers, names, symbols)} with {seeds}; chosen: {names[chosen.best]}."]
    sentences.append(
        f"The one-standard-error rule chooses {names[chosen.one_se]}: the largest λ whose mean is within one standard "
        "error (over seeds) of the best mean."
    )
    if np.isfinite(chosen.selection_bias):
        sentences.append(
            f"Selection bias (winner's curse): the best mean is expected to be {100 * chosen.selection_bias:.2f} "
            "points too high (half of the seeds choose, the other half score)."
        )
    sentences.append(
        f"The choice of validation images adds a standard error of {100 * chosen.standard_error:.2f} points to every "
        "accuracy; all settings share the images, so that it largely cancels in differences."
    )
    if chosen.n_seeds < stats.FEWEST_PAIRS:
        sentences.append(
            f"WARNING: with {seeds} no sign-flip test can reach p < .05; --n_seeds={stats.FEWEST_PAIRS} can."
        )
    for name, symbol in symbols.items():
        if edge := choice.edge(getattr(hypers, name), chosen.best):
            beyond = "smaller" if edge == "lowest" else "larger"
            sentences.append(
                f"WARNING: the best {symbol} is the {edge} of the search; a {beyond} one may be better still."
            )
    return sentences


def _set_in_words(chosen: Choice, hypers: train.Hypers, names: list[str], symbols: dict[str, str]) -> str:
    same = list(chosen.indistinguishable)
    name, *others = symbols
    if len(names) == 1:
        return f"{names[0]} is the only setting tried"
    if len(same) == 1:
        n_worse = sum(map(stats.excludes_zero, chosen.differences))
        diverged = "" if n_worse == len(names) - 1 else "diverged or "
        return f"Every other setting {diverged}is significantly worse than {names[same[0]]}"
    ascending = [int(i) for i in np.argsort(getattr(hypers, name), kind="stable")]
    first = ascending.index(same[0])
    if not others and ascending[first : first + len(same)] == same:
        low, high = (names[i].removeprefix(f"{symbols[name]} = ") for i in (same[0], same[-1]))
        return f"{symbols[name]} from {low} to {high} is indistinguishable from the best"
    listed = f" ({'; '.join(names[i] for i in same)})" if len(same) <= MAX_LISTED else ""
    return f"{len(same)} of {len(names)} settings are indistinguishable from the best{listed}"


def _figure(result: Result, scores, chosen: Choice | None, title: str, overlay: bool):
    """Against the one hyperparameter that varies; as a heat map where two are crossed; else by the settings' names."""
    plan, symbols = result.plan, labels.varying(result.plan)
    names = [labels.in_math(name) for name in labels.settings(plan)]
    axis_names = [labels.in_math(symbol) for symbol in symbols.values()]
    values = [getattr(plan.hypers, name) for name in symbols]
    crossed = labels.crossed(plan)
    several = chosen is not None and len(names) > 1
    fig, axes = plots.figure(1 + several, 1, title, height=3.0 if several else 3.6, sharex=not crossed)
    axes = axes[:, 0]
    if crossed:
        mean = [setting.estimates["valid_accuracy"].mean for setting in result.settings]
        search_plots.heat_map(axes[0], *values, mean, chosen, symbols=axis_names)
        if several:
            search_plots.families(axes[1], *values, scores, symbols=axis_names)
        return fig
    x = values[0] if len(values) == 1 else np.arange(len(names))
    search_plots.scores(axes[0], x, scores, names, chosen)
    if overlay and [*symbols] == ["lam"] and published.can_overlay(plan):
        published.overlay(axes[0])
    plots.legend(fig, axes[0])
    if several:
        search_plots.differences(axes[1], x, chosen)
    for ax in axes:
        if len(values) == 1:
            search_plots.value_axis(ax, x, axis_names[0])
        else:
            search_plots.name_axis(ax, names)
        ax.label_outer()
    return fig


def _as_json(result: Result, chosen: Choice, sentences: list[str], followed: Sequence[str]) -> dict:
    settings = [setting.hypers.named() for setting in result.settings]
    return {
        "best": settings[chosen.best],
        "one_se": settings[chosen.one_se],
        "followed": list(followed),
        "lam": settings[chosen.best]["lam"],
        "one_se_lam": settings[chosen.one_se]["lam"],
        "indistinguishable": [settings[i] for i in chosen.indistinguishable],
        "n_seeds": chosen.n_seeds,
        "differences": [
            setting
            | {"mean": difference.mean, "sd": difference.sd}
            | {"simultaneous_ci95": [difference.low, difference.high], "p": p}
            for setting, difference, p in zip(settings, chosen.differences, chosen.p, strict=True)
        ],
        "valid_standard_error": chosen.standard_error,
        "expected_selection_bias": chosen.selection_bias,
        "words": sentences,
    }
