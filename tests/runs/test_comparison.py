import dataclasses

import numpy as np
import pytest

from dd2424_jax import stats
from dd2424_jax.runs import comparison, directory, result
from dd2424_jax.runs.directory import ResultError
from tests.runs.examples import CONFIG, HYPERS, PLAN, SOURCE, outcome, without_test

FACTS = {"dataset": PLAN.dataset, "flags": {}, "changed": {}, "own": {}}


def finish(out_dir, plan, seed=0, **summary):
    """A finished run of numbers that were drawn, and its outcome."""
    made = outcome(plan, seed)
    with directory.open_run(out_dir, plan.experiment, plan.identity(), FACTS) as run:
        result.write_arrays(run.path, plan, made)
        run.finish({"settings": [one.as_json() for one in result.settings(made, plan.fold)], **summary})
    return comparison.read(run.path), made


def wider(plan=PLAN):
    return plan._replace(config=dataclasses.replace(CONFIG, sizes=(12, 7, 3)))


def test_with_the_same_seeds_and_images_differences_are_paired_and_simultaneous(tmp_path):
    (a, of_a), (b, of_b) = finish(tmp_path, PLAN), finish(tmp_path, wider(), seed=1)
    split, rows = comparison.compare([a, b])
    assert split == "test"
    assert [row.run for row in rows] == [a, b] * 3
    assert [row.setting["lam"] for row in rows[::2]] == [row.setting["lam"] for row in rows[1::2]] == [*HYPERS.lam]
    assert [row.difference for row in rows[::2]] == [None] * 3
    for i, row in enumerate(rows[1::2]):
        expected = stats.paired(of_b.test.accuracy[i], of_a.test.accuracy[i], 1 - 0.05 / 3)
        assert row.paired
        np.testing.assert_allclose(row.difference, [expected.mean, expected.low, expected.high])


@pytest.mark.parametrize(
    "other",
    [
        PLAN._replace(seeds=(6, 1, 12, 3)),
        PLAN._replace(source=SOURCE._replace(n_train=15)),
    ],
    ids=["other seeds", "other images"],
)
def test_else_they_are_welchs(tmp_path, other):
    (a, of_a), (b, of_b) = finish(tmp_path, PLAN), finish(tmp_path, other, seed=1)
    *_, row = comparison.compare([a, b])[1]
    estimates = (stats.estimate(of.test.accuracy[2]) for of in (of_b, of_a))
    assert not row.paired
    np.testing.assert_allclose(row.difference, stats.welch(*estimates, 1 - 0.05 / 3))


def test_validation_stands_for_test_where_one_has_none_and_diverged_runs_are_left_out(tmp_path):
    made = outcome(PLAN)
    made.train.cost[0, 1, 1] = np.inf
    with directory.open_run(tmp_path, "e", PLAN.identity(), FACTS) as run:
        result.write_arrays(run.path, PLAN, made)
        run.finish({"settings": []})
    a, (b, _) = comparison.read(run.path), finish(tmp_path, without_test(PLAN))
    split, rows = comparison.compare([a, b])
    assert split == "valid"
    assert np.isnan(rows[0].accuracy).tolist() == [False, True, False, False]


def test_where_no_setting_is_shared_the_headlines_are_compared(tmp_path):
    best = {name: float(values[2]) for name, values in HYPERS.named().items()}
    other = PLAN._replace(hypers=HYPERS._replace(lam=HYPERS.lam + 1))
    a, b = finish(tmp_path, PLAN, choice={"best": best})[0], finish(tmp_path, other, seed=1)[0]
    rows = comparison.compare([a, b])[1]
    assert len(rows) == 2
    assert rows[0].setting == best
    assert rows[1].setting in b.settings


def test_what_cannot_be_compared_is_said(tmp_path):
    a, made = finish(tmp_path, PLAN)
    facts = {**FACTS, "dataset": {"name": "synthetic"}}
    with directory.open_run(tmp_path, "e", wider().identity(), facts) as run:
        result.write_arrays(run.path, wider(), made._replace(params=None))
        run.finish({"settings": []})
    with pytest.raises(ResultError, match=r"is on synthetic, .* on tiny"):
        comparison.compare([a, comparison.read(run.path)])
    (run.path / "curves.npz").unlink()
    with pytest.raises(ResultError, match="a run without accuracies"):
        comparison.read(run.path)
    (run.path / "curves.npz").write_bytes((a.entry.path / "curves.npz").read_bytes())
    with pytest.raises(ResultError, match="has no accuracies of its runs"):
        comparison.read(run.path)
