"""Every learning rate against the update step, drawn by the functions that training calls.

    python experiments/schedule.py

By default the triangular schedule as a report shows it: steps 0 to 100, η from 0.05 to 0.1, n_s = 10. Beside it the
constant rate, and step decay from lr_max.
"""

import time
from types import SimpleNamespace

import jax
import numpy as np
from absl import flags

import common
import reproduce
from dd2424_jax import files, plots, schedules, tables, train
from dd2424_jax.report import Report, write_report

common.define_result_flags()
common.define_rates(lr_min=0.05, lr_max=0.1, n_s=10)
flags.DEFINE_integer("n_steps", 100, "the last step shown; at least 1", lower_bound=1)
common.define_float("decay", 0.1, "factor of a step decay; at least 0")
flags.DEFINE_integer("n_decay", 40, "updates from one step decay to the next; at least 1", lower_bound=1)


def rates(given: SimpleNamespace) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The steps 0, ..., n_steps, and the learning rate of every schedule there."""
    config = train.Config((1, 1), n_batch=1, eval_steps=(1,), n_s=given.n_s)
    hypers = train.Hypers(0.0, given.lr_min, given.lr_max)
    found = {
        "triangular": train.cyclical(config, hypers),
        "step decay": schedules.step_decay(given.lr_max, given.decay, given.n_decay),
        "constant": train.constant(config, hypers),
    }
    steps = np.arange(given.n_steps + 1)
    return steps, {name: np.broadcast_to(jax.jit(schedule)(steps), steps.shape) for name, schedule in found.items()}


def draw(given: SimpleNamespace, steps, found) -> Report:
    """All schedules in one figure, and their rates at every n_s-th step."""
    about = f"η from {given.lr_min:g} to {given.lr_max:g}, n_s = {given.n_s}"
    fig, ((ax,),) = plots.figure(1, 1, f"Learning rates: {about}", width=6)
    plots.learning_rates(ax, steps, found)
    rows = [[str(step), *(f"{rate[step]:.5g}" for rate in found.values())] for step in steps[:: given.n_s]]
    return Report([tables.Table(f"Learning rates: {about}", ["step", *found], rows)], [], {"schedule": fig})


def main():
    given, began = common.given(), time.perf_counter()
    with reproduce.directory("schedule", given, {}, {}, reproduce.use_devices(1)) as run:
        if not run.finished:
            steps, found = rates(given)
            columns = {name.replace(" ", "_"): rate for name, rate in found.items()}
            files.write_npz(run.path / "curves.npz", step=steps, **columns)
            write_report(run.path, draw(given, steps, found))
            run.finish({"experiment": "schedule", "timing": {"run_seconds": time.perf_counter() - began}})


if __name__ == "__main__":
    common.start(main)
