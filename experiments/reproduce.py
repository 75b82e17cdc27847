"""From an experiment's flags to its finished run directory: load, train, save, show."""

import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import jax

import common
import dd2424_jax
from dd2424_jax import cifar10, data, files, losses, report, results, sweep, train

LABELS = {"cifar10": "CIFAR-10", "synthetic": "SYNTHETIC stand-in, not CIFAR-10"}
# These flags change no number, or change it by what the identity holds itself: the data.
NOT_IDENTITY = ("dataset", "data_dir", "out_dir", "name", "force", "devices", "runs_at_once")


class Found(NamedTuple):
    """What a report is drawn from. `label` says which data and how many seeds."""

    config: train.Config
    outcome: sweep.Outcome
    settings: Sequence[report.Setting]
    splits: data.Splits
    label: str


Draw = Callable[[Found], report.Report]


def load(given: SimpleNamespace) -> data.Dataset:
    """The dataset that the flags name."""
    return data.load(given.dataset, given.data_dir)


def cyclical(
    experiment: str, draw: Draw, given: SimpleNamespace, *, with_test: bool, dataset: data.Dataset | None = None
) -> Mapping:
    """Training with the cyclical learning rate and the network that the flags `given` describe; the summary."""
    n_evals = given.n_evals * given.n_cycles
    return training(
        experiment,
        draw,
        given,
        hypers=train.Hypers(common.numbers(given.lam), given.lr_min, given.lr_max),
        # n_evals times a cycle, as evenly as whole numbers allow
        eval_steps=[round(i * 2 * given.n_s / given.n_evals) for i in range(1, n_evals + 1)],
        with_test=with_test,
        dataset=dataset,
        hidden=common.integers(given.hidden),
        n_s=given.n_s,
        init_std=given.init_std or None,
    )


def training(
    experiment: str,
    draw: Draw,
    given: SimpleNamespace,
    *,
    hypers: train.Hypers,
    eval_steps: Sequence[int],
    with_test: bool,
    dataset: data.Dataset | None = None,
    hidden: Sequence[int] = (),
    **config,
) -> Mapping:
    """Train every setting of `hypers` with every seed and write the run directory; or find all that done already.

    `draw` is called once the numbers are on disk. `given` are the flags, `config` goes to `train.Config`. Returns what
    summary.json holds.
    """
    began = time.perf_counter()
    dataset = dataset or load(given)
    batches = common.integers(given.train_batches), common.integers(given.valid_batches)
    splits = data.split(dataset, *batches, n_train=given.n_train, n_valid=given.n_valid)
    sizes = (cifar10.DIMENSIONS, *hidden, len(cifar10.CLASSES))
    config = train.Config(sizes, given.n_batch, tuple(eval_steps), loss=losses.LOSSES[given.loss], **config)
    hypers = train.as_arrays(hypers)
    label = f"{LABELS[dataset.name]}, {count(given.n_seeds, 'seed')}"
    about = {
        "name": dataset.name,
        "n_train": len(splits.train.y),
        "n_valid": len(splits.valid.y),
        "n_test": len(splits.test.y),
        "sha256": dataset.sha256,
    }
    identity = {key: a.tolist() for key, a in hypers._asdict().items()}
    devices = use_devices(given.devices)
    with directory(experiment, given, about, identity, devices) as run:
        if not run.finished:
            say(
                f"{experiment} on {label}: {count(len(hypers.lam), 'setting')}, {config.eval_steps[-1]:,} updates "
                f"each, {count(len(devices), 'device')} ({devices[0].device_kind})"
            )
            resumed = any(run.path.glob("checkpoint-*"))
            outcome = sweep.run(
                config,
                hypers,
                range(given.seed, given.seed + given.n_seeds),
                splits,
                with_test=with_test,
                directory=run.path,
                devices=devices,
                runs_at_once=given.runs_at_once,
            )
            steps_per_epoch = len(splits.train.y) / given.n_batch
            report.write_numbers(run.path, outcome, dataset=dataset.name, steps_per_epoch=steps_per_epoch)
            settings = report.settings(outcome)
            drawn = draw(Found(config, outcome, settings, splits, label))
            report.write_report(run.path, drawn._replace(remarks=[*drawn.remarks, *_diverged(settings)]))
            timing = {
                "compile_seconds": outcome.compile_seconds,
                "run_seconds": outcome.run_seconds,
                "total_seconds": time.perf_counter() - began,
                "resumed": resumed,  # then these are the seconds of the last process only
            }
            found = [setting.as_json() for setting in settings]
            used = {"device_bytes": (devices[0].memory_stats() or {}).get("peak_bytes_in_use")}  # a CPU does not tell
            facts = {"experiment": experiment, "dataset": about, "settings": found, "timing": timing, "memory": used}
            run.finish({**facts, **drawn.summary})
    return run.summary


@contextlib.contextmanager
def directory(
    experiment: str, given: SimpleNamespace, dataset: Mapping, identity: Mapping, devices
) -> Iterator[results.Run]:
    """The run directory of the flags `given`, and of what `identity` adds; its table is shown at the end."""
    identity = {
        "experiment": experiment,
        "code": dd2424_jax.__version__,
        "dataset": dataset,
        **{flag: value for flag, value in vars(given).items() if flag not in NOT_IDENTITY},
        **identity,
    }
    shown = [f"{device} ({device.device_kind})" for device in devices]
    precision = jax.config.jax_default_matmul_precision or "default"
    facts = {"devices": shown, "matmul_precision": precision, "dataset": dataset, "flags": vars(given)}
    facts |= results.provenance()
    with results.open_run(given.out_dir, experiment, identity, facts, name=given.name, force=given.force) as run:
        before, now = files.read_json(run.path / results.CONFIG)["commit"], facts["commit"]
        if run.finished or before != now:
            changed = "" if before == now else f" by other code ({before}; this is {now})"
            say(f"{experiment} was {'finished' if run.finished else 'begun'}{changed}; --force computes it anew")
        yield run
    print((run.path / "table.md").read_text())
    print(run.path)


def _diverged(settings: Sequence[report.Setting]) -> list[str]:
    """A remark on the runs that are left out, if there are any."""
    gone = [
        f"λ = {setting.lam:.3g} at a learning rate of up to {setting.lr_max:g} ({count(setting.diverged, 'seed')})"
        for setting in settings
        if setting.diverged
    ]
    return [f"Diverged and left out: {'; '.join(gone)}. A smaller learning rate may help."] if gone else []


@functools.cache  # JAX takes the number of CPU devices once
def use_devices(limit: int) -> list[jax.Device]:
    """All devices, or `limit` of them. A CPU is as many devices as it has cores, up to 8."""
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", limit or min(os.cpu_count(), 8))
    devices = jax.devices()
    if limit > len(devices):
        raise common.UsageError(f"--devices={limit}: there are only {len(devices)}")
    return devices[: limit or None]


def say(text: str) -> None:
    """A line for whoever watches; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


def count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
