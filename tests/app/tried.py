"""A small sweep through the pipeline: two settings, two seeds, drawn as text."""

import json

import jax

from dd2424_jax import configs, data, train
from dd2424_jax.app.session import Session
from dd2424_jax.reporting.report import Report
from dd2424_jax.runs import shards
from dd2424_jax.runs.plan import Plan


def plan(splits) -> Plan:
    config = train.Config(sizes=(12, 4, 3), n_batch=30, eval_steps=(2, 5), n_s=5)
    source = data.Source("synthetic", "0" * 64, (1,), (), 240, 90)
    return Plan("tried", config, configs.as_arrays(train.Hypers([0.0, 0.1], 0.01, 0.1)), (3, 4), source, (splits,))


def draw(concluded, remark=""):
    return Report([], [remark, f"{concluded.settings[0].estimates['test_accuracy'].mean:.6f}"], {}, {"remark": remark})


def session(out_dir, shard=shards.WHOLE, weights=True) -> Session:
    return Session(str(out_dir), None, False, {}, jax.devices()[:2], runs_at_once=2, shard=shard, weights=weights)


def contents(out_dir):
    """Of every file but those that say when."""
    folder = (out_dir / "tried" / "latest").resolve()
    files = {file.name: file for file in folder.iterdir()}
    del files["config.json"], files["curves.npz"], files["summary.json"]
    settings = json.loads((folder / "summary.json").read_text())["settings"]
    return {name: file.read_bytes() for name, file in files.items()} | {"settings": settings}
