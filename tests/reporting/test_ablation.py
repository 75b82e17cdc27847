import numpy as np
import pytest
from scipy import stats as scipy_stats

from dd2424_jax.reporting import ablation
from tests.reporting.results import concluded, drawn, near


def results(*means, n_seeds=6, seed=0, **about):
    """By name, results whose accuracies have these means, on validation and on test."""
    rng = np.random.default_rng(seed)
    named = {}
    for i, mean in enumerate(means):
        one = concluded(
            [0.1], scores=near(mean, n_seeds=n_seeds) + rng.normal(0, 0.004, (1, n_seeds)), test=True, **about
        )
        one.outcome.test.accuracy[:] = one.outcome.scores + rng.normal(0, 0.001, (1, n_seeds))
        named["baseline" if i == 0 else f"row {i}"] = one
    return named


def with_paths(named, tmp_path):
    return {name: one._replace(path=tmp_path / "parts" / name) for name, one in named.items()}


def test_gains_are_scipys_paired_intervals_at_bonferronis_level():
    named = results(0.4, 0.42, 0.405)
    rows = ablation.compare(named)
    assert rows[0].gains == {}
    base = named["baseline"].outcome.test.accuracy[0]
    for row in rows[1:]:
        of = scipy_stats.ttest_rel(row.result.outcome.test.accuracy[0], base)
        low, high = of.confidence_interval(1 - 0.05 / 2)
        np.testing.assert_allclose((row.gains["test"].low, row.gains["test"].high), (low, high), rtol=1e-9)
        assert row.gains["valid"].mean == pytest.approx(
            np.mean(row.result.outcome.scores[0] - named["baseline"].outcome.scores[0])
        )


def test_seeds_are_matched_by_number_and_diverged_runs_left_out():
    named = results(0.4, 0.5)
    other = named["row 1"]
    order = [5, 0, 3, 2]
    plan = other.plan._replace(seeds=tuple(order))
    accuracy = other.outcome.test.accuracy[:, order]
    outcome = other.outcome._replace(
        train=other.outcome.train._replace(cost=other.outcome.train.cost[:, order]),
        valid=other.outcome.valid._replace(
            cost=other.outcome.valid.cost[:, order], accuracy=other.outcome.valid.accuracy[:, order]
        ),
        test=other.outcome.test._replace(accuracy=accuracy, loss=accuracy, cost=accuracy),
        seconds=other.outcome.seconds[:, order],
    )
    outcome.train.cost[0, 1] = np.inf  # seed 0
    named["row 1"] = other._replace(plan=plan, outcome=outcome)
    gain = ablation.compare(named)[1].gains["test"]
    kept = [5, 3, 2]
    base = named["baseline"].outcome.test.accuracy[0, kept]
    assert gain.n == 3
    assert gain.mean == pytest.approx(np.mean(accuracy[0, [0, 2, 3]] - base))


def test_words_follow_the_intervals(tmp_path):
    said = ablation.draw(with_paths(results(0.4, 0.45, 0.35, 0.4001), tmp_path), "Parts").remarks
    assert said[0].startswith("Significantly better than baseline on test: row 1 (+")
    assert said[1].startswith("Significantly worse than baseline on test: row 2 (-")
    assert said[2].startswith("Not significantly different from baseline on test: row 3 (-")
    assert len(said) == 3


def test_two_seeds_and_equal_gains_have_no_interval(tmp_path):
    assert ablation.draw(with_paths(results(0.4, 0.5, n_seeds=2), tmp_path), "Parts").remarks == [
        "Too few seeds for an interval: row 1."
    ]
    named = results(0.4)
    said = ablation.draw(with_paths({**named, "same": named["baseline"]}, tmp_path), "Parts").remarks
    assert said == ["With every seed the same gain, so that there is no interval: same (+0.00 points)."]


def test_what_was_validated_on_other_images_is_compared_on_test_alone(tmp_path):
    named = results(0.4, 0.45)
    other = named["row 1"]
    fold = other.plan.splits
    moved = fold._replace(valid=fold.valid._replace(X=fold.valid.X[::-1]))
    named["row 1"] = other._replace(plan=other.plan._replace(folds=(moved,)))
    drawn_report = ablation.draw(with_paths(named, tmp_path), "Parts")
    assert ablation.compare(named)[1].gains["valid"].n == 0
    assert drawn_report.tables[1].rows[0][3:5] == ["–", "–"]
    assert drawn_report.remarks[1].startswith("Validated on other images than baseline")


def test_a_row_that_diverged_says_so(tmp_path):
    named = results(0.4, np.nan)
    report = ablation.draw(with_paths(named, tmp_path), "Parts")
    assert report.tables[0].rows[1][1] == "diverged"
    assert report.remarks == ["Too few seeds for an interval: row 1."]


@pytest.mark.parametrize("n_rows", [1, 20, 40])
def test_the_forest_names_its_rows(tmp_path, n_rows):
    named = with_paths(results(0.4, *np.linspace(0.39, 0.43, n_rows)), tmp_path)
    fig = ablation.draw(named, "Parts").figures["gains"]
    texts = drawn(fig)
    assert {f"row {i + 1}" for i in range(min(n_rows, ablation.MAX_ROWS))} <= {*texts}
    assert any("the first 24 of 40" in text.replace("\n", " ") for text in texts) == (n_rows == 40)
    assert fig.get_size_inches()[1] <= 7.5


def test_a_baseline_alone_has_accuracies(tmp_path):
    report = ablation.draw(with_paths(results(0.4), tmp_path), "Parts")
    assert [table.name for table in report.tables] == ["accuracy"]
    assert not report.figures
