import dataclasses

import numpy as np
import pytest

from dd2424_jax import network
from dd2424_jax.reporting import claims, findings
from tests.reporting.results import concluded, near

pytestmark = pytest.mark.filterwarnings("error")


def linear(lam, lr, n_seeds=4):
    """A result of assignment 1's kind, of noise."""
    result = concluded(lam, lr, lr_min=lr, scores=near(*[0.4] * len(lam), n_seeds=n_seeds), test=True)
    W = np.random.default_rng(2).normal(size=(len(lam), n_seeds, 10, 3072))
    config = dataclasses.replace(result.plan.config, sizes=(3072, 10))
    outcome = result.outcome._replace(params=(network.Layer(W, W[..., 0]),))
    return result._replace(plan=result.plan._replace(config=config), outcome=outcome)


def test_every_claim_of_assignment_1_is_of_its_settings():
    result = linear([0.0, 0.0, 0.1, 1.0], [0.1, 0.001, 0.001, 0.001])
    found = findings.find(result, claims.ASSIGNMENT1, quoted=True)
    assert [finding.claim for finding in found] == claims.ASSIGNMENT1
    assert all(finding.estimate.n == 4 for finding in found)


def test_other_settings_leave_their_claims_out():
    found = findings.find(linear([0.0, 0.1], [0.001, 0.001]), claims.ASSIGNMENT1, quoted=True)
    texts = [finding.claim.text for finding in found]
    assert texts
    assert not any("λ = 1 " in text or "η = 0.1" in text for text in texts)
    assert findings.find(linear([0.02, 0.3], [0.001, 0.001]), claims.ASSIGNMENT1, quoted=True) == []


def test_differences_that_reports_have_are_of_their_accuracies():
    assert claims.ASSIGNMENT1[0].reports == "R1 +0.39, R2 +0.26, R4 -0.01, R5 +0.50"
    assert claims.ASSIGNMENT1[1].reports == "R1 -1.51, R2 -1.61, R5 -1.10"


def test_the_gap_grows_from_cycle_to_cycle():
    result = concluded([0.01], scores=near(0.5))  # two cycles of 10 updates, evaluated at their ends
    train, valid = (split.accuracy[0] for split in (result.outcome.train, result.outcome.valid))
    expected = np.mean((train[:, 2] - valid[:, 2]) - (train[:, 1] - valid[:, 1]))
    (found,) = findings.find(result, claims.EXERCISE4, quoted=False)
    assert found.estimate.mean == pytest.approx(100 * expected)
    some = dataclasses.replace(result.plan.config, eval_train=10)
    assert findings.find(result._replace(plan=result.plan._replace(config=some)), claims.EXERCISE4, quoted=False) == []


def test_the_coarse_search_answers_for_both_of_its_grids():
    for lam in (np.geomspace(1e-5, 0.1, 5), 10.0 ** np.arange(-5, 1)):
        lam = [float(f"{one:.6g}") for one in lam]
        result = concluded(lam, scores=near(*np.linspace(0.5, 0.4, len(lam))))
        assert len(findings.find(result, claims.COARSE_SEARCH, quoted=False)) == 4
