import dataclasses

import jax
import numpy as np
import pytest

from dd2424_jax.race import Race
from dd2424_jax.runs import catalogue, directory, joining, result
from dd2424_jax.runs.directory import ResultError
from tests.runs.examples import CONFIG, DATASET, PLAN, assert_same, outcome
from tests.runs.trainer import with_weights

WHOLE = PLAN._replace(seeds=(0, 1, 4, 7, 9))
PARTS = ([1, 4], [0, 2, 3])  # seeds of the whole, by index


@pytest.fixture
def finish(tmp_path):
    """Makes a finished search of some seeds of the whole, with the whole's numbers for them."""

    def finish(columns=PARTS[0], plan=WHOLE, summary=None, weights=True):
        own = plan._replace(seeds=tuple(plan.seeds[j] for j in columns))
        made = outcome(plan)
        parts = jax.tree.map(lambda a: a[:, columns], (made.train, made.valid, made.test, made.seconds, made.params))
        made = made._replace(**dict(zip(("train", "valid", "test", "seconds", "params"), parts, strict=True)))
        made = made if weights else made._replace(params=None)
        made = made._replace(seeds=np.array(own.seeds, np.uint32))
        with directory.open_run(tmp_path, own.experiment, own.identity(), {"dataset": own.dataset}) as run:
            result.write_arrays(run.path, own, made)
            run.finish({"choice": {}, "weights": weights} if summary is None else summary)
        return catalogue.entry(run.path)

    return finish


@pytest.mark.parametrize("weights", [True, False])
def test_joined_they_are_the_search_with_all_seeds(finish, weights):
    plan, (joined, given, _) = joining.join([finish(part) for part in PARTS], DATASET, weights=weights)
    assert plan.identity() == WHOLE.identity()
    whole = outcome(WHOLE)
    assert_same(joined, whole._replace(params=None, compile_seconds=3.0))
    if weights:
        assert_same(with_weights(joined, plan, given).params, whole.params)


def test_what_has_no_weights_can_be_joined_without(finish):
    searches = [finish(PARTS[0], weights=False), finish(PARTS[1])]
    with pytest.raises(ResultError, match="has no weights: join with --weights=none"):
        joining.join(searches, DATASET, weights=True)
    assert joining.join(searches, DATASET, weights=False)[1].outcome.trained.all()


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"columns": [1, 2]}, "seed 1 is in more than one"),
        ({"columns": [0], "summary": {}}, "is no finished search"),
        (
            {"columns": [0], "plan": WHOLE._replace(race=Race((3, 5)))},
            "is a race: a search with --n_seeds takes from it",
        ),
        ({"columns": [0], "plan": WHOLE._replace(experiment="fine_search")}, r"experiment=coarse_search there"),
        (
            {"columns": [0], "plan": WHOLE._replace(config=dataclasses.replace(CONFIG, n_batch=5))},
            "different settings .config.n_batch=4 there, 5 here",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(finish, other, says):
    with pytest.raises(ResultError, match=says):
        joining.join([finish(), finish(**other)], DATASET, weights=True)


def test_searches_of_other_data_or_other_code_are_refused(finish, monkeypatch):
    searches = [finish(part) for part in PARTS]
    with pytest.raises(ResultError, match="was on other data than is at hand"):
        joining.join(searches, DATASET._replace(sha256="6" * 64), weights=True)
    monkeypatch.setattr("dd2424_jax.runs.plan.code", lambda: {"version": "0", "source": "0"})
    with pytest.raises(ResultError, match="was made by other code"):
        joining.join(searches, DATASET, weights=True)
