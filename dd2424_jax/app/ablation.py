"""An ablation: rows, each a plan of its own that some flags are changed for, trained one by one and drawn together.

The runs of rows lie where any runs do, in an experiment of their own, so that each is found, resumed, or has more seeds
as any run. The report has a run directory too, which is known by the rows that it begins with.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from dd2424_jax.app import pipeline
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.app.rows import Row
from dd2424_jax.app.session import Session
from dd2424_jax.parallel import processes
from dd2424_jax.reporting import labels, report, tables
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs import directory, latest, result
from dd2424_jax.runs.directory import Run
from dd2424_jax.runs.plan import Plan
from dd2424_jax.runs.result import Result

Draw = Callable[[Mapping[str, Result]], Report]


class Trained(NamedTuple):
    """A row whose plan is trained; in a process that is not the first one, without its result."""

    row: Row
    plan: Plan
    run: Run
    result: Result | None


class Study(NamedTuple):
    """An ablation on its way.

    run      the report's directory
    options  the baseline's
    plan_of  (options, test=) -> Plan, of the experiment that rows are of
    """

    run: Run
    options: SimpleNamespace
    plan_of: Callable[..., Plan]
    session: Session

    def train(self, rows: Sequence[Row], *, test: bool = True, weights: bool = True) -> list[Trained]:
        """Train what is missing of the rows; without `test`, the test split is not looked at.

        Raises:
          pipeline.Unfinished: of some row, other shards' part is missing; this one's part of all is trained.
        """
        trained: dict[str, Trained] = {}
        for _ in range(2):  # another shard may have completed one while this one trained those after it
            for row in rows:
                if row.name not in trained:
                    with contextlib.suppress(pipeline.Unfinished):
                        trained[row.name] = self._train(row, test, weights)
        if len(trained) < len(rows):
            print(self.run.path)
            raise pipeline.Unfinished
        return [trained[row.name] for row in rows]

    def _train(self, row: Row, test: bool, weights: bool) -> Trained:
        options, weights = row.options(self.options), weights and self.session.weights
        planned = self.plan_of(options, test=test)
        own = {name: value for name, value in vars(options).items() if name in self.session.own}
        changed = {name: value for name, value in own.items() if value != self.session.own[name]}
        session = self.session._replace(
            **{"name": None, "quiet": True, "force": self.session.force and planned.digest not in _remade(self.run)},
            **{"options": vars(options), "changed": changed, "weights": weights},
        )
        run = pipeline.finished(planned, draw_part, session)
        pipeline.say(f"{row.name}: {run.path}")
        if not processes.first():
            return Trained(row, planned, run, None)
        if session.force:  # killed, the same command does not train it again
            with self.run.exclusively():
                self.run.note(remade=[*_remade(self.run), planned.digest])
        weights = weights and run.summary["weights"]
        return Trained(row, planned, run, result.read(planned, run.path, weights=weights))

    def search(self, rows: Sequence[Row], axes: Mapping[str, Sequence[float]], n_seeds: int) -> Search:
        """All combinations of the `axes`, flags of hyperparameters, for every row, and the best on validation.

        The test split is not looked at.

        Raises:
          UsageError: every run diverged.
        """
        seeds = {"n_seeds": n_seeds, "grid": True}
        grids = self.train(
            [row._replace(changes={**row.changes, **axes, **seeds}) for row in rows], test=False, weights=False
        )
        settings = [(i, j) for i, grid in enumerate(grids) for j in range(len(grid.plan.hypers.lam))]

        def best() -> int:
            ranked = result.ranking([grids[i].result.settings[j] for i, j in settings], "valid_accuracy")
            return ranked[0] if ranked else -1

        chosen = self.agreed(best)
        if chosen < 0:
            raise UsageError(
                f"every run of {'; '.join(row.name for row in rows)} diverged: smaller learning rates may not"
            )
        i, j = settings[chosen]
        named = grids[i].plan.hypers.at(j).named()
        values = {flag: [float(named["lr_max" if flag == "lr" else flag])] for flag in axes}
        return Search({**rows[i].changes, **values}, grids, (i, j))

    def agreed(self, decide: Callable[[], object]):
        """What the first process decides, JSON, in every process."""
        return pipeline.broadcast(decided=decide() if processes.first() else None)["decided"]

    def report(self, rows: Sequence[Trained], draw: Draw) -> None:
        """Write the report of the rows' results, by their names, the first the baseline; again where that is due.

        It is where a row was trained again, where `draw` is bound to something else, and where code that draws changed.
        """
        if not processes.first():
            return
        run, session = self.run, self.session
        of = [(row.row.name, str(row.run.path), row.plan.digest, latest.finished_at(row.run.path)) for row in rows]
        weights = all(row.result.outcome.params is not None for row in rows)
        drawn = report.digest_of_drawing(draw, own=session.own, weights=weights, rows=of)

        def written() -> dict:
            made = draw({row.row.name: row.result._replace(own=session.own) for row in rows})
            return {**made.summary, "weights": weights, "drawn": drawn, "table": report.write(run.path, made)}

        if not run.finished:
            with run.exclusively():
                if run.finished:  # another shard has
                    run.finalise()
                else:
                    run.check_place()
                    seconds = sum(float(np.nansum(row.result.outcome.seconds)) for row in rows)
                    about = {"experiment": run.path.parent.name, "dataset": rows[0].plan.dataset}
                    run.finish({**about, "timing": {"run_seconds": seconds}, **written()})
        summary = run.summary
        if summary["drawn"] != drawn or not report.intact(run.path, summary["table"]):
            with pipeline.revising(run):  # killed before it is through, it is drawn again
                run.revise({**summary, "drawn": None})
                run.revise({**summary, **written()})


def _remade(run: Run) -> list[str]:
    """Which plans were trained for this report, by --force; nothing in a process that is not the first one."""
    return directory.read_config(run.path).get("remade", []) if processes.first() else []


class Search(NamedTuple):
    """What a search has found.

    changes  those of the best setting's row, with this setting's hyperparameters
    grids    the rows that were trained for it
    best     the index of its row and, in it, of its setting
    """

    changes: Mapping[str, object]
    grids: Sequence[Trained]
    best: tuple[int, int]


@contextlib.contextmanager
def opened(
    experiment: str,
    rows: Sequence[Row],
    options: SimpleNamespace,
    plan_of: Callable[..., Plan],
    session: Session,
    **searched,
) -> Iterator[Study]:
    """The study that begins with these rows, the first the baseline; at its end its report is shown.

    `searched`: JSON, what decides which rows it comes to besides, as the values that a search tries.

    Raises:
      UsageError: the options have several settings, of which no row is made.
    """
    plans = {row.name: plan_of(row.options(options), test=True) for row in rows}
    baseline, *_ = plans.values()
    if len(baseline.hypers.lam) > 1:
        raise UsageError("a row has one setting: give one number of each of λ, learning rates and momentum")
    of = [[name, planned.digest] for name, planned in plans.items()]
    identity = {"experiment": experiment, "rows": of, "seeds": list(baseline.seeds), **searched}
    with pipeline.opened(experiment, identity, baseline.dataset, session) as run:
        yield Study(run, options, plan_of, session)


def draw_part(concluded: Result) -> Report:
    """Of a row alone: its accuracies."""
    metrics = [f"{split}_accuracy" for split in ("train", "valid", *(["test"] if concluded.outcome.test else []))]
    return Report([tables.of_settings(concluded, labels.about(concluded), metrics)], [], {})
