import jax
import numpy as np

from dd2424_jax.io import records
from dd2424_jax.runs import parts, weights
from tests.runs.examples import PLAN as FINAL
from tests.runs.examples import assert_same, outcome, with_snapshots

PLAN = with_snapshots(FINAL)

CORNERS = [([0, 2], [3, 1]), ([1], [0, 1, 2]), ([0, 2], [2])]  # settings and seeds; [1, 3] and [0, 2] × [0] are missing


def given(path):
    """Parts of the plan on disk, with the numbers that the whole has there."""
    whole = outcome(PLAN)
    for rows, columns in CORNERS:
        cells = np.ix_(rows, columns)
        numbers = (whole.train, whole.valid, whole.test, *whole.weights)
        numbers = jax.tree.map(lambda a, cells=cells: a[cells], numbers)
        named = dict(zip(("train", "valid", "test", "params", "snapshots"), numbers, strict=True))
        part = PLAN.part(rows, columns)
        own = parts.blank(part)._replace(seconds=whole.seconds[cells], **named)
        parts.write(path, part, own)
    made = parts.blank(PLAN)
    return whole, parts.collect(PLAN, parts.folders(path), made, ~made.trained, weights=True), made.trained


def test_weights_come_to_their_place_whoever_has_them(tmp_path):
    whole, there, trained = given(tmp_path)
    assert trained.sum() == 9
    for a in jax.tree.leaves(whole.weights):
        a[~trained] = np.nan
    assert_same(weights.gather(tmp_path, PLAN, there), whole.weights)


def test_no_more_than_a_run_is_read_at_once(tmp_path, monkeypatch):
    _, there, _ = given(tmp_path)
    sizes, fromfile = [], np.fromfile
    monkeypatch.setattr(np, "fromfile", lambda *args, **more: sizes.append(args[2]) or fromfile(*args, **more))
    monkeypatch.setattr(records, "read_any", None)
    weights.gather(tmp_path, PLAN, there)
    assert len(sizes) == 9 * 4 * 2  # W and b of two layers, and of their snapshot
    assert max(sizes) == 5 * 12
