"""From the benchmark's seconds to what they mean: GFLOP/s, shares of the peak, ratios, targets. Round by round."""

from collections.abc import Mapping, Sequence

import numpy as np

import stopwatch
import workloads

EVALUATED = 125  # images a run-step of the coarse search: 9 evaluations of 50,000 in 3,600 updates
EXERCISE3_EVALUATED = 230  # 11 evaluations of 20,000 in 1,000 updates, and 10,000 test images
SEARCH = (3, 8)  # its seeds and λ


def compared(times: Mapping, sizes: Sequence[int], n_batch: int) -> dict:
    """Limits, sweeps and peers, from the seconds per operation, byte, run-step and image of `benchmark.compare`.

    An evaluation counts as work: with it, a run-step is one update and the forward pass of EVALUATED images.
    """
    limits, updates, evaluations = times["limits"], times["updates"], times["evaluations"]
    step, image = workloads.step_flops(sizes, n_batch), workloads.image_flops(sizes)
    # The best that anything does with a large product, in the same round.
    peak = 1 / np.minimum(limits["NumPy product"].wall, limits["XLA product"].wall)
    bandwidth = np.median(1 / limits["memory"].wall)
    n_bytes = workloads.step_bytes(sizes, n_batch, SEARCH[1])
    floor = {
        "step_flops": step,
        "image_flops": image,
        "step_bytes": n_bytes,
        "arithmetic_seconds": step / np.median(peak),
        "memory_seconds": n_bytes / bandwidth,
    }

    def speed(seconds, flops):
        return {
            "seconds": stopwatch.spread(seconds),
            "flops_per_second": stopwatch.spread(flops / seconds),
            "share_of_peak": stopwatch.spread(flops / seconds / peak),
        }

    def sweep(shape):
        update, evaluation = updates[shape].wall, evaluations[shape].wall
        both = update + EVALUATED * evaluation
        return {
            "n_seeds": shape[0],
            "n_settings": shape[1],
            "update": {**speed(update, step), "cores_busy": updates[shape].summary()["cores_busy"]},
            "evaluation": speed(evaluation, image),  # of an image
            "with_evaluation": speed(both, step + EVALUATED * image),
            "evaluation_share": stopwatch.spread(EVALUATED * evaluation / both),
        }

    ours, our_evaluation = updates[SEARCH].wall, evaluations[SEARCH].wall

    def peer(name):
        update = times["peer_updates"][name]
        found = {**update.summary(), "ratio": stopwatch.spread(update.wall / ours)}
        found["ratio_of_least"] = update.wall.min() / ours.min()  # less at the mercy of others on the machine
        if name in times["peer_evaluations"]:
            both = update.wall + EVALUATED * times["peer_evaluations"][name].wall
            found["with_evaluation"] = stopwatch.spread(both)
            found["ratio_with_evaluation"] = stopwatch.spread(both / (ours + EVALUATED * our_evaluation))
        return found

    exercise = EXERCISE3_EVALUATED * evaluations[5, 1].wall
    return {
        "limits": {
            name: {**stopwatch.spread(1 / clocked.wall), "cores_busy": clocked.summary()["cores_busy"]}
            for name, clocked in limits.items()
        },
        "peak_flops_per_second": stopwatch.spread(peak),
        "floor": floor,
        "sweeps": [sweep(shape) for shape in updates],
        "peers": {name: peer(name) for name in times["peer_updates"]},
        "exercise3_evaluation": {
            "share": stopwatch.spread(exercise / (updates[5, 1].wall + exercise)),
            "share_of_operations": EXERCISE3_EVALUATED * image / (step + EXERCISE3_EVALUATED * image),
        },
    }


def quiet(found: Mapping) -> bool:
    """Whether a large product had the CPU's cores for itself. A GPU is taken to be nobody else's."""
    machine, busy = found["machine"], found["limits"]["XLA product"]["cores_busy"]
    return machine["platform"] != "cpu" or busy >= 0.9 * min(machine["devices"], machine["cores"])


def targets(found: Mapping) -> list[dict]:
    """What was to be reached on two cores, and what was: medians. Whether it is met, only a quiet machine can say."""
    (search,) = [s for s in found["sweeps"] if (s["n_seeds"], s["n_settings"]) == SEARCH]
    lams, whole, peers = found["growth"]["lams"], found["processes"], found["peers"]

    def seconds(point):
        return point["seconds"]["median"]

    def ratio(name, key):
        return peers.get(name, {}).get(key, {}).get("median")

    rows = [
        ("share of the peak, evaluation included", search["with_evaluation"]["share_of_peak"]["median"], ">=", 0.75),
        ("share of the peak, updates alone", search["update"]["share_of_peak"]["median"], ">=", 0.75),
    ]
    for name, least in (("torch", 2.5), ("NumPy float32", 3.5), ("NumPy float64", 6.0)):
        rows.append((f"times as fast as {name}, updates alone", ratio(name, "ratio"), ">=", least))
        rows.append((f"times as fast as {name}, at best", peers.get(name, {}).get("ratio_of_least"), ">=", least))
        rows.append((f"times as fast as {name}, both evaluate", ratio(name, "ratio_with_evaluation"), ">=", least))
    rows += [
        ("run-step with most λ, of one with 8", seconds(lams[-1]) / seconds(lams[min(3, len(lams) - 1)]), "<=", 1.0),
        ("evaluation's share of exercise 3", found["exercise3_evaluation"]["share"]["median"], "<=", 0.15),
    ]
    if found["growth"]["memory"]:
        rows.append(("GiB of the largest sweep", found["growth"]["memory"][-1]["bytes"] / 2**30, "<=", 8.0))
    for name, most in (("exercise 3, two updates", 4.0), ("exercise 3", 8.0)):
        if name in whole:
            rows.append((f"seconds of {name}, warm", whole[name]["warm"]["median"], "<=", most))
    known = quiet(found)

    def met(reached, sign, target):
        return bool(reached >= target if sign == ">=" else reached <= target) if known and reached is not None else None

    return [
        {"what": what, "reached": reached, "target": f"{sign} {target:g}", "met": met(reached, sign, target)}
        for what, reached, sign, target in rows
    ]
