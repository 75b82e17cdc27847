import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax import network
from dd2424_jax.reporting import mistakes
from dd2424_jax.reporting.mistakes import Mistake
from tests.reporting.results import concluded, drawn, near

NOISE = np.random.default_rng(0).normal(0, 0.003, (3, 6))
RIGHT = near(0.46)[0]
SEVERAL = [
    Mistake("too low", "network.init", RIGHT, RIGHT - 0.03 + NOISE[0], "43.2"),
    Mistake("nothing", "augment.flipped", RIGHT, RIGHT + NOISE[1] - NOISE[1].mean()),
    Mistake("too high", "choice.choose", RIGHT, RIGHT + 0.02 + NOISE[2]),
]


def test_differences_are_scipys_paired_intervals_at_bonferronis_level():
    report = mistakes.draw(SEVERAL, "Mistakes")
    for mistake, own in zip(SEVERAL, report.summary["mistakes"], strict=True):
        expected = scipy_stats.ttest_rel(mistake.wrong, mistake.right).confidence_interval(1 - 0.05 / 3)
        assert own["difference"]["ci95"] == pytest.approx(list(expected))
        assert own["difference"]["mean"] == pytest.approx(own["wrong"]["mean"] - own["right"]["mean"])


def test_of_the_best_of_several_it_is_said_how_much_too_high_it_is():
    report = mistakes.draw([mistake._replace(never_lower=True) for mistake in SEVERAL[1:2]], "Mistakes")
    assert report.remarks[0].startswith("Never too low, as the best of several test accuracies is reported: how much")
    assert report.tables[0].rows[0][3] == "never lower"


def test_words_follow_the_intervals_and_a_report_has_its_column_where_one_is_known():
    report = mistakes.draw(SEVERAL, "Mistakes")
    assert report.remarks[0].startswith("Significantly too low a test accuracy: too low (-2.9")
    assert report.remarks[1].startswith("Significantly too high a test accuracy: too high (+")
    assert report.remarks[2].startswith("No effect that 6 seeds can show: nothing (-")
    (table,) = report.tables
    assert [row[3] for row in table.rows] == ["yes", "no", "yes"]
    assert [row[-1] for row in table.rows] == ["43.2", "", ""]
    assert [bool(row[-2]) for row in table.rows] == [True, False, False]
    alone = mistakes.draw(SEVERAL[1:], "Mistakes").tables[0]
    assert alone.header[-1] == "planted in"
    assert {one.name for one in SEVERAL} <= {*drawn(report.figures["differences"])}


def test_two_seeds_have_no_interval_and_diverged_ones_no_part():
    few = [one._replace(right=one.right[:2], wrong=one.wrong[:2]) for one in SEVERAL]
    assert mistakes.draw(few, "Mistakes").remarks == ["No interval: too low; nothing; too high."]
    wrong = SEVERAL[0].wrong.copy()
    wrong[0] = np.nan
    own = mistakes.draw([SEVERAL[0]._replace(wrong=wrong)], "Mistakes").summary["mistakes"][0]
    assert (own["difference"]["n_seeds"], own["wrong"]["n_seeds"], own["right"]["n_seeds"]) == (5, 5, 6)
    assert own["difference"]["mean"] == pytest.approx(np.mean(wrong[1:] - RIGHT[1:]))


def accuracy(W, b, images, y) -> float:
    """Of a network of two layers, in NumPy."""
    H = np.maximum(images @ W[0].T + b[0], 0)
    return np.mean(np.argmax(H @ W[1].T + b[1], axis=1) == y)


def layers(params, *index):
    return [layer.W[index] for layer in params], [layer.b[index] for layer in params]


@pytest.fixture
def result():
    """With weights of every evaluation but the last; the training images' scale is not 1."""
    made = concluded([0.1, 0.2], scores=near(0.4, 0.3), test=True, snapshots=(10,))
    rng = np.random.default_rng(2)
    kept = tuple(
        network.Layer(*(rng.normal(size=(*a.shape[:2], 1, *a.shape[2:])) for a in layer))
        for layer in made.outcome.params
    )
    scale = made.plan.splits.scale._replace(mean=np.full(12, 120.0), sd=np.full(12, 60.0))
    plan = made.plan._replace(folds=(made.plan.splits._replace(scale=scale),))
    return made._replace(plan=plan, outcome=made.outcome._replace(snapshots=kept))


def test_a_test_set_that_is_not_standardised_is_one_in_0_to_1(result):
    X, y = result.plan.splits.test
    for i in (0, 1):
        expected = [accuracy(*layers(result.outcome.params, i, j), X / 255, y) for j in range(6)]
        np.testing.assert_allclose(mistakes.not_standardised(result, i), expected, atol=1e-6)


def test_the_best_epoch_is_the_best_on_the_test_images(result):
    X, y = result.plan.splits.test
    kept = [accuracy(*layers(result.outcome.snapshots, 0, j, 0), (X - 120.0) / 60, y) for j in range(6)]
    last = result.outcome.test.accuracy[0]
    for final in (last * 0, last * 0 + 1):
        last[:] = final
        np.testing.assert_allclose(mistakes.best_epoch(result), np.maximum(kept, final), atol=1e-6)


def test_a_choice_on_the_test_images_is_never_lower_than_one_on_validation():
    result = concluded([0.1, 0.2, 0.3], scores=near(0.4, 0.401, 0.2), test=True)
    result.outcome.valid.accuracy[1, 0, -1] = 0.3
    on_valid, on_test = mistakes.chosen(result)
    test, valid = result.outcome.test.accuracy, result.outcome.scores
    for seed in range(6):
        assert on_valid[seed] == test[max(range(3), key=lambda i, seed=seed: valid[i, seed]), seed]
        assert on_test[seed] == max(test[i, seed] for i in range(3))
    diverged = concluded([0.1, 0.2], scores=[[0.4] * 3, [np.nan] * 3], test=True)
    diverged.outcome.test.accuracy[1] = 2
    np.testing.assert_array_equal(mistakes.chosen(diverged), [diverged.outcome.test.accuracy[0]] * 2)


def test_repeats_of_one_seed_have_no_sd():
    result = concluded([0.1], scores=near(0.4), test=True)
    result.outcome.test.accuracy[0] = [0.4, 0.42, 0.44, 0.4, 0.42, 0.44]
    said = mistakes.one_seed(result)
    assert "6 repeats of seed 0 have a test accuracy of 40.00 ± 0.00 %" in said
    assert "6 seeds have 42.00 ± 1.79 %, 40.12 to 43.88." in said


@pytest.mark.parametrize(
    ("at_1", "at_01", "fits"),
    [
        (0.40, 0.444, "λ = 0.1 once more"),
        (0.4431, 0.444, "λ = 1, λ = 0.1 once more"),
    ],
)
def test_a_training_accuracy_fits_the_lam_whose_runs_reach_it(at_1, at_01, fits):
    result = concluded([0.0, 0.1, 1.0], scores=near(0.4, 0.4, 0.4), test=True)
    settings = list(result.settings)
    for i, mean in ((1, at_01), (2, at_1)):
        own = settings[i].estimates["train_accuracy"]._replace(n=6, mean=mean, sd=0.001 * 6**0.5 / 2.5706)
        settings[i] = settings[i]._replace(estimates={**settings[i].estimates, "train_accuracy": own})
    said = mistakes.another_lam(result._replace(settings=settings))
    assert said.endswith(f"The difference fits: {fits}.")
    assert f"is {100 * (at_1 - at_01):+.2f} ± 0.37 points" in said  # √2 √7 0.1 points
    assert "+0.00 ± 0.35 (95 %" in said  # √2 √6 0.1 points
