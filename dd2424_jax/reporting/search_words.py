"""What a search says in sentences, all from the numbers of its choice."""

import numpy as np

from dd2424_jax import choice, stats
from dd2424_jax.choice import Choice
from dd2424_jax.power import MAX_UNITS
from dd2424_jax.reporting import labels, tables
from dd2424_jax.runs.plan import Plan

MAX_LISTED = 4  # settings in a sentence; the table has them all
UNITS = {"seed": "seed", "fold": "held-out set"}


def sentences(chosen: Choice, plan: Plan, seconds: float) -> list[str]:
    """The choice, what it rests on, and what more seeds would show. `seconds`: of a run."""
    names, of_race = labels.settings(plan), " of those left" if plan.race else ""
    said = [
        f"{_set(chosen, plan)} with {_units(chosen, plan)}; chosen: {names[chosen.best]}.",
    ]
    if "lam" in labels.varying(plan):
        said.append(
            f"The one-standard-error rule chooses {names[chosen.one_se]}: the largest λ{of_race} whose mean is within "
            f"one standard error (over {UNITS[chosen.unit]}s) of the best mean."
        )
    if np.isfinite(chosen.selection_bias):
        said.append(
            f"Selection bias (winner's curse): the best mean is expected to be {100 * chosen.selection_bias:.2f} "
            f"points too high (half of the {UNITS[chosen.unit]}s choose, the other half score)."
        )
    if chosen.unit == "seed":
        said.append(
            f"The choice of validation images adds a standard error of {100 * chosen.standard_error:.2f} points to "
            "every accuracy; all settings share the images, so that it largely cancels in differences."
        )
    if len(plan.folds) > plan.n_disjoint:
        said.append(
            f"WARNING: only {plan.n_disjoint} held-out sets can be disjoint; {len(plan.folds)} overlap, which the "
            "intervals and tests do not allow for."
        )
    said += _variance_shares(chosen) + _compared_separately(chosen, names) + _power(chosen, plan, seconds)
    for name, symbol in labels.varying(plan).items():
        if edge := choice.edge(getattr(plan.hypers, name), chosen.best):
            beyond = "smaller" if edge == "lowest" else "larger"
            said.append(f"WARNING: the best {symbol} is the {edge} of the search; a {beyond} one may be better still.")
    return said


def _units(chosen: Choice, plan: Plan) -> str:
    seeds = labels.count(chosen.n_seeds, "seed")
    return seeds if chosen.unit == "seed" else f"{seeds} on {labels.count(len(plan.folds), 'held-out set')}"


def _set(chosen: Choice, plan: Plan) -> str:
    """Which settings are indistinguishable from the best."""
    names, symbols = labels.settings(plan), labels.varying(plan)
    same = list(chosen.indistinguishable)
    name, *others = symbols
    if len(names) == 1:
        return f"{names[0]} is the only setting tried"
    if len(same) == 1:
        n_worse = np.isfinite(chosen.p).sum()
        diverged = "" if n_worse == len(names) - 1 else "left, diverged or " if plan.race else "diverged or "
        return f"Every other setting {diverged}is significantly worse than {names[same[0]]}"
    ascending = [int(i) for i in np.argsort(getattr(plan.hypers, name), kind="stable")]
    first = ascending.index(same[0])
    if not others and ascending[first : first + len(same)] == same:
        low, high = (names[i].removeprefix(f"{symbols[name]} = ") for i in (same[0], same[-1]))
        return f"{symbols[name]} from {low} to {high} is indistinguishable from the best"
    listed = f" ({'; '.join(names[i] for i in same)})" if len(same) <= MAX_LISTED else ""
    return f"{len(same)} of {len(names)} settings are indistinguishable from the best{listed}"


def _variance_shares(chosen: Choice) -> list[str]:
    if chosen.variance_shares is None:
        return []
    of_fold, of_seed = chosen.variance_shares
    if not of_fold + of_seed > 0:
        return ["With one seed for each held-out set, the variance of the images and of the seeds can't be separated."]
    share = 100 * of_fold / (of_fold + of_seed)
    return [
        f"Of the variance of a difference between two settings, {share:.0f} % is of the images held out and "
        f"{100 - share:.0f} % of the seeds; the comparisons are between means over held-out sets and allow for both."
    ]


def assumption(chosen: Choice) -> str:
    """What a caption says where all settings have one variance, and the test of it."""
    if chosen.variances != "equal":
        return ""
    return f"; assumes equal variances (p of Bartlett's test: {tables.p_value(chosen.equal_variances_p)})"


def _compared_separately(chosen: Choice, names: list[str]) -> list[str]:
    apart = "; ".join(names[i] for i in chosen.compared_separately)
    return [f"Compared separately, as their variance may be larger (F test): {apart}."] if apart else []


def _power(chosen: Choice, plan: Plan, seconds: float) -> list[str]:
    """With which power the margin is seen, and how many seeds would see it."""
    power, unit = chosen.power, UNITS[chosen.unit]
    n = chosen.n_seeds if chosen.unit == "seed" else len(plan.folds)
    here, margin, said = labels.count(n, unit), f"{100 * power.margin:g} points", []
    if n < stats.MIN_UNITS and len(plan.hypers.lam) > 1:
        said = [f"WARNING: {here} can't show that any setting is worse: it takes {stats.MIN_UNITS}."]
    if not (power.sd > stats.ROUNDING and power.margin > 0):
        return said
    if power.power >= 0.8:
        return [f"With {here}, a setting that is {margin} worse is excluded with a power of {100 * power.power:.0f} %."]
    more = (
        0 if power.seeds_needed is None else (power.seeds_needed - n) * chosen.n_seeds / n * chosen.n_compared * seconds
    )
    most = MAX_UNITS if chosen.unit == "seed" else plan.n_disjoint
    needed = (
        f"more than {most:,} {unit}s."
        if power.seeds_needed is None or power.seeds_needed > most
        else f"{power.seeds_needed} {unit}s (about {_duration(more)} more at the speed of this search)."
    )
    if np.isnan(power.power):
        said.append(f"To exclude one that is {margin} worse with a power of 80 % would take {needed}")
    else:
        share = f"{100 * power.power:.0f} %; 80 % would take {needed}"
        said.append(f"With {here}, a setting that is {margin} worse is excluded with a power of {share}")
    return [" ".join(said)]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 2 * 3600 else f"{seconds / 3600:.0f} hours"
