"""Assignment 2, exercise 4: the fine search for λ, round what the coarse search found.

    python experiments/coarse_search.py
    python experiments/fine_search.py
    python experiments/fine_search.py --lam_min=0.001 --lam_max=0.01 --draw=grid
    python experiments/fine_search.py --preset=r3         # as one report, which has 50 to 51 %

As the coarse search, with six seeds, and ten λ drawn log-uniformly. Their range is by default the newest coarse
search's: from its grid's neighbour below the best λ to the one above what the one-standard-error rule chooses. Where
that search varied the learning rate too, its choice is taken. Expect 51.5 to 53 % on
validation, and λ that are indistinguishable. The test images are not looked at.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools
from types import SimpleNamespace

import absl.flags
import numpy as np

from dd2424_jax import data
from dd2424_jax.app import command_line, flags, kinds, pipeline, plan, presets, search_flags, session
from dd2424_jax.reporting import claims, findings, lam_search, published, r3
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.previous import Search
from dd2424_jax.runs.result import Result

flags.define_result_flags()
flags.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[], n_seeds=6, hidden=[50])
flags.define_cycle_flags(lr_min=1e-5, lr_max=0.1, n_s=900, n_cycles=2, n_evals=4)
search_flags.define_search_flags()
kinds.define_float("lam_min", 0.0, "least λ; above 0, or 0: from the coarse search")
kinds.define_float("lam_max", 0.0, "greatest λ; at least lam_min, or 0: from the coarse search")
absl.flags.DEFINE_integer("n_lam", 10, "how many λ; 1 to 1,000", lower_bound=1, upper_bound=1000)
absl.flags.DEFINE_enum("draw", "log_uniform", ["log_uniform", "grid"], "λ at random from lam_min to lam_max, or spaced")
absl.flags.DEFINE_integer("draw_seed", 0, "of the λ drawn at random; at least 0", lower_bound=0)
presets.define(r3={**presets.R3, "published": True, "lam_min": 0.006, "lam_max": 0.0135})
kinds.define_path("search", None, "the coarse search's run directory; by default the newest with the same flags")


OF_A_RANGE = ("lam_min", "lam_max", "n_lam", "draw", "draw_seed", "search")


def lam_range(search: Search) -> tuple[float, float]:
    """From the coarse grid's neighbour below the best λ to the one above the one-standard-error rule's.

    Where there is no neighbour, a step as wide as the next one leads beyond the grid.
    """
    lams = np.unique([lam for lam in search.values("lam") if lam > 0])
    best, one_se = search.choice["lam"], search.choice["one_se_lam"]
    if len(lams) < 2 or best == 0:
        raise command_line.UsageError(
            f"{search.path} gives no range (λ = {best:g}): give --lam_min and --lam_max, and --search={search.path}"
        )
    lams = np.array([lams[0] ** 2 / lams[1], *lams, lams[-1] ** 2 / lams[-2]])
    return float(lams[lams < best * (1 - 1e-9)][-1]), float(lams[lams > max(best, one_se) * (1 + 1e-9)][0])


def follow_coarse_search(options: SimpleNamespace, dataset: data.Dataset) -> list[str]:
    """Take the range of λ, where the flags leave it open, and what else the search has chosen: which of it."""
    search = plan.find_search("coarse_search", options, dataset, instead="give --lam_min and --lam_max")
    if not (options.lam_min and options.lam_max):
        low, high = lam_range(search)
        options.lam_min, options.lam_max = options.lam_min or low, options.lam_max or high
    pipeline.say(f"fine_search: λ from {options.lam_min:.3g} to {options.lam_max:.3g}, round the choice of {search}")
    options.search = search.name
    return plan.follow(options, search, search.choice["best"])


def draw_lams(options: SimpleNamespace) -> list[float]:
    """The λ to try: ascending, of three digits, so that a table shows all of each."""
    if options.lam_min > options.lam_max:
        raise command_line.UsageError(f"lam_min={options.lam_min:.3g} exceeds lam_max={options.lam_max:.3g}: give both")
    if options.draw == "grid":
        lams = np.geomspace(options.lam_min, options.lam_max, options.n_lam)
    else:
        low, high = np.log10([options.lam_min, options.lam_max])
        lams = 10 ** np.random.default_rng(options.draw_seed).uniform(low, high, options.n_lam)
    return sorted(float(f"{lam:.3g}") for lam in lams)


def draw(result: Result, drawn: str, **how) -> Report:
    """drawn: a remark on where the λ are from."""
    report = lam_search.draw(result, "Fine search", **how)
    report = report._replace(remarks=[*report.remarks, drawn] if drawn else report.remarks)
    quoted = published.WHO if r3.can_overlay(result.plan) else ""
    return findings.add(report, result, claims.FINE_SEARCH, quoted)


def main():
    options = command_line.options()
    here = session.start(options)
    dataset = plan.load(options)
    if options.lam and any(map(command_line.given, OF_A_RANGE)):
        raise command_line.UsageError(f"give --lam, or a range by --{', --'.join(OF_A_RANGE)}: not both")
    followed, drawn = (), ""
    if not options.lam:
        if options.search or not (options.lam_min and options.lam_max):
            followed = follow_coarse_search(options, dataset)
        options.lam = draw_lams(options)
        if options.draw == "log_uniform":
            drawn = f"These λ are one draw, --draw_seed={options.draw_seed}"
            drawn += "." if options.draw_seed else ", the first; no other was tried."
    how = {"overlay": options.published, "variances": options.variances, "margin": options.margin}
    report = functools.partial(draw, drawn=drawn, followed=followed, **how)
    pipeline.run(plan.cycles("fine_search", options, test=False, dataset=dataset), report, here)


if __name__ == "__main__":
    entry.start(main)
