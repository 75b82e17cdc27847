"""What a race promises, checked by simulation and on 20 real seeds: `python -m tests.simulations.race`.

Writes tests/simulations/race.json and prints it as Markdown tables, in about two minutes on one core. Scenarios are
those of tests/simulations/choice.py. The real scores, real_scores.json, are validation accuracies [8 λ, 20 seeds] of
`experiments/coarse_search.py --n_seeds=20`, raced in their order and in 200 orders drawn at random.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np

from dd2424_jax import choice, comparisons, race
from tests.simulations.choice import BATCH, FAR, K, Scenario

RECORD = Path(__file__).with_suffix(".json")
REAL = RECORD.with_name("real_scores.json")
LOOKS = race.Race().looks
N_ORDERS = 200


def scenarios() -> list[Scenario]:
    where = [(p, step) for p in (1, 2, 4, 6) for step in (1.0, FAR)] + [(K, 0.0)]
    every = [Scenario("equal variances", *one, LOOKS[-1]) for one in where]
    for (p, step), factor in itertools.product([(2, FAR), (K, 0.0)], (0.25, 2.0, 4.0)):
        every.append(Scenario("unequal, on the plateau", p, step, LOOKS[-1], wide=(0,), factor=factor))
        if p < K:
            every.append(Scenario("unequal, off the plateau", p, step, LOOKS[-1], wide=(K - 2, K - 1), factor=factor))
    return every + [Scenario("diverged runs", *one, LOOKS[-1], diverged=0.03) for one in ((2, FAR), (K, 0.0))]


def simulate(scenario: Scenario, rules: race.Race, n_races: int, rng: np.random.Generator) -> dict:
    """Best kept, regret and runs saved, over races that are followed by the same decisions as `race.follow`'s."""
    parts = [_races(scenario, rules, min(BATCH, n_races - i), rng) for i in range(0, n_races, BATCH)]
    truly, left, regret, full_regret, runs = (np.concatenate(part) for part in zip(*parts, strict=True))
    times = truly.sum(axis=0)
    often = times >= n_races / 20  # a λ that seldom is the best, as the others diverged, says nothing about 95 %
    numbers = {
        "best_kept": np.min((truly & left).sum(axis=0)[often] / times[often]),
        "regret": regret.mean(),
        "full_regret": full_regret.mean(),
        "saved": 1 - runs.mean() / (K * rules.looks[-1]),
    }
    return {name: round(float(number), 6) for name, number in numbers.items()}


def _races(scenario: Scenario, rules: race.Race, n_races: int, rng):
    """(truly best λ of those that did not leave for divergence, λ left, regrets: race, full grid, runs trained)."""
    scores, means = scenario.draw(n_races, rng), scenario.means()
    left, dropped = np.ones((n_races, K), bool), np.zeros((n_races, K), bool)
    runs, final = np.zeros(n_races), np.zeros((n_races, K))
    live, before = np.arange(n_races), 0
    for look, n in enumerate(rules.looks):
        seen, among = scores[live, :, :n], left[live]
        runs[live] += among.sum(axis=1) * (n - before)
        final[live] = comparisons.moments(seen)[1]
        eligible, _ = comparisons.eligible_and_best(seen, among)
        dropped[live] |= among & ~eligible
        left[live], equivalent = race.decide(seen, among, rules, look)
        live, before = live[~equivalent & (left[live].sum(axis=1) > 1)], n
        if not len(live):
            break
    truly = means == np.where(dropped, -np.inf, means).max(axis=1, keepdims=True)
    chosen = np.argmax(np.where(left, final, -np.inf), axis=1)
    _, full = comparisons.eligible_and_best(scores, np.ones((n_races, K), bool))
    return truly & ~dropped, left, -means[chosen], -means[full], runs


def replay(scores, rules: race.Race, order) -> dict:
    """The race over real scores [n_settings, n_seeds], its seeds in this order, by the loop of a trainer."""
    scores = np.asarray(scores)[:, order]
    trained = np.zeros(scores.shape, bool)
    state = race.follow(rules, scores, trained)
    while state.reason is None:
        trained |= state.to_train
        state = race.follow(rules, np.where(trained, scores, np.nan), trained)
    best = int(scores.mean(axis=1).argmax())
    full = choice.choose(np.arange(len(scores)), scores, 5000, variances=rules.variances)
    mean = np.where(trained, scores, 0).sum(axis=1) / trained.sum(axis=1)
    chosen = max(state.survivors, key=lambda i: mean[i])
    return {
        "saved": 1 - trained.mean(),
        "survivors": state.survivors,
        "left_at": state.left_at.tolist(),
        "reason": state.reason,
        "best_survives": best in state.survivors,
        "regret": float(scores.mean(axis=1).max() - scores[chosen].mean()),
        "indistinguishable": full.indistinguishable,
    }


def replays(scores, rules: race.Race, rng: np.random.Generator) -> dict:
    """The replay in the seeds' own order, and averages over N_ORDERS permutations of them."""
    n = np.shape(scores)[1]
    drawn = [replay(scores, rules, rng.permutation(n)) for _ in range(N_ORDERS)]
    averages = {
        "saved": np.mean([one["saved"] for one in drawn]),
        "best_survives": np.mean([one["best_survives"] for one in drawn]),
        "n_survivors": np.mean([len(one["survivors"]) for one in drawn]),
        "regret": np.mean([one["regret"] for one in drawn]),
        "equivalent": np.mean([one["reason"] == "equivalent" for one in drawn]),
    }
    return {"own_order": replay(scores, rules, np.arange(n)), **{k: round(float(v), 5) for k, v in averages.items()}}


def record(n_races: int, seed: int) -> dict:
    rng = np.random.default_rng(seed)
    real = json.loads(REAL.read_text())["valid_accuracy"]
    rows, real_rows = [], []
    for variances, margin in itertools.product(("separate", "equal"), (race.Race().margin, 0.0)):
        rules = race.Race(margin=margin, variances=variances)
        for scenario in scenarios():
            what = {
                "group": scenario.group,
                "plateau": scenario.plateau,
                "step": scenario.step,
                "factor": scenario.factor,
            }
            rows.append({"variances": variances, "margin": margin, **what, **simulate(scenario, rules, n_races, rng)})
        real_rows.append({"variances": variances, "margin": margin, **replays(real, rules, rng)})
    return {"n_races": n_races, "seed": seed, "real": real_rows, "scenarios": rows}


def markdown(numbers: dict) -> str:
    lines = ["| variances | margin | best kept %, worst | where | added regret, points, worst | where | saved % |"]
    lines.append("|---|---|---|---|---|---|---|")
    for variances, margin in dict.fromkeys((row["variances"], row["margin"]) for row in numbers["scenarios"]):
        rows = [row for row in numbers["scenarios"] if (row["variances"], row["margin"]) == (variances, margin)]
        kept = min(rows, key=lambda row: row["best_kept"])
        regret = max(rows, key=lambda row: row["regret"] - row["full_regret"])
        saved = [100 * row["saved"] for row in rows]
        cells = [f"{100 * kept['best_kept']:.1f}", _where(kept)]
        cells += [f"{100 * (regret['regret'] - regret['full_regret']):.3f}", _where(regret)]
        cells += [f"{min(saved):.0f}-{max(saved):.0f}, mean {np.mean(saved):.0f}"]
        lines.append(f"| {variances} | {100 * margin:g} | {' | '.join(cells)} |")
    lines += [
        "",
        "| 20 real seeds | margin | saved %: own order, mean | best survives % | survivors | regret |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for row in numbers["real"]:
        own = f"{100 * row['own_order']['saved']:.0f}, {100 * row['saved']:.0f}"
        rest = f"{100 * row['best_survives']:.1f} | {row['n_survivors']:.1f} | {100 * row['regret']:.3f}"
        lines.append(f"| {row['variances']} | {100 * row['margin']:g} | {own} | {rest} |")
    return "\n".join(lines)


def _where(row: dict) -> str:
    return f"{row['group']}: {row['plateau']} best, step {row['step']:g} sd, {row['factor']:g} sd"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=10_000, help="per scenario")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    numbers = record(arguments.races, arguments.seed)
    RECORD.write_text(json.dumps(numbers, separators=(",", ":")) + "\n")
    print(markdown(numbers))


if __name__ == "__main__":
    main()
