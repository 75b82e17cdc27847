"""What a search reports: accuracies, which settings its seeds can distinguish, and what it chooses."""

from collections.abc import Sequence

import numpy as np

from dd2424_jax import choice
from dd2424_jax.choice import Choice
from dd2424_jax.race import State
from dd2424_jax.reporting import labels, learning, plots, r3, races, search_plots, search_words, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.result import Result, ranking

ADJUSTED = {"separate": "Holm", "equal": "Dunnett"}  # how p is, by the variances


def draw(
    result: Result,
    title: str,
    *,
    overlay: bool = False,
    followed: Sequence[str] = (),
    variances: str = "separate",
    margin: float = 0.5,
) -> Report:
    """Tables of accuracies and of differences to the best, the choice in words, the search and learning curves.

    overlay: whether published searches are drawn over the figure.
    followed: hyperparameters that an earlier search has chosen.
    variances, margin: as in `choice.choose`, the margin in points; a race has its own.
    """
    plan, scores, state = result.plan, result.outcome.scores, None
    how = {"scores": scores, "variances": variances, "margin": margin / 100, "alpha": 0.05}
    if plan.race is not None:
        state = races.state_of(result)
        how = races.comparison(result, state)
    alpha = how["alpha"]
    chosen = choice.choose(plan.hypers.lam, n_valid=plan.n_valid, folds=plan.fold, **how)
    if chosen is not None and state is not None:  # what the settings that left had to do with it, few seeds say
        chosen = chosen._replace(selection_bias=np.nan)
    label = labels.about(result)
    caption = (
        f"{title} for {_searched(result)} on {label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean"
        f"{'' if len(plan.folds) == 1 else ' over held-out sets'}"
    )
    metrics = ("train_accuracy", "valid_accuracy", "valid_cost")
    accuracies = tables.of_settings(result, caption, metrics, interval="valid_accuracy")
    shown = [accuracies if state is None else races.with_seeds(accuracies, state)]
    remarks = [_three_best(result, state)]
    figures = {"search": _figure(result, scores, chosen, alpha, f"{title}: {label}", overlay)}
    more = {}
    if chosen is not None:
        shown += [_differences(result, chosen, alpha)] if chosen.n_compared else []
        remarks += search_words.sentences(chosen, plan, float(np.nanmean(result.outcome.seconds)))
    shown += r3.beside(result, f"{title} on {label}")
    remarks += r3.beside_draws(result)
    if state is not None:
        remarks.append(races.remark(result, state))
        figures["race"] = races.figure(result, state, f"{title}, seeds of every setting: {label}")
        more["race"] = races.as_json(result, state)
    figures["curves"] = learning.curves(result, title)
    more["choice"] = chosen and _as_json(result, chosen, alpha, remarks[1:], followed)
    return Report(shown, remarks, figures, more)


def _searched(result: Result) -> str:
    return " and ".join(labels.varying(result.plan).values())


def _three_best(result: Result, state: State | None) -> str:
    names, ranked = labels.settings(result.plan), ranking(result.settings, "valid_accuracy")
    ranked = [i for i in ranked if state is None or i in state.survivors]  # the others have fewer seeds
    best = [f"{names[i]} ({tables.percent(result.settings[i].estimates['valid_accuracy'])} %)" for i in ranked[:3]]
    return f"The three best on validation: {'; '.join(best) or 'none, as every run diverged'}."


def _differences(result: Result, chosen: Choice, alpha: float) -> tables.Table:
    names = labels.columns(result.plan)
    rows = []
    for i in np.argsort(result.plan.hypers.lam, kind="stable"):
        difference, p = chosen.differences[i], chosen.p[i]
        interval = tables.points_interval(difference.low, difference.high)
        numbers = [tables.points(difference.mean), interval, tables.p_value(p)]
        if i == chosen.best:
            verdict = "chosen"
        elif i in chosen.indistinguishable:
            verdict = "no"
        elif p <= alpha:
            verdict = "yes"
        else:
            verdict = "diverged" if result.settings[i].diverged else "left"
        one_se = " (one-SE rule)" if i == chosen.one_se and i != chosen.best else ""
        first, *others = [column[i] for column in names.values()]
        rows.append([first + one_se, *others, *numbers, verdict])
    caption = (
        f"Every setting minus the best of the others, validation accuracy on {labels.about(result)}: points, paired by "
        f"{search_words.UNITS[chosen.unit]}, with simultaneous {_confidence(alpha)} confidence intervals (Hsu's "
        "comparisons with the best, which end at 0 on one side where they exclude it); significantly worse than the "
        f"chosen one where p, adjusted ({ADJUSTED[chosen.variances]}), is at most {alpha:.3g}: another procedure, "
        f"which can differ where it is close{search_words.assumption(chosen)}"
    )
    return tables.Table("differences", caption, [*names, "points", "interval", "p", "significantly worse"], rows)


def _confidence(alpha: float) -> str:
    return f"{100 * (1 - alpha):.3g} %"


def _figure(result: Result, scores, chosen: Choice | None, alpha: float, title: str, overlay: bool):
    """Against the one hyperparameter that varies; as a heat map where two are crossed; else by the settings' names."""
    plan, symbols = result.plan, labels.varying(result.plan)
    names = [labels.in_math(name) for name in labels.settings(plan)]
    axis_names = [labels.in_math(symbol) for symbol in symbols.values()]
    values = [getattr(plan.hypers, name) for name in symbols]
    crossed = labels.crossed(plan)
    several = chosen is not None and chosen.n_compared > 1
    fig, axes = plots.figure(1 + several, 1, title, height=3.0 if several else 3.6, sharex=not crossed)
    axes = axes[:, 0]
    if crossed:
        mean = [setting.estimates["valid_accuracy"].mean for setting in result.settings]
        search_plots.heat_map(axes[0], *values, mean, chosen, symbols=axis_names)
        if several:
            search_plots.families(axes[1], *values, scores, symbols=axis_names, fold=plan.fold)
        return fig
    x = values[0] if len(values) == 1 else np.arange(len(names))
    search_plots.scores(axes[0], x, scores, names, chosen, plan.fold)
    if several:
        search_plots.differences(axes[1], x, chosen, _confidence(alpha))
    for ax in axes:
        if len(values) == 1:
            search_plots.value_axis(ax, x, axis_names[0])
        else:
            search_plots.name_axis(ax, names)
        ax.label_outer()
    if overlay and [*symbols] == ["lam"] and r3.can_overlay(plan):
        r3.overlay(axes[0])
    plots.legend(fig, axes[0])
    return fig


def _as_json(result: Result, chosen: Choice, alpha: float, sentences: list[str], followed: Sequence[str]) -> dict:
    settings = [setting.hypers.named() for setting in result.settings]
    return {
        "best": settings[chosen.best],
        "one_se": settings[chosen.one_se],
        "followed": list(followed),
        "lam": settings[chosen.best]["lam"],
        "one_se_lam": settings[chosen.one_se]["lam"],
        "indistinguishable": [settings[i] for i in chosen.indistinguishable],
        "n_seeds": chosen.n_seeds,
        "unit": chosen.unit,
        "variances": chosen.variances,
        "alpha": alpha,
        "differences": [
            setting
            | {"mean": difference.mean, "sd": difference.sd}
            | {"simultaneous_interval": [difference.low, difference.high], "adjusted_p": p}
            for setting, difference, p in zip(settings, chosen.differences, chosen.p, strict=True)
        ],
        "compared_separately": [settings[i] for i in chosen.compared_separately],
        "equal_variances_p": chosen.equal_variances_p,
        "power": chosen.power._asdict(),
        "variance_shares": chosen.variance_shares and chosen.variance_shares._asdict(),
        "valid_standard_error": chosen.standard_error,
        "expected_selection_bias": chosen.selection_bias,
        "words": sentences,
    }
