"""The planted mistakes, as their users meet them; what trains is tested elsewhere."""

import json
import re

import pytest

from dd2424_jax import sweep
from dd2424_jax.runs import result
from tests.commands.scripts import TINY, fails, once, run
from tests.commands.stubs import figures_as_text, untrained

GIVEN = [*TINY, "--n_seeds=3"]
DIFFERS = {  # from the baseline's configuration
    "fan-in": {"init_std"},
    "divided by K": {"optimizer"},
    "trials": {"optimizer", "eval_steps"},
    "dropout": {"dropout"},
    "flips": {"flip"},
    "flips but for a row": {"augment"},
    "flips, colours last": {"augment"},
    "batches": {"n_batch"},
    "batches dropped": {"n_batch"},
    "several λ": set(),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with untrained(), figures_as_text():
        return once(tmp_path_factory, "mistakes", lambda cwd: run("mistakes", *GIVEN, cwd=cwd))


@pytest.fixture
def fast():
    with untrained(), figures_as_text():
        yield


def summary(path):
    return json.loads((path / "summary.json").read_text())


def identities(path):
    rows = {row["name"]: path.parents[1] / row["run"] for row in summary(path)["rows"]}
    return {name: json.loads((run / "config.json").read_text())["identity"] for name, run in rows.items()}


def test_every_row_plants_one_thing_with_the_same_seeds(finished):
    rows = identities(finished[0])
    baseline = rows["baseline"]
    for name, changed in DIFFERS.items():
        own = rows[name]
        assert {key for key in baseline["config"] if baseline["config"][key] != own["config"][key]} == changed, name
        assert {key for key in baseline["dataset"] if baseline["dataset"][key] != own["dataset"][key]} == (
            {"n_train"} if name == "batches dropped" else set()
        )
    assert {tuple(own["seeds"]) for own in rows.values()} == {(0, 1, 2)}
    assert rows["batches dropped"]["dataset"]["n_train"] == 384
    assert rows["flips"]["config"]["flip"] == 0.5  # as the planted ones have it
    assert rows["trials"]["config"]["eval_steps"] == [3 * baseline["config"]["eval_steps"][-1]]
    for name in ("assignment 1", "assignment 1, epochs"):
        assert rows[name]["config"]["sizes"] == [3072, 10]
        assert rows[name]["config"]["init_std"] == 0.01
        assert rows[name]["config"]["eval_steps"][-1] == 533  # 40 epochs of 400 images, by 30


def test_the_table_has_every_mistake_and_on_other_images_no_report(finished):
    path, done = finished
    assert len(summary(path)["mistakes"]) == 11
    for mistake in summary(path)["mistakes"]:
        assert f"| {mistake['name']} " in done.stdout
        assert mistake["difference"]["n_seeds"] == 3
    assert "Repeats that share one seed: 3 repeats of seed 0" in done.stdout
    assert not re.search(r"a report|R4|43\.2|30\.69", done.stdout)
    assert {"table.md", "table.tex", "differences.png", "differences.pdf"} <= {file.name for file in path.iterdir()}


@pytest.mark.usefixtures("figures")
def test_found_again_nothing_is_trained(finished, monkeypatch):
    path, done = finished
    monkeypatch.setattr(sweep, "each", None)
    again_path, again = run("mistakes", *GIVEN, cwd=path.parents[2])
    assert (again_path, again.stdout) == (path, done.stdout)


@pytest.fixture
def figures():
    with figures_as_text():
        yield


@pytest.mark.usefixtures("fast")
def test_without_weights_mistakes_of_evaluating_are_left_out(tmp_path):
    path, done = run("mistakes", *GIVEN, "--weights=none", cwd=tmp_path)
    assert len(summary(path)["mistakes"]) == 8
    assert "mistakes of evaluating are left out" in done.stdout
    assert not list(tmp_path.rglob(result.PARAMS))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--optimizer=adam"], "planted in sgd"),
        (["--schedule=cosine"], "planted in sgd"),
        (["--hidden="], "no hidden layer"),
        (["--lam=0.1,1"], "one setting"),
        (["--n_train=127"], "n_batch=128 must not exceed n_train=127"),
    ],
)
def test_what_they_can_not_be_planted_in_is_one_line(tmp_path, given, says):
    assert says in fails("mistakes", *GIVEN, *given, cwd=tmp_path)
