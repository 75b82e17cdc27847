"""The optional parts of assignment 2, as its users meet them; what trains is tested elsewhere."""

import json

import pytest

from tests.commands.scripts import TINY, once, run
from tests.commands.stubs import figures_as_text, untrained

GIVEN = [*TINY, "--n_seeds=3", "--weights=none", "--widths=7,9"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with untrained(), figures_as_text():
        return once(tmp_path_factory, "extras2", lambda cwd: run("assignment2_extras", *GIVEN, cwd=cwd))


def identities(path):
    """Of every run of a part."""
    files = (path.parents[1] / "assignment2_parts").glob("[0-9a-f]*/config.json")  # and not latest
    return [json.loads(file.read_text())["identity"] for file in files]


def test_every_part_stands_beside_the_baseline(finished):
    path, done = finished
    summary = json.loads((path / "summary.json").read_text())
    rows, last = summary["rows"], summary["last"]
    assert (last["name"], last["n_seeds"], last["gains"]) == ("all together", 5, {})
    assert last["test_accuracy"]["mean"] > 0
    names = [row["name"] for row in rows]
    assert names[0] == "baseline"
    assert {"7 units", "9 units", "dropout 0.2", "flips and shifts", "Nesterov", "AdamW", "twice as many cycles"} <= {
        *names
    }
    for row in rows:
        assert "test_accuracy" not in row
        assert (row["gains"] == {}) == (row["name"] == "baseline")
    for name in names:
        assert f"| {name} " in done.stdout
    assert {file.stem for file in path.glob("*.png")} == {"gains", "widths", "seconds"}


def test_the_test_images_are_looked_at_for_the_last_network_alone_with_fresh_seeds(finished):
    tested = [identity for identity in identities(finished[0]) if identity["dataset"]["n_test"]]
    (last,) = tested
    others = [identity for identity in identities(finished[0]) if identity not in tested]
    assert not {*last["seeds"]} & {seed for identity in others for seed in identity["seeds"]}
    config = last["config"]
    assert config["sizes"] == [3072, 1000, 10]
    assert (config["flip"], config["shift"], config["dropout"], config["optimizer"]) == (0.5, 3, 0.2, "nesterov")
