"""The benchmark as its users meet it; its times are never asserted."""

import json
import math
from pathlib import Path

import pytest

from dd2424_jax.benchmarking import analysis, baselines, measurements, timing, workloads
from dd2424_jax.runs import directory
from tests.benchmarking.records import IdleSweep
from tests.commands.scripts import parsed, run

TINY = [
    *("--dataset=synthetic", "--n_train=400", "--n_valid=100", "--side=64", "--devices=1", "--record_dir=records"),
    *("--rounds=1", "--n_steps=4", "--growth_to=4", "--process_rounds=1"),
]


def finite(value) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return value is not None and (not isinstance(value, float) or math.isfinite(value))


@pytest.fixture
def started(monkeypatch):
    """The commands that the benchmark starts, each of which is done at once."""
    commands = []

    def process(command, *, status=0, **environment):
        commands.append(command)
        (out_dir,) = (word.removeprefix("--out_dir=") for word in command if word.startswith("--out_dir="))
        summary = {"timing": {"compile_seconds": 1.0}, "memory": {"device_bytes": 9}}
        with directory.open_run(out_dir, "started", {}, {}) as run:
            run.finish(summary)
        return timing.Process(2.0, 3.0, 10**9, f"{run.path}\n")

    monkeypatch.setattr(timing, "process", process)
    return commands


@pytest.fixture
def small(monkeypatch):
    """Less of what takes long: the tests of benchmarking/ have it."""
    grow, plain = measurements.growth, {name: own for name, own in baselines.BASELINES.items() if "NumPy" in name}

    def growth(*args, **options):
        with monkeypatch.context() as patch:
            patch.setattr(workloads, "Sweep", IdleSweep)
            return grow(*args, **options)

    monkeypatch.setattr(measurements, "growth", growth)
    monkeypatch.setattr(measurements, "MEMORY", 2**12)
    monkeypatch.setattr(timing, "PAUSE", 0)
    monkeypatch.setattr(measurements, "PARTS", {"label smoothing": {"smoothing": 0.1}})
    monkeypatch.setattr(workloads, "PRODUCTS", 2)
    monkeypatch.setattr(measurements, "SHAPES", [analysis.EXERCISE3, analysis.SEARCH])
    monkeypatch.setattr(baselines, "BASELINES", plain)


def test_the_benchmark_runs_and_its_record_is_whole(tmp_path, started, small):
    path, done = run("benchmark", *TINY, cwd=tmp_path)
    drawn = {"table.md", "report.json", "table.tex", "tables", "figures.tex", "growth.png", "growth.pdf"}
    assert {file.name for file in path.iterdir()} == {"config.json", "summary.json", *drawn}
    (file,) = (tmp_path / "records").iterdir()
    record = json.loads(file.read_text())
    assert file.stem == record["machine"]["slug"]
    for part in ("limits", "floor", "sweeps", "parts", "baselines", "growth", "processes"):
        assert record[part], part
        assert finite(record[part]), part
    assert [(sweep["n_settings"], sweep["n_seeds"]) for sweep in record["sweeps"]] == 2 * measurements.SHAPES
    assert record["baselines"].keys() == baselines.BASELINES.keys()
    assert record["growth"]["memory"] == [{"at": 1, "bytes": 9}, {"at": 4, "bytes": 9}]
    assert record["processes"]["exercise 3"]["cold"] == 2.0
    assert all(target["met"] in (True, False, None) for target in record["targets"])
    assert "What was to be reached on two CPU cores" in done.stdout
    check_commands(started)


def check_commands(commands):
    """What the benchmark starts are commands that there are, on its own data and devices, with flags they know."""
    assert {Path(words[1]).stem for words in commands} == {"exercise3", "coarse_search"}
    n_settings = set()
    for _, script, *given in commands:
        with parsed(Path(script).stem, *(flag for flag in given if flag != "--help")) as options:
            assert (options.dataset, options.devices, options.force) == ("synthetic", 1, True)
            assert options.n_train in (400, 10_000)  # as the benchmark has it; of --help, the default
            n_settings.add(len(options.lam))
    assert n_settings == {1, 4}
