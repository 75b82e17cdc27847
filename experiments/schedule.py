"""Every learning rate against the update step, drawn by the functions that training calls.

    python experiments/schedule.py

By default the triangular schedule as a report shows it: steps 0 to 100, η from 0.05 to 0.1, n_s = 10. Beside it all
others that --schedule has, for a run of 100 updates.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import time
from types import SimpleNamespace

import absl.flags
import numpy as np

from dd2424_jax import schedules, train
from dd2424_jax.app import command_line, flags, kinds, pipeline, session
from dd2424_jax.io import records
from dd2424_jax.reporting import plots, report, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs.identity import code, digest, drawing_code

flags.define_result_flags()
kinds.define_float("lr_min", 0.05, "least learning rate; at least 0")
kinds.define_float("lr_max", 0.1, "greatest learning rate; at least lr_min")
flags.define_half_cycle(n_s=10)
flags.define_decay()
absl.flags.DEFINE_integer("n_steps", 100, "updates of the run; 1 to 1,000,000", lower_bound=1, upper_bound=10**6)
absl.flags.register_multi_flags_validator(
    ["lr_min", "lr_max"], lambda f: f["lr_min"] <= f["lr_max"], "lr_min must not exceed lr_max"
)


def rates(options: SimpleNamespace) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The steps 0, ..., n_steps, and the learning rate of every schedule there."""
    import jax  # by now, and not for --help

    decay = {"decay": options.decay, "n_decay": options.n_decay}
    config = train.Config((1, 1), n_batch=1, eval_steps=(options.n_steps,), n_s=options.n_s, **decay)
    hypers, steps = train.Hypers(0.0, options.lr_min, options.lr_max), np.arange(options.n_steps + 1)
    named = {name: jax.jit(schedule(config, hypers)) for name, schedule in schedules.SCHEDULES.items()}
    return steps, {name: np.broadcast_to(schedule(steps), steps.shape) for name, schedule in named.items()}


def draw(options: SimpleNamespace, steps: np.ndarray, of_schedules: dict[str, np.ndarray]) -> Report:
    """All schedules in one figure, and their rates at every n_s-th step, as far as a table has room."""
    about = f"η from {options.lr_min:g} to {options.lr_max:g}, n_s = {options.n_s}"
    fig, axes = plots.figure(2, 3, f"Learning rates: {about}", height=1.7, sharex=True, sharey=True)
    for ax, (name, rate) in zip(axes.flat, of_schedules.items(), strict=True):
        plots.learning_rate(ax, steps, rate, name)
    for ax in axes[-1]:
        ax.set_xlabel("update step")
    for ax in axes[:, 0]:
        ax.set_ylabel("learning rate")
    (shown,) = plots.some_of(steps[:: options.n_s], n=200)
    rows = [[str(step), *(f"{rate[step]:.5g}" for rate in of_schedules.values())] for step in shown]
    return Report(
        [tables.Table("rates", f"Learning rates: {about}", ["step", *of_schedules], rows)], [], {"schedule": fig}
    )


def main():
    options, began = command_line.options(), time.perf_counter()
    here = session.start(options)
    shown = {name: vars(options)[name] for name in ("lr_min", "lr_max", "n_s", "decay", "n_decay", "n_steps")}
    identity = {"experiment": "schedule", "code": code(), "drawing": drawing_code(), **shown}
    with pipeline.opened("schedule", identity, {}, here) as run:
        if not run.finished:
            steps, of_schedules = rates(options)
            records.write_arrays(run.path / "curves.npz", digest(identity), {"step": steps, **of_schedules})
            table, seconds = report.write(run.path, draw(options, steps, of_schedules)), time.perf_counter() - began
            run.finish({"experiment": "schedule", "timing": {"run_seconds": seconds}, "table": table})


if __name__ == "__main__":
    entry.start(main)
