"""The gradient check, which exercise 2 and a command of its own share: found, or done now."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence

import jax

from dd2424_jax import data
from dd2424_jax.app import pipeline
from dd2424_jax.app.session import Session
from dd2424_jax.gradients import cases, checks
from dd2424_jax.io import files
from dd2424_jax.reporting import gradients, labels, report
from dd2424_jax.runs.identity import PACKAGE, of_sources

ERRORS = "errors.csv"


def run(
    dataset: data.Dataset, networks: Sequence[str], losses: Sequence[str], session: Session, seeds: range = range(1)
) -> bool:
    """Check these networks and losses in a draw a seed, or find that done already; whether all gradients passed."""
    about = {"name": dataset.name, "sha256": dataset.sha256}
    identity = {
        "experiment": "gradient_check",
        "dataset": about,
        **{"networks": list(networks), "losses": list(losses), "seeds": list(seeds)},
        # A check that is found done already must be one of this very code.
        "source": of_sources(sorted(PACKAGE.rglob("*.py"))),
    }
    session = session._replace(devices=session.devices[:1])
    with _exact(), pipeline.opened("gradient_check", identity, about, session) as run:
        if not run.finished:
            began, label = time.perf_counter(), labels.DATASETS[dataset.name]
            n = sum(case.is_of(*pair) for case in cases.CASES for pair in itertools.product(networks, losses))
            each = "" if len(seeds) == 1 else f", up to {len(seeds)} draws each"
            pipeline.say(f"gradient_check on {label}: {n} cases{each}")
            rows = checks.check_all(dataset.batches[0], networks, losses, seeds)
            named = [row.named() for row in rows]
            files.write_csv(run.path / ERRORS, [*named[0]], [row.values() for row in named])
            drawn = gradients.draw(rows, dataset.batches[0], networks, label, seeds[0])
            run.finish(
                {
                    "experiment": "gradient_check",
                    "dataset": about,
                    "passed": all(row.passed for row in rows),
                    "timing": {"run_seconds": time.perf_counter() - began},
                    "table": report.write(run.path, drawn),
                }
            )
        return run.summary["passed"]


@contextlib.contextmanager
def _exact() -> Iterator[None]:
    """Float64, and products of float32 that are not rounded to 10 bits, as some GPUs do; on all threads."""
    settings = {"jax_enable_x64": True, "jax_default_matmul_precision": "highest"}
    before = {name: getattr(jax.config, name) for name in settings}
    for name, value in settings.items():
        jax.config.update(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
