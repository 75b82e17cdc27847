"""The list of runs, as a table, as CSV and as JSON."""

import csv
import datetime
import io
import json
from collections.abc import Sequence

from dd2424_jax.reporting import labels, tables
from dd2424_jax.runs import catalogue
from dd2424_jax.runs.catalogue import Entry

HEADER = ("experiment", "run", "when", "data", "seeds", "accuracy", "state", "differs in")


def table(entries: Sequence[Entry]) -> str:
    """For people."""
    return tables.markdown(tables.Table("runs", labels.count(len(entries), "run"), HEADER, list(map(_cells, entries))))


def _cells(entry: Entry) -> list[str]:
    headline = catalogue.headline(entry)
    accuracy = f"{tables.percent(headline.accuracy)} % {tables.SPLITS[headline.split]}" if headline else "–"
    changed = " ".join(f"{name}={_typed(value)}" for name, value in entry.changed.items())
    what = [entry.experiment, entry.path.name, _when(entry), entry.dataset or "–", _seeds(entry.seeds)]
    return [*what, accuracy, entry.state, changed or "–"]


def _seeds(seeds: Sequence[int]) -> str:
    if not seeds:
        return "–"
    if len(seeds) == 1 or list(seeds) != list(range(seeds[0], seeds[-1] + 1)):
        return ", ".join(map(str, seeds))
    return f"{seeds[0]} to {seeds[-1]}"


def _typed(value) -> str:
    if isinstance(value, list):
        return ",".join(map(_typed, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _when(entry: Entry) -> str:
    return f"{datetime.datetime.fromtimestamp(entry.modified):%Y-%m-%d %H:%M}"


def as_json(entries: Sequence[Entry]) -> str:
    """A list of objects; accuracies are fractions."""
    return json.dumps(list(map(_record, entries)), indent=2, ensure_ascii=False)


def as_csv(entries: Sequence[Entry]) -> str:
    """A row a run, flags as JSON."""
    text = io.StringIO()
    names = ["experiment", "run", "path", "when", "dataset", "seeds", "changed"]
    names += ["setting", "split", "mean", "sd", "n", "state"]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for record in map(_record, entries):
        flags = {name: json.dumps(record[name]) for name in ("changed", "setting")}
        writer.writerow({**record, **flags, "seeds": " ".join(map(str, record["seeds"]))})
    return text.getvalue().rstrip("\n")


def _record(entry: Entry) -> dict:
    headline = catalogue.headline(entry)
    accuracy = headline.accuracy if headline else None
    return {
        "experiment": entry.experiment,
        "run": entry.path.name,
        "path": str(entry.path),
        "when": _when(entry),
        "dataset": entry.dataset,
        "seeds": list(entry.seeds),
        "changed": dict(entry.changed),
        "setting": dict(headline.setting) if headline else None,
        "split": headline.split if headline else None,
        "mean": accuracy.mean if accuracy else None,
        "sd": accuracy.as_json()["sd"] if accuracy else None,
        "n": accuracy.n if accuracy else None,
        "state": entry.state,
    }
