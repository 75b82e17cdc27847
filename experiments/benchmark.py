"""How fast this project trains, beside the machine's limits and beside what people would use instead.

    python experiments/benchmark.py

Everything is measured round by round in one process, with medians and quartiles, and compared within a round. Besides
the run directory, the record goes to experiments/benchmarks/<device>.json. Expect four to eight minutes on two cores.
"""

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from absl import flags

import accounts
import benchmark_report
import common
import peers
import reproduce
import stopwatch
import workloads
from dd2424_jax import cifar10, data, files, report, results, train
from dd2424_jax.placement import Placement

FLAGS = flags.FLAGS
HERE = Path(__file__).parent

common.define_output_flags()
common.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
flags.DEFINE_integer("devices", 0, "how many devices to use, at most what there are; 0: all", lower_bound=0)
flags.DEFINE_enum(
    "precision", "default", ["default", "highest"], "of matrix products; by default some GPUs round to 10 bits"
)
flags.DEFINE_integer("rounds", 7, "rounds that are counted; at least 1", lower_bound=1)
flags.DEFINE_integer("n_steps", 50, "updates in one measurement; at least 4", lower_bound=4)
flags.DEFINE_integer("growth_to", 0, "the most λ at once; 0: 256 on a CPU, 4096 elsewhere", lower_bound=0)
flags.DEFINE_integer("growth_points", 0, "only the first so many points of what grows; 0: all", lower_bound=0)
flags.DEFINE_integer("side", 0, "of the large matrix product; 0: 2048 on a CPU, 8192 elsewhere", lower_bound=0)
flags.DEFINE_integer("process_rounds", 3, "rounds of whole processes; 0: none", lower_bound=0)
flags.DEFINE_string("record_dir", str(HERE / "benchmarks"), "where the record goes, by the device's name")

SIZES, N_BATCH, N_S = (cifar10.DIMENSIONS, 50, len(cifar10.CLASSES)), 100, 900  # of the coarse search
SHAPES = [(1, 1), (5, 1), (1, 8), accounts.SEARCH, (8, 8)]  # seeds, λ
PEER_LAMS = 8
PEER_IMAGES = 10_000
GROWTH_ROUNDS = 3
GROWN_LAMS = 8  # while n_batch or the hidden units grow
MEMORY = 2**25  # float32 to read and write: more than any cache holds


def machine(devices: Sequence[jax.Device]) -> dict:
    """What the numbers hold for."""
    kind, model, n = devices[0].platform, devices[0].device_kind, len(devices)
    if kind == "cpu":
        info = Path("/proc/cpuinfo")
        found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
        model, n = found[1] if found else platform.processor() or platform.machine(), os.cpu_count()
    slug = re.sub(r"[^a-z0-9]+", "-", f"{model} {n} {'cores' if kind == 'cpu' else 'devices'}".lower()).strip("-")
    return {"platform": kind, "model": model, "cores": os.cpu_count(), "devices": len(devices), "slug": slug}


def config(n_batch: int = N_BATCH, hidden: int = SIZES[1]) -> train.Config:
    return train.Config((SIZES[0], hidden, SIZES[-1]), n_batch, (1,), n_s=N_S)


def spread(shape: tuple[int, int], splits: data.Splits, devices, n_steps: int, **changes) -> workloads.Sweep:
    return workloads.Sweep(config(**changes), shape, splits, devices, n_steps)


def problem(splits: data.Splits) -> peers.Problem:
    """What the peers train: as many updates as this project, from its own weights."""
    train_split = data.Split(*(a[:PEER_IMAGES] for a in splits.train))
    n = len(train_split.y)
    X = data.standardize(jax.tree.map(np.float32, splits.scale), train_split.X)
    params = train.init_state(config(), train.Hypers(0.0, 0.1, 0.1), 0).params
    layers = [(np.array(W), np.array(b)) for W, b in params]
    batches = train.BatchStream([0], n, min(N_BATCH, n))(0, FLAGS.n_steps)[0]
    return peers.Problem(X, train_split.y, layers, batches, np.logspace(-5, -1, PEER_LAMS).astype(np.float32), 0.01)


def compare(host: data.Splits, splits: data.Splits, devices: Sequence[jax.Device], side: int) -> dict:
    """The machine's limits, this project and its peers, all in one race. Seconds [n_rounds], per unit of work.

    The images are given twice: as NumPy's, and on the devices.
    """
    d, hidden = SIZES[:2]
    units = hidden * max(1, accounts.SEARCH[1] // len(devices))
    sweeps = {shape: spread(shape, splits, devices, FLAGS.n_steps) for shape in SHAPES}
    given = problem(host)
    made = {name: make(given) for name, make in peers.installed().items()}
    # name: what to call, and how many units of work that is
    limits = {
        "NumPy product": (workloads.numpy_product(side), 2 * side**3),
        "XLA product": (workloads.product(devices, side), 2 * side**3 * len(devices)),
        "memory": (
            workloads.copy(devices, MEMORY),
            2 * workloads.FLOAT * MEMORY * workloads.COPIES * len(devices),
        ),
    }
    for name, call in workloads.step_products(devices, units, N_BATCH, d).items():
        limits[name] = (call, 2 * units * N_BATCH * d * workloads.PRODUCTS * len(devices))
    updates = {s: (sweep.train, sweep.n_steps * np.prod(s)) for s, sweep in sweeps.items()}
    evaluations = {s: (sweep.evaluate, sweep.n_images * np.prod(s)) for s, sweep in sweeps.items()}
    peer_updates = {name: (peer.train, FLAGS.n_steps * peer.n_runs) for name, peer in made.items()}
    peer_evaluations = {name: (peer.evaluate, len(given.y)) for name, peer in made.items() if peer.evaluate}
    groups = {
        "limits": limits,
        "updates": updates,
        "evaluations": evaluations,
        "peer_updates": peer_updates,
        "peer_evaluations": peer_evaluations,
    }
    cases = {(group, name): call for group, members in groups.items() for name, (call, _) in members.items()}
    times = stopwatch.race(cases, FLAGS.rounds)
    return {
        group: {name: times[group, name].per(n) for name, (_, n) in members.items()}
        for group, members in groups.items()
    }


def grow(cases: dict[int, workloads.Sweep], peak: float) -> list[dict]:
    """Seconds per run-step of sweeps that differ in one number, raced against each other; what arithmetic must take."""
    times = stopwatch.race({n: sweep.train for n, sweep in cases.items()}, min(GROWTH_ROUNDS, FLAGS.rounds))
    return [
        {
            "at": n,
            "seconds": times[n].per(sweep.n_steps * np.prod(sweep.shape)).summary(),
            "floor": workloads.step_flops(sweep.config.sizes, sweep.config.n_batch) / peak,
        }
        for n, sweep in cases.items()
    ]


def growth(splits: data.Splits, devices: Sequence[jax.Device], most: int, peak: float) -> dict:
    """Cost of a run-step against the number of λ, against n_batch, hidden units and devices."""

    def steps(work):  # fewer of the large ones
        return max(4, min(FLAGS.n_steps, round(8 * FLAGS.n_steps / work)))

    first = slice(FLAGS.growth_points or None)
    lams = [2**i for i in range(most.bit_length())][first]
    batches = [n for n in (10, 30, 100, 300, 1000) if n <= len(splits.train.y)][first]
    widths = (10, 25, 50, 100, 200, 400)[first]
    n_devices = [2**i for i in range(len(devices).bit_length())][first]
    families = {  # what grows, and the sweep of each size
        "lams": (lams, lambda n: spread((1, n), splits, devices, steps(n / 4))),
        "n_batch": (batches, lambda n: spread((1, GROWN_LAMS), splits, devices, steps(n / 20), n_batch=n)),
        "hidden": (widths, lambda n: spread((1, GROWN_LAMS), splits, devices, steps(n / 10), hidden=n)),
        "devices": (n_devices, lambda n: spread(accounts.SEARCH, splits, devices[:n], steps(6))),
    }
    return {name: grow({n: make(n) for n in sizes}, peak) for name, (sizes, make) in families.items()}


def experiment(script: str, out_dir: str, *given: str) -> list[str]:
    """The command of another experiment, on the same data and devices."""
    data_dir = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    where = [f"--dataset={FLAGS.dataset}", *data_dir, f"--out_dir={out_dir}", f"--devices={FLAGS.devices}", "--force"]
    return [sys.executable, str(HERE / f"{script}.py"), *where, *given]


def processes(rounds: int) -> dict:
    """Whole processes: first with nothing compiled before (`cold`), then with a warm compilation cache."""
    tiny = FLAGS.n_train < 10_000  # for a test of the benchmark itself
    images = [f"--n_train={FLAGS.n_train}", f"--n_valid={FLAGS.n_valid}"] if tiny else []
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "exercise3.py --help": [sys.executable, str(HERE / "exercise3.py"), "--help"],
            "exercise 3, two updates": experiment("exercise3", folder, *images, "--n_s=1", "--n_evals=1"),
            "exercise 3": experiment("exercise3", folder, *images, *(["--n_s=6"] if tiny else [])),
        }
        # By default, what compiles in less than a second isn't kept.
        cache = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        for _ in range(rounds + 1):
            for name, command in commands.items():
                found.setdefault(name, []).append(
                    stopwatch.process(command, status=1 if "--help" in command else 0, **cache)
                )
        compiling = [summary(ended)["timing"]["compile_seconds"] for ended in found["exercise 3"]]
    seconds = {name: np.array([(ended.wall, ended.cpu) for ended in all_ended]) for name, all_ended in found.items()}
    seconds["exercise 3, compiling"] = np.stack([compiling, compiling], axis=1)
    return {
        name: {"cold": clocked[0, 0], "warm": stopwatch.Times(*clocked[1:].T).summary()}
        for name, clocked in seconds.items()
    }


def summary(ended: stopwatch.Process) -> dict:
    """What an experiment that is done put into its summary.json; the last line it prints is where that lies."""
    return files.read_json(Path(ended.stdout.splitlines()[-1]) / results.SUMMARY)


def memory(most: int) -> list[dict]:
    """The most bytes that a sweep takes, against its number of λ: on the first device or, on a CPU, of the process."""
    found = []
    for n in [4**i for i in range((most.bit_length() + 1) // 2)]:
        lams = ",".join(f"{lam:g}" for lam in np.logspace(-5, -1, n))
        short = [f"--lam={lams}", f"--runs_at_once={n}", "--n_seeds=1", "--n_s=2", "--n_cycles=1", "--n_evals=1"]
        images = [f"--n_train={min(FLAGS.n_train, 5000)}", f"--n_valid={min(FLAGS.n_valid, 1000)}"]  # to be quick
        with tempfile.TemporaryDirectory() as folder:
            ended = stopwatch.process(experiment("coarse_search", folder, *short, *images))
            found.append({"at": n, "bytes": summary(ended)["memory"]["device_bytes"] or ended.memory})
    return found


def record(devices: Sequence[jax.Device], splits: data.Splits) -> dict:
    """Everything measured, as JSON."""
    on_cpu = devices[0].platform == "cpu"
    most = FLAGS.growth_to or (256 if on_cpu else 4096)
    reproduce.say("benchmark: whole processes")
    whole = processes(FLAGS.process_rounds) if FLAGS.process_rounds else {}
    taken = memory(most) if FLAGS.process_rounds else []
    reproduce.say(f"benchmark: {FLAGS.rounds} rounds")
    there = Placement((1, len(devices)), devices).put_everywhere(splits._replace(test=None))  # once for all sweeps
    side = FLAGS.side or (2048 if on_cpu else 8192)
    compared = accounts.compared(compare(splits, there, devices, side), SIZES, N_BATCH)
    reproduce.say("benchmark: growth")
    peak = compared["peak_flops_per_second"]["median"]
    grown = {**growth(there, devices, most, peak), "memory": taken}
    found = {
        "machine": machine(devices),
        "rounds": FLAGS.rounds,
        **compared,
        "growth": grown,
        "processes": whole,
    }
    return {**found, "targets": accounts.targets(found)}


def main():
    began = time.perf_counter()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # other processes and torch use the device too
    jax.config.update("jax_default_matmul_precision", FLAGS.precision)
    given = common.given()
    dataset = reproduce.load(given)
    splits = data.split(dataset, common.integers(FLAGS.train_batches), n_train=FLAGS.n_train, n_valid=FLAGS.n_valid)
    devices = reproduce.use_devices(given.devices)
    about = {"name": dataset.name, "sha256": dataset.sha256}
    sources = [*sorted(Path(train.__file__).parent.glob("*.py")), *sorted(HERE.glob("*.py"))]
    here = {"machine": machine(devices), "source": results.source_digest(sources)}
    with reproduce.directory("benchmark", given, about, here, devices) as run:
        if run.finished:
            return
        found = record(devices, splits)
        found |= {"precision": FLAGS.precision, **results.provenance()}
        found["timing"] = {"run_seconds": time.perf_counter() - began}
        report.write_report(run.path, benchmark_report.draw(found))
        run.finish({"experiment": "benchmark", "dataset": about, **found})
        Path(FLAGS.record_dir).mkdir(parents=True, exist_ok=True)
        del found["command"]  # a path on this machine, and it is in config.json
        files.write_json(Path(FLAGS.record_dir) / f"{found['machine']['slug']}.json", found)


if __name__ == "__main__":
    common.start(main)
