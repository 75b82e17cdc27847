"""The benchmark's record as tables and a figure."""

from collections.abc import Mapping

import accounts
from dd2424_jax import plots
from dd2424_jax.report import Report
from dd2424_jax.tables import Table

US = 1e6  # microseconds in a second
UPDATES = 3600  # of a run of the coarse search
MANY = 100_000  # runs


def number(found: Mapping | None, scale: float = 1.0, digits: int = 0) -> str:
    """Median, and the quartiles in brackets."""
    if found is None:
        return "–"
    low, high = (f"{scale * value:.{digits}f}" for value in found["quartiles"])
    return f"{scale * found['median']:.{digits}f} ({low}–{high})"


def limits_table(found: Mapping) -> Table:
    peak = found["peak_flops_per_second"]["median"]
    rows = [
        [name, f"{number(limit, 1e-9)} {'GB/s' if name == 'memory' else 'GFLOP/s'}"]
        + ["–" if name == "memory" else f"{100 * limit['median'] / peak:.0f} %", f"{limit['cores_busy']:.1f}"]
        for name, limit in found["limits"].items()
    ]
    caption = f"What {_machine(found)} can do: median (quartiles) of {found['rounds']} rounds"
    return Table(caption, ["limit", "speed", "of the peak", "cores busy"], rows)


def sweeps_table(found: Mapping) -> Table:
    rows = []
    for sweep in found["sweeps"]:
        update, both = sweep["update"], sweep["with_evaluation"]
        rows.append(
            [f"{sweep['n_seeds']} × {sweep['n_settings']}", number(update["seconds"], US)]
            + [number(update["flops_per_second"], 1e-9), number(update["share_of_peak"], 100)]
            + [number(both["seconds"], US), number(both["share_of_peak"], 100)]
            + [number(sweep["evaluation_share"], 100), f"{update['cores_busy']:.1f}"]
        )
    floor = found["floor"]
    caption = (
        f"A run-step of the coarse search on {_machine(found)}: at least {US * floor['arithmetic_seconds']:.0f} µs of "
        f"arithmetic ({floor['step_flops'] / 1e6:.1f} MFLOP) or {US * floor['memory_seconds']:.0f} µs of memory"
    )
    header = ["seeds × λ", "µs", "GFLOP/s", "% of peak", "µs, evaluated", "% of peak", "% evaluating", "cores busy"]
    return Table(caption, header, rows)


def peers_table(found: Mapping) -> Table:
    """The one table to read, if only one: its caption says what the machine could do."""
    search, peak = _search(found), found["peak_flops_per_second"]["median"]
    update, both = search["update"], search["with_evaluation"]
    rows = [["this project", number(update["seconds"], US), "1", "1", number(both["seconds"], US), "1"]]
    rows[0].append(f"{update['cores_busy']:.1f}")
    rows += [
        [name, number(peer, US), number(peer["ratio"], 1, 1), f"{peer['ratio_of_least']:.1f}"]
        + [number(peer.get("with_evaluation"), US)]
        + [number(peer.get("ratio_with_evaluation"), 1, 1), f"{peer['cores_busy']:.1f}"]
        for name, peer in found["peers"].items()
    ]
    seeds, lams = accounts.SEARCH
    caption = (
        f"An update of one run in the coarse search ({seeds} seeds × {lams} λ) on {_machine(found)}, median "
        f"(quartiles) of {found['rounds']} rounds: {100 * update['share_of_peak']['median']:.0f} % of the machine's "
        f"{1e-9 * peak:.0f} GFLOP/s, {100 * both['share_of_peak']['median']:.0f} % with its share of the evaluations"
    )
    return Table(caption, ["", "µs", "times as long", "at best", "µs, evaluated", "times as long", "cores busy"], rows)


def plan_table(found: Mapping) -> Table:
    """What many runs of the coarse search come to."""
    run = UPDATES * _search(found)["with_evaluation"]["seconds"]["median"]
    weights = 4 * found["floor"]["image_flops"] / 2
    taken = found["growth"]["memory"]
    rows = [
        ["one run, evaluations included", f"{run:.2g} s"],
        ["runs per hour", f"{3600 / run:,.0f}"],
        [f"{MANY:,} runs on one such machine", f"{MANY * run / 3600:,.1f} hours"],
        [f"{MANY:,} runs on 100 of them", f"{MANY * run / 36:,.0f} seconds"],
        [f"final weights of {MANY:,} runs, on disk and while they are merged", f"{MANY * weights / 1e9:,.0f} GB"],
    ]
    if len(taken) > 1:
        more = (taken[-1]["bytes"] - taken[0]["bytes"]) / (taken[-1]["at"] - taken[0]["at"])
        rows.append(["memory of every further run at once", f"{more / 1e6:.1f} MB"])
    caption = (
        f"Many runs of the coarse search ({UPDATES:,} updates each, at the speed of 3 seeds × 8 λ) on {_machine(found)}"
    )
    return Table(caption, ["", "to expect"], rows)


def processes_table(found: Mapping) -> Table:
    rows = [
        [name, f"{process['cold']:.1f}", number(process["warm"], 1, 1)] for name, process in found["processes"].items()
    ]
    caption = f"Seconds of whole processes on {_machine(found)}, with nothing compiled before and with a warm cache"
    return Table(caption, ["process", "cold", "warm"], rows)


def targets_table(found: Mapping) -> Table:
    verdict = {True: "yes", False: "no", None: "unknown"}
    rows = [
        [row["what"], "–" if row["reached"] is None else f"{row['reached']:.2f}", row["target"], verdict[row["met"]]]
        for row in found["targets"]
    ]
    return Table("What was to be reached on two CPU cores, and was", ["", "reached", "target", "met"], rows)


def remarks(found: Mapping) -> list[str]:
    """How things are counted."""
    evaluation = found["exercise3_evaluation"]
    busy, cores = found["limits"]["XLA product"]["cores_busy"], found["machine"]["cores"]
    shared = (
        f"OTHERS WERE USING THE MACHINE: a large product had {busy:.1f} of {cores} cores. What waits for all of its "
        "threads suffers from that more than this project does, so that ratios to it are too high; those of the best "
        "times are fairer."
    )
    return ([] if accounts.quiet(found) else [shared]) + [
        "The peak is the better of the large products, round by round, and so is every share and ratio. A run-step is "
        "one update of one run. Evaluated: with the forward pass of "
        f"{accounts.EVALUATED} images, its part of the coarse search's nine evaluations; these count as work too.",
        f"Exercise 3 spends {100 * evaluation['share_of_operations']:.0f} % of its arithmetic on evaluations, by "
        f"formula, and {number(evaluation['share'], 100)} % of its time.",
    ]


def growth_figure(found: Mapping):
    """µs per run-step against each of what grows, and memory; log-log."""
    panels = {
        "lams": "λ at once, one seed",
        "n_batch": "examples of a batch, 8 λ",
        "hidden": "hidden units, 8 λ",
        "devices": "devices, 3 seeds × 8 λ",
    }
    fig, axes = plots.figure(2, 3, f"Cost of a run-step: {_machine(found)}")
    for ax, (name, label) in zip(axes.flat, panels.items(), strict=False):
        points = found["growth"][name]
        floor = [US * point["floor"] for point in points]
        times = [[US * value for value in _three(point["seconds"])] for point in points]
        plots.growth(ax, [point["at"] for point in points], times, floor, x=label, y="µs per run-step")
    taken = found["growth"]["memory"]
    if taken:
        sizes = [[point["bytes"] / 2**30] * 3 for point in taken]
        plots.growth(axes[1, 1], [point["at"] for point in taken], sizes, None, x=panels["lams"], y="memory, GiB")
    else:
        axes[1, 1].set_axis_off()
    bars = {"this project": US * _search(found)["update"]["seconds"]["median"]}
    bars |= {name: US * peer["median"] for name, peer in found["peers"].items()}
    plots.bars(axes[1, 2], bars, floor=US * found["floor"]["arithmetic_seconds"], x="µs per run-step")
    return fig


def draw(found: Mapping) -> Report:
    made = [peers_table(found), plan_table(found), sweeps_table(found), limits_table(found)]
    made += [processes_table(found)] if found["processes"] else []
    return Report([*made, targets_table(found)], remarks(found), {"growth": growth_figure(found)})


def _three(seconds: Mapping) -> list[float]:
    return [seconds["quartiles"][0], seconds["median"], seconds["quartiles"][1]]


def _machine(found: Mapping) -> str:
    of = found["machine"]
    return f"{of['model']}, {of['cores']} cores" if of["platform"] == "cpu" else f"{of['devices']} × {of['model']}"


def _search(found: Mapping) -> Mapping:
    """The coarse search's own shape."""
    return next(s for s in found["sweeps"] if (s["n_seeds"], s["n_settings"]) == accounts.SEARCH)
