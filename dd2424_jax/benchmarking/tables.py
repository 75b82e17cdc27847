"""The benchmark's record as tables and a figure."""

from collections.abc import Mapping

from dd2424_jax.benchmarking import analysis
from dd2424_jax.benchmarking import plots as own_plots
from dd2424_jax.reporting import plots
from dd2424_jax.reporting.report import Report
from dd2424_jax.reporting.tables import Table

US = 1e6  # microseconds in a second
UPDATES = 3600  # of a run of the coarse search
MANY = 100_000  # runs


def number(measured: Mapping | None, scale: float = 1.0, digits: int = 0) -> str:
    """Median, and the quartiles in brackets."""
    if measured is None:
        return "–"
    low, high = (f"{scale * value:.{digits}f}" for value in measured["quartiles"])
    return f"{scale * measured['median']:.{digits}f} ({low}–{high})"


def limits_table(record: Mapping) -> Table:
    peak = record["peak_flops_per_second"]["median"]
    rows = [
        [name, f"{number(limit, 1e-9)} {'GB/s' if name == 'memory' else 'GFLOP/s'}"]
        + ["–" if name == "memory" else f"{100 * limit['median'] / peak:.0f} %", f"{limit['cores_busy']:.1f}"]
        for name, limit in record["limits"].items()
    ]
    caption = f"What {_machine(record)} can do: median (quartiles) of {record['rounds']} rounds"
    return Table("limits", caption, ["limit", "speed", "of the peak", "cores busy"], rows)


def sweeps_table(record: Mapping) -> Table:
    rows = []
    for sweep in record["sweeps"]:
        if sweep["precision"] != "float32":
            continue
        update, both = sweep["update"], sweep["with_evaluation"]
        rows.append(
            [_shape(sweep), number(update["seconds"], US), number(update["flops_per_second"], 1e-9)]
            + [number(update["share_of_peak"], 100), number(sweep.get("share_of_products"), 100)]
            + [number(both["seconds"], US), number(both["share_of_peak"], 100)]
            + [number(sweep["evaluation_share"], 100), f"{update['cores_busy']:.1f}"]
        )
    floor = record["floor"]
    caption = (
        f"An update of one run in sweeps of several shapes on {_machine(record)}: at least "
        f"{US * floor['arithmetic_seconds']:.0f} µs of arithmetic ({floor['step_flops'] / 1e6:.1f} MFLOP) or "
        f"{US * floor['memory_seconds']:.0f} µs of memory"
    )
    header = ["λ × seeds", "µs", "GFLOP/s", "% of peak", "% of its products"]
    header += ["µs, evaluated", "% of peak", "% evaluating", "cores busy"]
    return Table("sweeps", caption, header, rows)


def precisions_table(record: Mapping) -> Table:
    rows = []
    for sweep in analysis.other_precisions(record):
        update, both = sweep["update"], sweep["with_evaluation"]
        rows.append(
            [sweep["precision"], _shape(sweep), number(update["seconds"], US), number(sweep["ratio"], 1, 2)]
            + [number(update["share_of_peak"], 100), number(both["seconds"], US)]
            + [number(sweep["ratio_with_evaluation"], 1, 2)]
        )
    caption = f"The same in other precisions, and how many times as fast that is as float32, on {_machine(record)}"
    header = ["precision", "λ × seeds", "µs", "times as fast", "% of its peak", "µs, evaluated", "times as fast"]
    return Table("precisions", caption, header, rows)


def parts_table(record: Mapping) -> Table:
    rows = [
        [own["part"], _shape(own), number(own["seconds"], US), number(own["added"], 100)] for own in record["parts"]
    ]
    caption = f"An update of one run with a part of training that is optional, and what it adds, on {_machine(record)}"
    return Table("parts", caption, ["part", "λ × seeds", "µs", "% added"], rows)


def baselines_table(record: Mapping) -> Table:
    """The one table to read, if only one: its caption says what the machine could do."""
    search, peak = analysis.of_search(record), record["peak_flops_per_second"]["median"]
    update, both = search["update"], search["with_evaluation"]
    rows = [["this project", number(update["seconds"], US), "1", "1", number(both["seconds"], US), "1"]]
    rows[0].append(f"{update['cores_busy']:.1f}")
    rows += [
        [name, number(baseline, US), number(baseline["ratio"], 1, 1), f"{baseline['ratio_of_least']:.1f}"]
        + [number(baseline.get("with_evaluation"), US)]
        + [number(baseline.get("ratio_with_evaluation"), 1, 1), f"{baseline['cores_busy']:.1f}"]
        for name, baseline in record["baselines"].items()
    ]
    lams, seeds = analysis.SEARCH
    caption = (
        f"An update of one run in the coarse search ({lams} λ × {seeds} seeds) on {_machine(record)}, median "
        f"(quartiles) of {record['rounds']} rounds: {100 * update['share_of_peak']['median']:.0f} % of the machine's "
        f"{1e-9 * peak:.0f} GFLOP/s, {100 * both['share_of_peak']['median']:.0f} % with its share of the evaluations"
    )
    header = ["", "µs", "times as long", "at best", "µs, evaluated", "times as long", "cores busy"]
    return Table("baselines", caption, header, rows)


def plan_table(record: Mapping) -> Table:
    """What many runs of the coarse search come to."""
    run = UPDATES * analysis.of_search(record)["with_evaluation"]["seconds"]["median"]
    weights = 4 * record["floor"]["image_flops"] / 2
    memory = record["growth"]["memory"]
    rows = [
        ["one run, evaluations included", f"{run:.2g} s"],
        ["runs per hour", f"{3600 / run:,.0f}"],
        [f"{MANY:,} runs on one such machine", f"{MANY * run / 3600:,.1f} hours"],
        [f"{MANY:,} runs on 100 of them", f"{MANY * run / 36:,.0f} seconds"],
        [f"final weights of {MANY:,} runs, on disk", f"{MANY * weights / 1e9:,.0f} GB"],
    ]
    if len(memory) > 1:
        more = (memory[-1]["bytes"] - memory[0]["bytes"]) / (memory[-1]["at"] - memory[0]["at"])
        rows.append(["memory of every further run at once", f"{more / 1e6:.1f} MB"])
    speed = f"{UPDATES:,} updates each, at the speed of 8 λ × 3 seeds"
    caption = f"Many runs of the coarse search ({speed}) on {_machine(record)}"
    return Table("plan", caption, ["", "to expect"], rows)


def processes_table(record: Mapping) -> Table:
    rows = [
        [name, f"{process['cold']:.1f}", number(process["warm"], 1, 1)] for name, process in record["processes"].items()
    ]
    caption = f"Seconds of whole processes on {_machine(record)}, with nothing compiled before and with a warm cache"
    return Table("processes", caption, ["process", "cold", "warm"], rows)


def targets_table(record: Mapping) -> Table:
    verdict = {True: "yes", False: "no", None: "unknown"}
    rows = [
        [row["what"], "–" if row["reached"] is None else f"{row['reached']:.2f}", row["target"], verdict[row["met"]]]
        for row in record["targets"]
    ]
    return Table("targets", "What was to be reached on two CPU cores, and was", ["", "reached", "target", "met"], rows)


def remarks(record: Mapping) -> list[str]:
    """How things are counted."""
    evaluation = record["exercise3_evaluation"]
    busy, cores = record["limits"]["XLA product"]["cores_busy"], record["machine"]["cores"]
    contention = (
        f"CPU CONTENTION: a large product had {busy:.1f} of {cores} cores. What waits for all of its threads suffers "
        "from that more than this project does, so that ratios to it are too high; those of the best times are fairer."
    )
    return ([] if analysis.uncontended(record) else [contention]) + [
        "The peak is the better of the large products, round by round, and so is every share and ratio. Times are of "
        f"one update of one run. Evaluated: with the forward pass of {analysis.EVALUATED:g} images, its part of the "
        "coarse search's nine evaluations; these count as work too.",
        f"Exercise 3 spends {100 * evaluation['share_of_operations']:.0f} % of its arithmetic on evaluations, by "
        f"formula, and {number(evaluation['share'], 100)} % of its time.",
        "Of its products: of what XLA reaches in products of a single setting's shapes, and in nothing else.",
        *_slower(record),
    ]


def _slower(record: Mapping) -> list[str]:
    """Where a precision is no faster than float32."""
    return [
        f"{sweep['precision']} is SLOWER than float32 on this machine: leave --precision as it is."
        for sweep in analysis.other_precisions(record)
        if (sweep["n_settings"], sweep["n_seeds"]) == analysis.SEARCH and sweep["precision"] != "highest"
        if sweep["ratio_with_evaluation"]["median"] < 1
    ]


def growth_figure(record: Mapping):
    """µs per update against each of what grows, and memory; log-log."""
    panels = {
        "lams": "λ at once, one seed",
        "n_batch": "examples of a batch, 8 λ",
        "hidden": "hidden units, 8 λ",
        "devices": "devices, 8 λ × 3 seeds",
    }
    fig, axes = plots.figure(3, 2, f"Cost of an update of one run: {_machine(record)}")
    for ax, (name, label) in zip(axes.flat, panels.items(), strict=False):
        points = record["growth"][name]
        floor = [US * point["floor"] for point in points]
        times = [[US * value for value in _quartiles(point["seconds"])] for point in points]
        own_plots.growth(ax, [point["at"] for point in points], times, floor, x=label, y="µs per update")
    memory = record["growth"]["memory"]
    if memory:
        sizes = [[point["bytes"] / 2**30] * 3 for point in memory]
        own_plots.growth(axes[2, 0], [point["at"] for point in memory], sizes, None, x=panels["lams"], y="memory, GiB")
    else:
        axes[2, 0].set_axis_off()
    bars = {"this project": US * analysis.of_search(record)["update"]["seconds"]["median"]}
    bars |= {name: US * baseline["median"] for name, baseline in record["baselines"].items()}
    own_plots.bars(axes[2, 1], bars, floor=US * record["floor"]["arithmetic_seconds"], x="µs per update")
    plots.legend(fig, axes[0, 0])
    return fig


def draw(record: Mapping) -> Report:
    made = [baselines_table(record), plan_table(record), sweeps_table(record)]
    made += [precisions_table(record), parts_table(record), limits_table(record)]
    made += [processes_table(record)] if record["processes"] else []
    return Report([*made, targets_table(record)], remarks(record), {"growth": growth_figure(record)})


def _shape(sweep: Mapping) -> str:
    return f"{sweep['n_settings']} × {sweep['n_seeds']}"


def _quartiles(seconds: Mapping) -> list[float]:
    return [seconds["quartiles"][0], seconds["median"], seconds["quartiles"][1]]


def _machine(record: Mapping) -> str:
    of = record["machine"]
    return f"{of['model']}, {of['cores']} cores" if of["platform"] == "cpu" else f"{of['devices']} × {of['model']}"
