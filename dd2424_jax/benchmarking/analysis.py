"""From the benchmark's seconds to what they mean: GFLOP/s, shares of the peak, ratios, targets. Round by round."""

from collections.abc import Mapping, Sequence

import numpy as np

from dd2424_jax.benchmarking import timing, workloads

SEARCH = (8, 3)  # settings and seeds of the coarse search
EVALUATED = 9 * 50_000 / 3600  # images an update of the coarse search: its evaluations over its updates
EXERCISE3 = (1, 5)
PRECISE, NARROW = "XLA product, ", ", one setting"  # limits: of a precision; of the shapes of a single setting
EXERCISE3_EVALUATED = (11 * 20_000 + 10_000) / 1000  # the same of exercise 3, and its test images


def compared(times: Mapping, sizes: Sequence[int], n_batch: int) -> dict:
    """Limits, sweeps and baselines, from the seconds per operation, byte, update and image of `measurements.compare`.

    An evaluation counts as work: with it, an update is one update of one run and the forward pass of EVALUATED images.
    """
    limits, updates, evaluations = times["limits"], times["updates"], times["evaluations"]
    step, image = workloads.step_flops(sizes, n_batch), workloads.image_flops(sizes)
    # The best that anything does with a large product, in the same round.
    peak = 1 / np.minimum(limits["NumPy product"].wall, limits["XLA product"].wall)
    peaks = {"float32": peak} | {
        name.removeprefix(PRECISE): 1 / limit.wall for name, limit in limits.items() if name.startswith(PRECISE)
    }
    # What the products of one setting's update take at the least, of which it has as many forward as backward.
    narrow = 2 / (limits[f"forward{NARROW}"].wall + limits[f"backward{NARROW}"].wall)
    bandwidth = np.median(1 / limits["memory"].wall)
    n_bytes = workloads.step_bytes(sizes, n_batch, SEARCH[0])
    floor = {
        "step_flops": step,
        "image_flops": image,
        "step_bytes": n_bytes,
        "arithmetic_seconds": step / np.median(peak),
        "memory_seconds": n_bytes / bandwidth,
    }

    def seconds(case):
        update, evaluation = updates[case].wall, evaluations[case].wall
        return update, evaluation, update + EVALUATED * evaluation

    def speed(seconds, flops, precision):
        return {
            "seconds": timing.spread(seconds),
            "flops_per_second": timing.spread(flops / seconds),
            "share_of_peak": timing.spread(flops / seconds / peaks[precision]),
        }

    def sweep(case):
        shape, precision = case
        update, evaluation, both = seconds(case)
        plain_update, _, plain_both = seconds((shape, "float32"))
        narrowest = {"share_of_products": timing.spread(step / update / narrow)} if shape[0] == 1 else {}
        return {
            "n_settings": shape[0],
            "n_seeds": shape[1],
            "precision": precision,
            "update": {**speed(update, step, precision), "cores_busy": updates[case].summary()["cores_busy"]},
            "evaluation": speed(evaluation, image, precision),  # of an image
            "with_evaluation": speed(both, step + EVALUATED * image, precision),
            "evaluation_share": timing.spread(EVALUATED * evaluation / both),
            **narrowest,
            "ratio": timing.spread(plain_update / update),  # times as fast as float32
            "ratio_with_evaluation": timing.spread(plain_both / both),
        }

    ours, _, ours_evaluated = seconds((SEARCH, "float32"))

    def baseline(name):
        update = times["baseline_updates"][name]
        measured = {**update.summary(), "ratio": timing.spread(update.wall / ours)}
        measured["ratio_of_least"] = update.wall.min() / ours.min()  # suffers less from contention
        if name in times["baseline_evaluations"]:
            both = update.wall + EVALUATED * times["baseline_evaluations"][name].wall
            measured["with_evaluation"] = timing.spread(both)
            measured["ratio_with_evaluation"] = timing.spread(both / ours_evaluated)
        return measured

    exercise3 = (EXERCISE3, "float32")
    exercise = EXERCISE3_EVALUATED * evaluations[exercise3].wall
    return {
        "limits": {
            name: {**timing.spread(1 / clocked.wall), "cores_busy": clocked.summary()["cores_busy"]}
            for name, clocked in limits.items()
        },
        "peak_flops_per_second": timing.spread(peak),
        "floor": floor,
        "sweeps": [sweep(case) for case in updates],
        "baselines": {name: baseline(name) for name in times["baseline_updates"]},
        "exercise3_evaluation": {
            "share": timing.spread(exercise / (updates[exercise3].wall + exercise)),
            "share_of_operations": EXERCISE3_EVALUATED * image / (step + EXERCISE3_EVALUATED * image),
        },
    }


def uncontended(record: Mapping) -> bool:
    """Whether a large product had the CPU's cores for itself. A GPU is taken to be nobody else's."""
    machine, busy = record["machine"], record["limits"]["XLA product"]["cores_busy"]
    return machine["platform"] != "cpu" or busy >= 0.9 * min(machine["devices"], machine["cores"])


def targets(record: Mapping) -> list[dict]:
    """What was to be reached on two cores, and what was: medians. Whether it is met, CPU contention leaves open."""
    search = of_search(record)
    lams, whole, baselines = record["growth"]["lams"], record["processes"], record["baselines"]

    def seconds(point):
        return point["seconds"]["median"]

    def ratio(name, key):
        return baselines.get(name, {}).get(key, {}).get("median")

    rows = [
        ("share of the peak, evaluation included", search["with_evaluation"]["share_of_peak"]["median"], ">=", 0.75),
        ("share of the peak, updates alone", search["update"]["share_of_peak"]["median"], ">=", 0.75),
    ]
    for name, least in (("torch", 2.5), ("NumPy float32", 3.5), ("NumPy float64", 6.0)):
        rows.append((f"times as fast as {name}, updates alone", ratio(name, "ratio"), ">=", least))
        rows.append((f"times as fast as {name}, at best", baselines.get(name, {}).get("ratio_of_least"), ">=", least))
        rows.append((f"times as fast as {name}, both evaluate", ratio(name, "ratio_with_evaluation"), ">=", least))
    rows += [
        (
            "update of one run with most λ, of one with 8",
            seconds(lams[-1]) / seconds(lams[min(3, len(lams) - 1)]),
            "<=",
            1,
        ),
        (
            "exercise 3: share of XLA's products of its shapes",
            of_shape(record, EXERCISE3)["share_of_products"]["median"],
            ">=",
            0.6,
        ),
    ]
    for sweep in other_precisions(record):
        if sweep["precision"] == "bfloat16":
            what = f"{sweep['n_settings']} × {sweep['n_seeds']}, bfloat16: times as fast as float32"
            rows += [(f"{what}, updates alone", sweep["ratio"]["median"], ">=", 1.5)]
    if record["growth"]["memory"]:
        rows.append(("GiB of the largest sweep", record["growth"]["memory"][-1]["bytes"] / 2**30, "<=", 8.0))
    for name, most in (("exercise3.py --help", 0.4), ("exercise 3, two updates", 4.0), ("exercise 3", 5.0)):
        if name in whole:
            rows.append((f"seconds of {name}, warm", whole[name]["warm"]["median"], "<=", most))
    known = uncontended(record)

    def met(reached, sign, target):
        return bool(reached >= target if sign == ">=" else reached <= target) if known and reached is not None else None

    return [
        {"what": what, "reached": reached, "target": f"{sign} {target:g}", "met": met(reached, sign, target)}
        for what, reached, sign, target in rows
    ]


def of_shape(record: Mapping, shape: tuple[int, int], precision: str = "float32") -> Mapping:
    """The sweep of so many settings and seeds."""
    wanted = (*shape, precision)
    return next(own for own in record["sweeps"] if (own["n_settings"], own["n_seeds"], own["precision"]) == wanted)


def of_search(record: Mapping) -> Mapping:
    """The coarse search's own shape."""
    return of_shape(record, SEARCH)


def other_precisions(record: Mapping) -> list[Mapping]:
    """The sweeps that are not in float32."""
    return [sweep for sweep in record["sweeps"] if sweep["precision"] != "float32"]
