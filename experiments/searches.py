"""What a search for λ reports: accuracies, what its seeds can tell apart, and what it chooses."""

import numpy as np

import cycles
import published
import reproduce
from dd2424_jax import choice, plots, report, stats, tables
from dd2424_jax.report import Report


def draw(found: reproduce.Found, title: str, overlay: bool) -> Report:
    """Tables of accuracies and of differences to the best λ, the choice in words, the search and learning curves."""
    outcome = found.outcome
    scores = np.where(outcome.diverged, np.nan, outcome.valid.accuracy[..., -1])
    chosen = choice.choose(outcome.hypers.lam, scores, len(found.splits.valid.y))
    shown, remarks = [_accuracies(found, title)], [_three_best(found)]
    fig, (axes,) = plots.figure(1, 1 + (chosen is not None), f"{title}: {found.label}", width=6, height=4.6)
    plots.lam_search(axes[0], outcome.hypers.lam, scores, chosen)
    if overlay:
        published.overlay(axes[0])
    if chosen is not None:
        shown.append(_differences(chosen, found.label))
        remarks += words(chosen)
        plots.lam_differences(axes[1], chosen)
    figures = {"search": fig, "curves": cycles.curves(found, title)}
    return Report(shown, remarks, figures, {"choice": _as_json(chosen) if chosen is not None else None})


def _accuracies(found: reproduce.Found, title: str) -> tables.Table:
    header = ["λ", "train %", "validation %", "95 % interval", "validation cost", "diverged"]
    rows = []
    for setting in found.settings:
        train_accuracy, accuracy, cost = (
            setting.estimates[key] for key in ("train_accuracy", "valid_accuracy", "valid_cost")
        )
        accuracies = [tables.percent(train_accuracy), tables.percent(accuracy), tables.percent_interval(accuracy)]
        rows.append([f"{setting.lam:.3g}", *accuracies, tables.number(cost), str(setting.diverged)])
    caption = f"{title} for λ on {found.label}: accuracy, mean ± sd over seeds, and the 95 % interval of the mean"
    return tables.Table(caption, header, rows)


def _three_best(found: reproduce.Found) -> str:
    best = [
        f"λ = {found.settings[i].lam:.3g} ({tables.percent(found.settings[i].estimates['valid_accuracy'])} %)"
        for i in report.ranking(found.settings, "valid_accuracy")[:3]
    ]
    return f"The three best on validation: {', '.join(best) or 'none, as every run diverged'}."


def _differences(chosen: choice.Choice, label: str) -> tables.Table:
    rows = []
    for i in np.argsort(chosen.lams, kind="stable"):
        difference, p = chosen.differences[i], chosen.p[i]
        interval = tables.points_interval(difference.low, difference.high)
        numbers = [tables.points(difference.mean), interval, "–" if np.isnan(p) else f"{p:.3f}"]
        if i == chosen.best:
            numbers, verdict = ["–", "–", "–"], "chosen"
        else:
            verdict = "no" if i in chosen.tied else "yes"
        name = f"{chosen.lams[i]:.3g}" + (" (one-SE rule)" if i == chosen.one_se != chosen.best else "")
        rows.append([name, *numbers, verdict])
    caption = (
        f"Every λ minus the best, validation accuracy on {label}: points, paired by seed; intervals that hold together "
        "at 95 %; p of sign flips, of each λ alone"
    )
    return tables.Table(caption, ["λ", "points", "interval", "p", "told apart"], rows)


def words(chosen: choice.Choice) -> list[str]:
    """The choice in sentences, all from its numbers."""
    seeds, lam = reproduce.count(chosen.n_seeds, "seed"), chosen.lams[chosen.best]
    sentences = [f"{_set_in_words(chosen)} with {seeds}; chosen: {lam:.3g}."]
    sparse = chosen.lams[chosen.one_se]
    sentences.append(
        f"The one-standard-error rule chooses λ = {sparse:.3g}: the largest whose mean is within a standard error of "
        "the best's over seeds."
    )
    if np.isfinite(chosen.optimism):
        sentences.append(
            f"For having won, the best mean is expected to be {100 * chosen.optimism:.2f} points too high (half of the "
            "seeds choose, the other half score)."
        )
    sentences.append(
        f"The validation set's own standard error is {100 * chosen.standard_error:.2f} points: shared by all λ, so "
        "that differences suffer less from it than scores."
    )
    if chosen.n_seeds < stats.FEWEST_PAIRS:
        sentences.append(
            f"WARNING: with {seeds} no sign-flip test can reach p < .05; --n_seeds={stats.FEWEST_PAIRS} can."
        )
    if chosen.edge:
        beyond = "smaller" if chosen.edge == "lowest" else "larger"
        sentences.append(f"WARNING: the best λ is the {chosen.edge} of the search; a {beyond} one may be better still.")
    return sentences


def _set_in_words(chosen: choice.Choice) -> str:
    tied = list(chosen.tied)
    order = [int(i) for i in np.argsort(chosen.lams, kind="stable")]
    first = order.index(tied[0])
    lams = [f"{chosen.lams[i]:.3g}" for i in tied]
    if len(order) == 1:
        return f"λ = {lams[0]} is the only one tried"
    if len(tied) == 1:
        return f"Every other λ is told apart from {lams[0]}"
    if order[first : first + len(tied)] == tied:
        return f"λ from {lams[0]} to {lams[-1]} cannot be told apart"
    return f"λ = {', '.join(lams[:-1])} and {lams[-1]} cannot be told apart"


def _as_json(chosen: choice.Choice) -> dict:
    return {
        "lam": chosen.lams[chosen.best],
        "one_se_lam": chosen.lams[chosen.one_se],
        "indistinguishable": chosen.lams[list(chosen.tied)],
        "n_seeds": chosen.n_seeds,
        "differences": [
            {"lam": lam, "mean": difference.mean, "sd": difference.sd}
            | {"simultaneous_ci95": [difference.low, difference.high], "p": p}
            for lam, difference, p in zip(chosen.lams, chosen.differences, chosen.p, strict=True)
        ],
        "edge": chosen.edge,
        "valid_standard_error": chosen.standard_error,
        "expected_optimism": chosen.optimism,
        "words": words(chosen),
    }
