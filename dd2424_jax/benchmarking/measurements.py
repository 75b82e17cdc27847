"""What the benchmark measures: limits, sweeps and baselines in one race; what grows; whole processes; memory."""

import dataclasses
import os
import platform
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np

from dd2424_jax import activations, data, precisions, train
from dd2424_jax.benchmarking import analysis, baselines, timing, workloads
from dd2424_jax.io import records
from dd2424_jax.io.progress import Progress
from dd2424_jax.runs import latest

SIZES, N_BATCH, N_S = (data.DIMENSIONS, 50, len(data.CLASSES)), 100, 900  # of the coarse search
SHAPES = [(1, 1), analysis.EXERCISE3, (8, 1), analysis.SEARCH, (8, 8)]  # λ, seeds
PRECISE_SHAPES = [analysis.EXERCISE3, analysis.SEARCH]  # that are measured in every precision
PARTS = {  # of training, each alone, over an update without
    "flips": {"flip": 0.5},
    "shifts by up to 3 pixels, black": {"shift": 3},
    "shifts by up to 3 pixels, edge": {"shift": 3, "shift_padding": "edge"},
    "dropout of hidden units": {"dropout": 0.2},
    "dropout of pixels": {"input_dropout": 0.2},
    "label smoothing": {"smoothing": 0.1},
    "GELU": {"activation": activations.gelu},
}
BASELINE_LAMS = 8
BASELINE_IMAGES = 10_000
GROWTH_ROUNDS = 3
GROWN_LAMS = 8  # while n_batch or the hidden units grow
MEMORY = 2**25  # float32 to read and write: more than any cache holds

Command = Callable[..., list[str]]  # experiment, out_dir and further flags -> what starts it


def machine(devices: Sequence[jax.Device]) -> dict:
    """What the numbers hold for."""
    kind, model, n = devices[0].platform, devices[0].device_kind, len(devices)
    if kind == "cpu":
        info = Path("/proc/cpuinfo")
        named = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
        model, n = named[1] if named else platform.processor() or platform.machine(), os.cpu_count()
    slug = re.sub(r"[^a-z0-9]+", "-", f"{model} {n} {'cores' if kind == 'cpu' else 'devices'}".lower()).strip("-")
    return {"platform": kind, "model": model, "cores": os.cpu_count(), "devices": len(devices), "slug": slug}


def config(n_batch: int = N_BATCH, hidden: int = SIZES[1], precision: str = "float32") -> train.Config:
    product = precisions.PRECISIONS[precision]
    return train.Config((SIZES[0], hidden, SIZES[-1]), n_batch, (1,), n_s=N_S, precision=product)


def others(devices: Sequence[jax.Device]) -> tuple[str, ...]:
    """The precisions, besides float32, that are worth a measurement."""
    return ("bfloat16",) if devices[0].platform == "cpu" else ("bfloat16", "highest")


def problem(splits: data.Splits, n_steps: int) -> baselines.Problem:
    """What the baselines train: as many updates as this project, from its own weights."""
    train_split = data.Split(*(a[:BASELINE_IMAGES] for a in splits.train))
    n = len(train_split.y)
    X = data.standardize(jax.tree.map(np.float32, splits.scale), train_split.X)
    params = train.init_state(config(), train.Hypers(0.0, 0.1, 0.1), 0).params
    layers = [(np.array(W), np.array(b)) for W, b in params]
    (batches,) = train.batch_indices([0], 0, n_steps, n, min(N_BATCH, n))
    lams = np.logspace(-5, -1, BASELINE_LAMS).astype(np.float32)
    return baselines.Problem(X, train_split.y, layers, batches, lams, 0.01)


def compare(
    host: data.Splits, there: data.Splits, devices: Sequence[jax.Device], *, rounds: int, n_steps: int, side: int
) -> dict:
    """The machine's limits, this project and its baselines, in one race. Seconds [n_rounds], per unit of work.

    The images are given twice: as NumPy's, and on the devices. side: of the large matrix product.
    """
    d, hidden = SIZES[:2]
    units = hidden * max(1, analysis.SEARCH[0] // len(devices))
    cases = [(shape, "float32") for shape in SHAPES]
    cases += [(shape, precision) for precision in others(devices) for shape in PRECISE_SHAPES]
    sweeps = {
        (shape, precision): workloads.Sweep(config(precision=precision), shape, there, devices, n_steps)
        for shape, precision in cases
    }
    given = problem(host, n_steps)
    made = {name: make(given) for name, make in baselines.installed().items()}
    # name: what to call, and how many units of work that is
    copied = 2 * workloads.FLOAT * MEMORY * workloads.REPEATS * len(devices)
    multiplied = 2 * side**3 * workloads.REPEATS
    limits = {
        "NumPy product": (workloads.numpy_product(side), multiplied),
        "XLA product": (workloads.product(devices, side), multiplied * len(devices)),
        "memory": (workloads.copy(devices, MEMORY), copied),
    }
    for precision in others(devices):
        own = workloads.product(devices, side, precisions.PRECISIONS[precision])
        limits[f"XLA product, {precision}"] = (own, multiplied * len(devices))
    for wide, rows in (("", units), (analysis.NARROW, hidden)):
        for name, call in workloads.step_products(devices, rows, N_BATCH, d).items():
            limits[name + wide] = (call, 2 * rows * N_BATCH * d * workloads.PRODUCTS * len(devices))
    groups = {
        "limits": limits,
        "updates": {case: (sweep.train, sweep.n_steps * np.prod(case[0])) for case, sweep in sweeps.items()},
        "evaluations": {case: (sweep.evaluate, sweep.n_images * np.prod(case[0])) for case, sweep in sweeps.items()},
        "baseline_updates": {name: (own.train, n_steps * own.n_runs) for name, own in made.items()},
        "baseline_evaluations": {name: (own.evaluate, len(given.y)) for name, own in made.items() if own.evaluate},
    }
    calls = {(group, name): call for group, members in groups.items() for name, (call, _) in members.items()}
    times = timing.race(calls, rounds)
    return {
        group: {name: times[group, name].per(n) for name, (_, n) in members.items()}
        for group, members in groups.items()
    }


def parts(there: data.Splits, devices: Sequence[jax.Device], *, rounds: int, n_steps: int) -> list[dict]:
    """An update with each of PARTS, and by which share it takes longer than one without, in the same round."""
    measured = []
    for shape in PRECISE_SHAPES:
        configs = {"": config(), **{name: dataclasses.replace(config(), **part) for name, part in PARTS.items()}}
        sweeps = {name: workloads.Sweep(own, shape, there, devices, n_steps) for name, own in configs.items()}
        times = timing.race({name: sweep.train for name, sweep in sweeps.items()}, rounds)
        seconds = {name: own.per(n_steps * np.prod(shape)).wall for name, own in times.items()}
        without = seconds.pop("")
        measured += [
            {"part": name, "n_settings": shape[0], "n_seeds": shape[1]}
            | {"seconds": timing.spread(own), "added": timing.spread(own / without - 1)}
            for name, own in seconds.items()
        ]
    return measured


def growth(
    there: data.Splits,
    devices: Sequence[jax.Device],
    *,
    max_lams: int,
    peak: float,
    rounds: int,
    n_steps: int,
    points: int | None = None,
) -> dict:
    """Cost of an update against the number of λ, against n_batch, hidden units and devices.

    peak: in operations per second. points: of each family, only the first so many.
    """

    def sweep(shape, work, devices=devices, **changes):
        fewer_of_large_ones = max(4, min(n_steps, round(8 * n_steps / work)))
        return workloads.Sweep(config(**changes), shape, there, devices, fewer_of_large_ones)

    lams = [2**i for i in range(max_lams.bit_length())]
    batches = [n for n in (10, 30, 100, 300, 1000) if n <= len(there.train.y)]
    n_devices = [2**i for i in range(len(devices).bit_length())]
    families = {  # what grows, and the sweep of each size
        "lams": (lams, lambda n: sweep((n, 1), n / 4)),
        "n_batch": (batches, lambda n: sweep((GROWN_LAMS, 1), n / 20, n_batch=n)),
        "hidden": ((10, 25, 50, 100, 200, 400), lambda n: sweep((GROWN_LAMS, 1), n / 10, hidden=n)),
        "devices": (n_devices, lambda n: sweep(analysis.SEARCH, 6, devices[:n])),
    }
    return {
        name: _grow({n: make(n) for n in sizes[:points]}, peak, min(GROWTH_ROUNDS, rounds))
        for name, (sizes, make) in families.items()
    }


def _grow(cases: dict[int, workloads.Sweep], peak: float, rounds: int) -> list[dict]:
    """Seconds per update of sweeps that differ in one number, raced against each other; what arithmetic must take."""
    times = timing.race({n: sweep.train for n, sweep in cases.items()}, rounds)
    return [
        {
            "at": n,
            "seconds": times[n].per(sweep.n_steps * np.prod(sweep.shape)).summary(),
            "floor": workloads.step_flops(sweep.config.sizes, sweep.config.n_batch) / peak,
        }
        for n, sweep in cases.items()
    ]


def processes(rounds: int, command: Command, images: Sequence[str], extent: Sequence[str]) -> dict:
    """Whole processes: first with nothing compiled before (`cold`), then with a warm compilation cache.

    images, extent: flags of exercise 3.
    """
    ended = {}
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "exercise3.py --help": [*command("exercise3", folder), "--help"],
            "exercise 3, two updates": command("exercise3", folder, *images, "--n_s=1", "--n_evals=1"),
            "exercise 3": command("exercise3", folder, *images, *extent),
        }
        # By default, what compiles in less than a second isn't kept.
        cache = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        with Progress((rounds + 1) * len(commands), "command") as progress:
            for _ in range(rounds + 1):
                for name, words in commands.items():
                    ended.setdefault(name, []).append(timing.process(words, **cache))
                    progress.update(1)
        compiling = [_summary(process)["timing"]["compile_seconds"] for process in ended["exercise 3"]]
    seconds = {name: np.array([(process.wall, process.cpu) for process in own]) for name, own in ended.items()}
    seconds["exercise 3, compiling"] = np.stack([compiling, compiling], axis=1)
    return {
        name: {"cold": clocked[0, 0], "warm": timing.Times(*clocked[1:].T).summary()}
        for name, clocked in seconds.items()
    }


def memory(max_lams: int, command: Command, flags: Sequence[str]) -> list[dict]:
    """The most bytes that a sweep takes, against its number of λ: on the first device or, on a CPU, of the process."""

    def measure(n: int) -> dict:
        lams = ",".join(f"{lam:g}" for lam in np.logspace(-5, -1, n))
        short = [f"--lam={lams}", f"--runs_at_once={n}", "--n_seeds=1", "--n_s=2", "--n_cycles=1", "--n_evals=1"]
        with tempfile.TemporaryDirectory() as folder:
            ended = timing.process(command("coarse_search", folder, *short, *flags))
            return {"at": n, "bytes": _summary(ended)["memory"]["device_bytes"] or ended.memory}

    measured, n_sizes = [], (max_lams.bit_length() + 1) // 2
    with Progress(n_sizes, "command") as progress:
        for i in range(n_sizes):
            measured.append(measure(4**i))
            progress.update(1)
    return measured


def _summary(ended: timing.Process) -> dict:
    """What an experiment that is done put into its summary.json; the last line it prints is where that lies."""
    return records.read_json(Path(ended.stdout.splitlines()[-1]) / latest.SUMMARY)
