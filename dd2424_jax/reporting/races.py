"""What a race did: how many seeds every setting got, at which look it left, and what that saved."""

import numpy as np

from dd2424_jax import race
from dd2424_jax.race import State
from dd2424_jax.reporting import labels, plots, tables
from dd2424_jax.runs.result import Result

REASONS = {
    "diverged": "every run diverged",
    "one left": "one setting was left",
    "equivalent": "all settings left are within the margin of the best",
    "last look": "it was the last",
}


def state_of(result: Result) -> State:
    """Where the race of a result's plan has ended."""
    return race.follow(result.plan.race, result.outcome.scores, result.outcome.trained)


def comparison(result: Result, state: State) -> dict:
    """What `choice.choose` compares after the last look: the settings left, at that look's share of alpha."""
    own, scores = result.plan.race, result.outcome.scores
    left = np.isin(np.arange(len(scores)), state.survivors)
    return {
        "scores": np.where(left[:, None], scores, np.nan),
        "variances": own.variances,
        "margin": own.margin,
        "alpha": float(race.shares(own)[state.look - 1]),
    }


def with_seeds(table: tables.Table, state: State) -> tables.Table:
    """The table of settings, with how many seeds each has had and the look at which it left."""
    table = tables.with_column(table, "seeds", [str(n) for n in state.n_seeds])
    return tables.with_column(table, "left at look", ["–" if look < 0 else str(look + 1) for look in state.left_at])


def remark(result: Result, state: State) -> str:
    """What was trained, against the full grid, and why it ended."""
    own, plan, n = result.plan.race, result.plan, int(state.n_seeds.sum())
    share = 100 * (1 - n / plan.n_runs)
    return (
        f"Race: {n} runs instead of the full grid's {plan.n_runs} ({share:.0f} % fewer). It ended at look {state.look} "
        f"of {len(own.looks)}, after {own.looks[state.look - 1]} seeds, as {REASONS[state.reason]}; settings left: "
        f"{len(state.survivors)} of {len(plan.hypers.lam)}."
    )


def as_json(result: Result, state: State) -> dict:
    """The race in summary.json."""
    return {
        "looks_decided": state.look,
        "reason": state.reason,
        "n_runs": int(state.n_seeds.sum()),
        "n_runs_of_full_grid": result.plan.n_runs,
        "settings": [
            setting.hypers.named() | {"n_seeds": int(n), "left_at_look": None if look < 0 else int(look) + 1}
            for setting, n, look in zip(result.settings, state.n_seeds, state.left_at, strict=True)
        ],
    }


def figure(result: Result, state: State, title: str):
    """The seeds of every setting as a bar, dark for those that did not leave; lines at the looks."""
    names, looks = labels.settings(result.plan), result.plan.race.looks
    n = len(names)
    fig, ((ax,),) = plots.figure(1, 1, title, height=0.9 + 0.22 * min(n, plots.MAX_NAMES))
    left = state.left_at >= 0
    for kept, colour, label in ((~left, plots.BLUE, "not excluded"), (left, plots.LIGHT, "left")):
        if kept.any():
            style = {"color": colour, "edgecolor": "black", "linewidth": 0.5, "label": label}
            ax.barh(np.flatnonzero(kept), state.n_seeds[kept], height=0.7, **style)
    for look in looks:
        ax.axvline(look, color=plots.GREY, linestyle=":", linewidth=1, zorder=0)
    ax.set(xlabel="seeds (dotted: looks)", ylim=(n - 0.5, -0.5), xlim=(0, looks[-1] * 1.02))
    ax.set_xticks([0, *looks])
    if n <= plots.MAX_NAMES:
        ax.set_yticks(range(n), [labels.in_math(name) for name in names])
    else:
        ax.set_ylabel("setting, in the order of the first table")
    plots.legend(fig, ax)
    return fig
