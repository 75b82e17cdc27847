"""From an experiment's flags to its finished run directory: load, train, save, show."""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import jax

import common
import dd2424_jax
from dd2424_jax import cifar10, data, files, losses, processes, report, results, shards, sweep, train

LABELS = {"cifar10": "CIFAR-10", "synthetic": "SYNTHETIC stand-in, not CIFAR-10"}
# These flags change no number, or change it by what the identity holds itself: the data.
NOT_IDENTITY = (
    *("dataset", "data_dir", "out_dir", "name", "force", "devices", "runs_at_once"),
    *("distributed", "coordinator", "num_processes", "process_id", "meeting_seconds"),
    *("num_shards", "shard_index", "merge"),
)


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
    devices = _devices(given)
    dataset = dataset or load(given)
    batches = common.integers(given.train_batches), common.integers(given.valid_batches)
    splits = data.split(dataset, *batches, n_train=given.n_train, n_valid=given.n_valid)
    sizes = (cifar10.DIMENSIONS, *hidden, len(cifar10.CLASSES))
    config = train.Config(sizes, given.n_batch, tuple(eval_steps), loss=losses.LOSSES[given.loss], **config)
    hypers = train.as_arrays(hypers)
    seeds = range(given.seed, given.seed + given.n_seeds)
    shard = _shard(given, len(hypers.lam) * len(seeds))
    label = f"{LABELS[dataset.name]}, {count(given.n_seeds, 'seed')}"
    about = {
        "name": dataset.name,
        "n_train": len(splits.train.y),
        "n_valid": len(splits.valid.y),
        "n_test": len(splits.test.y),
        "sha256": dataset.sha256,
    }
    identity = {key: a.tolist() for key, a in hypers._asdict().items()}
    with directory(experiment, given, about, identity, devices, shard) as run:
        if not run.finished:
            resumed = any(run.own.glob("checkpoint-*"))
            if not given.merge:
                part = "" if shard.n == 1 else f"shard {shard.index} of {shard.n}, "
                where = "" if jax.process_count() == 1 else f", in each of {jax.process_count()} processes"
                say(
                    f"{experiment} on {label}: {count(len(hypers.lam), 'setting')}, {config.eval_steps[-1]:,} updates "
                    f"each, {part}{count(len(devices), 'device')} ({devices[0].device_kind}){where}"
                )
            options = {"with_test": with_test, "devices": devices, "runs_at_once": given.runs_at_once}
            if shard.n == 1:
                outcome = sweep.run(config, hypers, seeds, splits, directory=run.path, **options)
            elif not given.merge:
                shards.run(shard, config, hypers, seeds, splits, directory=run.own, **options)
            with run.alone():
                if run.finished:  # another shard has completed it while this one waited
                    run.settle()
                elif processes.first():
                    if shard.n > 1:
                        outcome = _merged(run, given, shard, hypers, seeds)
                    found = Found(config, outcome, report.settings(outcome), splits, label)
                    timing = {
                        "compile_seconds": outcome.compile_seconds,
                        "run_seconds": outcome.run_seconds,
                        "total_seconds": time.perf_counter() - began,
                        "resumed": resumed,  # then these are the seconds of the last process only
                        "shards": shard.n,  # and these, but for the total, of all of them together
                    }
                    used = {"device_bytes": (devices[0].memory_stats() or {}).get("peak_bytes_in_use")}
                    facts = {"experiment": experiment, "dataset": about, "timing": timing, "memory": used}
                    _complete(run, draw, found, facts)
    return _agree(**run.summary) if processes.first() else _agree()


def _complete(run: results.Run, draw: Draw, found: Found, facts: Mapping) -> None:
    """The numbers, then what is drawn from them, then the summary, with the `facts`."""
    steps_per_epoch = len(found.splits.train.y) / found.config.n_batch
    report.write_numbers(run.path, found.outcome, dataset=facts["dataset"]["name"], steps_per_epoch=steps_per_epoch)
    drawn = draw(found)
    report.write_report(run.path, drawn._replace(remarks=[*drawn.remarks, *_diverged(found.settings)]))
    settings = [setting.as_json() for setting in found.settings]
    run.finish({**facts, "settings": settings, **drawn.summary})


def _shard(given: SimpleNamespace, n_runs: int) -> shards.Shard:
    """The part of the sweep that this process trains, or with --merge some part of it; by default the whole."""
    if given.distributed:
        return shards.WHOLE
    try:
        shard = shards.chosen(given.num_shards, 0 if given.merge else given.shard_index, os.environ)
    except ValueError as error:
        raise common.UsageError(str(error)) from error
    if shard.n > n_runs:
        raise common.UsageError(f"--num_shards={shard.n}: there are only {count(n_runs, 'run')}")
    return shard


def _merged(run: results.Run, given: SimpleNamespace, shard: shards.Shard, hypers, seeds) -> sweep.Outcome:
    """What all shards found. Where some are missing the script ends here, since what follows needs them all."""
    if missing := shards.missing(run.path, shard.n):
        which = f"of {shard.n} shards, {', '.join(map(str, missing))} {'is' if len(missing) == 1 else 'are'} missing"
        if given.merge:
            raise common.UsageError(f"{run.path}: {which}; start them, and --merge when they are finished")
        say(f"shard {shard.index} is finished; {which}")
        print(run.path)
        sys.exit()
    return shards.merge(run.path, shard.n, hypers, seeds)


@contextlib.contextmanager
def directory(
    experiment: str,
    given: SimpleNamespace,
    dataset: Mapping,
    identity: Mapping,
    devices: Sequence[jax.Device],
    shard: shards.Shard = shards.WHOLE,
) -> Iterator[results.Run]:
    """The run directory of the flags `given`, and of what `identity` adds; its table is shown at the end.

    The first process holds it, for a shard only the shard's part; the others are told where it is.
    """
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
    if not processes.first():
        yield _elsewhere(identity)
        return
    with contextlib.ExitStack() as held:
        own = None if shard.n == 1 or given.merge else shard.name
        options = {"name": given.name, "force": given.force, "shard": own}
        try:
            run = held.enter_context(results.open_run(given.out_dir, experiment, identity, facts, **options))
        except results.ResultError as error:
            _agree(error=str(error))
            raise
        _agree(path=str(run.path), finished=run.finished, digest=results.digest(identity))
        before, now = files.read_json(run.path / results.CONFIG)["commit"], facts["commit"]
        if run.finished or before != now:
            changed = "" if before == now else f" by other code ({before}; this is {now})"
            say(f"{experiment} was {'finished' if run.finished else 'begun'}{changed}; --force computes it anew")
        yield run
    print((run.path / "table.md").read_text())
    print(run.path)


def _elsewhere(identity: Mapping) -> results.Run:
    """The run directory as the first process has it."""
    told = _agree()
    if "error" in told:
        raise results.ResultError(told["error"])
    if told["digest"] != results.digest(identity):
        raise results.ResultError("the first process has another configuration or other data than this one")
    return results.Elsewhere(Path(told["path"]), told["finished"])


def _agree(**facts) -> Mapping:
    """The first process's facts, in every process."""
    return json.loads(processes.tell(json.dumps(facts).encode()))


def _diverged(settings: Sequence[report.Setting]) -> list[str]:
    """A remark on the runs that are left out, if there are any."""
    gone = [
        f"λ = {setting.lam:.3g} at a learning rate of up to {setting.lr_max:g} ({count(setting.diverged, 'seed')})"
        for setting in settings
        if setting.diverged
    ]
    return [f"Diverged and left out: {'; '.join(gone)}. A smaller learning rate may help."] if gone else []


def _devices(given: SimpleNamespace) -> list[jax.Device]:
    """This process's devices, all or as many as the flags say, once it has met the others that they tell of."""
    if not given.distributed:
        return use_devices(given.devices)
    return use_devices(given.devices, (given.coordinator, given.num_processes, given.process_id, given.meeting_seconds))


@functools.cache  # JAX takes the number of CPU devices once
def use_devices(limit: int, meeting: tuple | None = None) -> list[jax.Device]:
    """All devices, or `limit` of them. A CPU is as many devices as it has cores, up to 8."""
    if meeting:
        processes.start(*meeting[:3], timeout=meeting[3])
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", limit or min(os.cpu_count(), 8))
    devices = jax.local_devices()
    if meeting:
        processes.meet()
    if limit > len(devices):
        raise common.UsageError(f"--devices={limit}: there are only {len(devices)}")
    return devices[: limit or None]


def say(text: str) -> None:
    """A line for whoever watches; standard output is for results."""
    if processes.first():
        print(text, file=sys.stderr, flush=True)


def count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
