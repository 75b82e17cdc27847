"""The runs that there are: a list of them, some of them compared, or searches with other seeds put together.

    python experiments/runs.py --experiment=exercise3 --where hidden=100
    python experiments/runs.py compare exercise3/latest exercise4/latest
    python experiments/runs.py join coarse_search/1f0c9a72be coarse_search/77e0d1c2aa

A run is named by its directory, by <experiment>/<name>, or by <name> alone. `compare` takes the test accuracies, where
all have them, of the settings that all share, else of those that stand for them (a search's choice, or the best on
validation). `join` makes the run that one search with all the seeds would have been, and does its statistics with them.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools
from collections.abc import Sequence
from types import SimpleNamespace

import absl.flags

from dd2424_jax import data
from dd2424_jax.app import command_line, commands, flags, kinds, pipeline, session
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.reporting import comparison as comparison_report
from dd2424_jax.reporting import labels, lam_search, listing, report
from dd2424_jax.runs import catalogue, comparison, joining
from dd2424_jax.runs.catalogue import Entry
from dd2424_jax.runs.identity import drawing_code

FORMATS = {"table": listing.table, "csv": listing.as_csv, "json": listing.as_json}

kinds.define_path("out_dir", commands.results(), "where run directories are")
absl.flags.DEFINE_string("experiment", None, "list: only the runs of this one")
absl.flags.DEFINE_multi_string("where", [], "list: only those with this value of a flag, as in hidden=100")
absl.flags.DEFINE_enum("format", "table", list(FORMATS), "list: for people, or for programs")
flags.define_weights("join: put the final weights together too, or leave them out")
kinds.define_path("data_dir", None, "join: where CIFAR-10 is; else $DD2424_DATA_DIR, else the user's cache")
absl.flags.FLAGS.set_gnu_getopt()  # flags may stand behind the runs

OF = {"experiment": "list", "where": "list", "format": "list", "weights": "join", "data_dir": "join"}


def list_runs(options: SimpleNamespace, names: Sequence[str]) -> None:
    if names:
        raise UsageError(f"list takes no {names[0]!r}: filter by --experiment and --where")
    wanted = [condition.partition("=") for condition in options.where]
    if any(not equals for _, equals, _ in wanted):
        raise UsageError(f"--where={' '.join(options.where)}: needs flag=value, as in hidden=100")

    def fits(run: Entry) -> bool:
        return options.experiment in (None, run.experiment) and all(run.has(flag, value) for flag, _, value in wanted)

    if not files.expanded(options.out_dir).is_dir():
        raise UsageError(f"--out_dir={options.out_dir}: there is no such folder")
    there = catalogue.entries(options.out_dir)
    fitting = list(filter(fits, there))
    if options.format == "table" and not fitting:
        print(f"none of the {labels.count(len(there), 'run')} in {options.out_dir} is as asked for")
    else:
        print(FORMATS[options.format](fitting))


def compare(options: SimpleNamespace, names: Sequence[str], here: session.Session) -> None:
    if len(names) < 2:
        raise UsageError("compare needs two runs or more, by their names in the list")
    paths = [catalogue.find(name, options.out_dir) for name in names]
    if len({*paths}) < len(paths):
        raise UsageError("compare: a run is named twice")
    runs = comparison.named(map(comparison.read, paths))
    split, rows = comparison.compare(runs)
    of = [[run.name, run.entry.config["digest"]] for run in runs]
    identity = {"experiment": "comparison", "of": of, "code": drawing_code()}
    with pipeline.opened("comparison", identity, {"name": runs[0].entry.dataset}, here._replace(changed={})) as run:
        if not run.finished:
            table = report.write(run.path, comparison_report.draw(runs, split, rows))
            run.finish({"experiment": "comparison", "runs": [str(one.entry.path) for one in runs], "table": table})


def join(options: SimpleNamespace, names: Sequence[str], here: session.Session) -> None:
    if len(names) < 2:
        raise UsageError("join needs two searches or more, by their names in the list")
    searches = [catalogue.entry(catalogue.find(name, options.out_dir)) for name in names]
    first = searches[0]
    dataset = data.load(first.dataset, options.data_dir)
    plan, gathered = joining.join(searches, dataset, weights=options.weights == "all")
    title = first.experiment.replace("_", " ").capitalize()
    followed = (first.summary["choice"] or {}).get("followed") or ()
    own = first.config["flags"]
    how = {"overlay": own.get("published", False), "variances": own["variances"], "margin": own["margin"]}
    draw = functools.partial(lam_search.draw, title=title, followed=followed, **how)
    seeds, own = {"seed": plan.facts()["seed"], "n_seeds": len(plan.seeds)}, first.config["own"]
    changed = {name: value for name, value in {**first.config["changed"], **seeds}.items() if value != own.get(name)}
    described = here._replace(
        options={**first.config["flags"], **seeds, "weights": options.weights}, changed=changed, own=own
    )
    pipeline.run(plan, draw, described, gathered)
    pipeline.say("what follows takes it by --search, or by the same --seed and --n_seeds")


def main(action: str = "list", *names: str):
    options = command_line.options()
    for flag, of in OF.items():
        if command_line.given(flag) and of != action:
            raise UsageError(f"--{flag} is of {of}, not of {action}")
    if action == "list":
        list_runs(options, names)
    elif action in ("compare", "join"):
        here = session.start(SimpleNamespace(**vars(options), name=None, force=False))
        (compare if action == "compare" else join)(options, names, here)
    else:
        raise UsageError(f"{action!r} is none of list, compare, join")


if __name__ == "__main__":
    entry.start(main, with_rest=True)
