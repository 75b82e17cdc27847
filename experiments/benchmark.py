"""How fast this project trains, beside the machine's limits and beside what people would use instead.

    python experiments/benchmark.py

Everything is measured round by round in one process, with medians and quartiles, and compared within a round. Besides
the run directory, the record goes to experiments/benchmarks/<device>.json. Expect four to eight minutes on two cores.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import absl.flags

from dd2424_jax import data, memory
from dd2424_jax.app import command_line, flags, hosts, kinds, pipeline, plan, session
from dd2424_jax.benchmarking import analysis, measurements, tables
from dd2424_jax.io import files, records
from dd2424_jax.parallel import placement
from dd2424_jax.reporting import report
from dd2424_jax.runs import provenance
from dd2424_jax.runs.identity import PACKAGE, of_sources
from dd2424_jax.runs.plan import folds

HERE = Path(__file__).parent

flags.define_result_flags()
flags.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
hosts.define_devices()
absl.flags.DEFINE_integer("rounds", 7, "rounds that are counted; at least 1", lower_bound=1, upper_bound=1_000)
absl.flags.DEFINE_integer("n_steps", 50, "updates in one measurement; at least 4", lower_bound=4, upper_bound=10_000)
absl.flags.DEFINE_integer(
    "growth_to", 0, "the most λ at once; 0: as suits the device", lower_bound=0, upper_bound=131_072
)
absl.flags.DEFINE_integer(
    "growth_points", 0, "only the first points of what grows; 0: all", lower_bound=0, upper_bound=1_000
)
absl.flags.DEFINE_integer("side", 0, "of the matrix product; 0: as suits the device", lower_bound=0, upper_bound=16_384)
absl.flags.DEFINE_integer("process_rounds", 3, "rounds of whole processes; 0: none", lower_bound=0, upper_bound=100)
kinds.define_path("record_dir", str(HERE / "benchmarks"), "where the record goes, by the device's name")


def command_on_same_data(options: SimpleNamespace) -> measurements.Command:
    """How to start another experiment, on the same data and devices."""
    data_dir = [f"--data_dir={options.data_dir}"] if options.data_dir else []

    def command(experiment: str, out_dir: str, *further: str) -> list[str]:
        where = [f"--dataset={options.dataset}", *data_dir, f"--out_dir={out_dir}", f"--devices={options.devices}"]
        return [sys.executable, str(HERE / f"{experiment}.py"), *where, "--force", *further]

    return command


def measure(options: SimpleNamespace, here: session.Session, splits: data.Splits) -> dict:
    """Everything, as JSON."""
    devices = here.devices
    on_cpu = devices[0].platform == "cpu"
    max_lams = options.growth_to or (256 if on_cpu else 4096)
    whole, taken = {}, []
    if options.process_rounds:
        pipeline.say("benchmark: whole processes")
        command, small = command_on_same_data(options), options.n_train < 10_000
        images = [f"--n_train={options.n_train}", f"--n_valid={options.n_valid}"] if small else []
        whole = measurements.processes(options.process_rounds, command, images, ["--n_s=6"] if small else [])
        images = [f"--n_train={min(options.n_train, 5000)}", f"--n_valid={min(options.n_valid, 1000)}"]  # to be quick
        taken = measurements.memory(max_lams, command, images)
    pipeline.say(f"benchmark: {options.rounds} rounds")
    memory.keep_freed()  # as training does; the baselines have it too
    there = placement.Placement((1, len(devices)), devices).put_everywhere(splits)  # once for all sweeps
    extent = {"rounds": options.rounds, "n_steps": options.n_steps}
    side = options.side or (1024 if on_cpu else 8192)
    times = measurements.compare(splits, there, devices, side=side, **extent)
    compared = analysis.compared(times, measurements.SIZES, measurements.N_BATCH)
    parts = measurements.parts(there, devices, **extent)
    pipeline.say("benchmark: growth")
    peak, points = compared["peak_flops_per_second"]["median"], options.growth_points or None
    grown = measurements.growth(there, devices, max_lams=max_lams, peak=peak, points=points, **extent)
    record = {
        "machine": measurements.machine(devices),
        "rounds": options.rounds,
        **compared,
        "parts": parts,
        "growth": {**grown, "memory": taken},
        "processes": whole,
    }
    return {**record, "targets": analysis.targets(record)}


def main():
    began, options = time.perf_counter(), command_line.options()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # other processes and torch use the device too
    folder = files.expanded(options.record_dir)
    folder.mkdir(parents=True, exist_ok=True)
    here, dataset = session.start(options), plan.load(options)
    source = data.Source(dataset.name, dataset.sha256, options.train_batches, (), options.n_train, options.n_valid)
    sources = [*sorted(PACKAGE.rglob("*.py")), *sorted(HERE.glob("*.py"))]
    extent = ("rounds", "n_steps", "growth_to", "growth_points", "side", "process_rounds")
    identity = {
        "experiment": "benchmark",
        "dataset": source._asdict(),
        **{name: vars(options)[name] for name in extent},
        "machine": measurements.machine(here.devices),
        "source": of_sources(sources),
    }
    with pipeline.opened("benchmark", identity, source._asdict(), here) as run:
        if run.finished:
            return
        record = measure(options, here, folds(source, dataset, test=False)[0])
        record |= provenance.collect()
        record["timing"] = {"run_seconds": time.perf_counter() - began}
        table = report.write(run.path, tables.draw(record))
        command = record.pop("command")  # a path on this machine
        records.write_json(folder / f"{record['machine']['slug']}.json", record)
        facts = {"experiment": "benchmark", "dataset": source._asdict(), "command": command, "table": table}
        run.finish({**record, **facts})


if __name__ == "__main__":
    entry.start(main)
