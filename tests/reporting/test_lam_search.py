import re

import matplotlib.patches
import numpy as np
import pytest

from dd2424_jax import choice, schedules
from dd2424_jax.reporting import lam_search, r3, search_words
from tests.reporting.results import concluded, crossed, drawn, near, plan

pytestmark = pytest.mark.filterwarnings("error")
LAMS = [0.001, 0.01, 0.1]
GRID = dict(zip(("lam", "lr_max"), crossed([0.01, 0.1], [0.05, 0.1, 0.2]), strict=True))
GRID_SCORES = near(0.5, 0.52, 0.5, 0.4, 0.5205, 0.45)  # the best is (0.1, 0.1), and (0.01, 0.1) indistinguishable


def draw(result, overlay=False):
    return lam_search.draw(result, "Coarse search", overlay=overlay)


def said(scores, lam=LAMS, lr_max=0.1):
    planned = plan(lam, lr_max)
    chosen = choice.choose(planned.hypers.lam, scores, 5000)
    return " ".join(search_words.sentences(chosen, planned, seconds=60.0))


@pytest.mark.parametrize(
    ("means", "text"),
    [
        ((0.5, 0.5005, 0.3), "λ from 0.001 to 0.01 is indistinguishable from the best with 6 seeds; chosen: λ = 0.01."),
        ((0.5, 0.3, 0.5005), "2 of 3 settings are indistinguishable from the best (λ = 0.001; λ = 0.1) with 6 seeds"),
        ((0.5, 0.3, 0.2), "Every other setting is significantly worse than λ = 0.001 with 6 seeds; chosen: λ = 0.001."),
        ((0.5, 0.3, 0.2), "WARNING: the best λ is the lowest of the search; a smaller one may be better still."),
        ((0.2, 0.3, 0.5), "WARNING: the best λ is the highest of the search; a larger one may be better still."),
        ((0.2, 0.5, 0.5), "a standard error of 0.71 points to every accuracy"),
        ((0.2, 0.5, 0.4), "The one-standard-error rule chooses λ = 0.01"),
    ],
)
def test_words_follow_from_numbers(means, text):
    assert text in said(near(*means))


def test_few_seeds_are_warned_of():
    assert "WARNING" not in said(near(0.2, 0.5, 0.2, n_seeds=3))
    two = said(near(0.2, 0.5, 0.2, n_seeds=2))
    assert "WARNING: 2 seeds can't show that any setting is worse: it takes 3. To exclude one that is 0.5 points" in two
    assert "λ from 0.001 to 0.1 is indistinguishable from the best with 2 seeds" in two
    alone = said(near(0.2, 0.5, 0.2, n_seeds=1))
    assert "λ from 0.001 to 0.1 is indistinguishable from the best with 1 seed; chosen: λ = 0.01." in alone
    assert "too high" not in alone
    assert "WARNING: 1 seed can't show" in alone


def test_power_and_what_more_seeds_would_cost_are_said():
    scores = near(0.5, 0.505, 0.5, n_seeds=4) + np.random.default_rng(1).normal(0, 0.005, (3, 4))
    planned = plan(LAMS)
    chosen = choice.choose(planned.hypers.lam, scores, 5000)
    text = " ".join(search_words.sentences(chosen, planned, seconds=60.0))
    power, needed = chosen.power.power, chosen.power.seeds_needed
    said = (
        f"With 4 seeds, a setting that is 0.5 points worse is excluded with a power of {100 * power:.0f} %; 80 % would"
    )
    assert f"{said} take {needed} seeds (about {3 * (needed - 4)} minutes more" in text
    enough = " ".join(search_words.sentences(choice.choose(LAMS, near(0.5, 0.6, 0.5), 5000, margin=0.05), planned, 1.0))
    assert "a setting that is 5 points worse is excluded with a power of 100 %." in enough


def test_equal_variances_are_said_to_be_assumed_with_a_test_of_them():
    scores = near(*[0.5] * 6, n_seeds=8)
    scores[2] += [-0.1, 0.1, 0.1, -0.1, 0.1, -0.1, -0.1, 0.1]
    result = concluded(list(np.geomspace(1e-5, 1, 6)), scores=scores)
    report = lam_search.draw(result, "Search", variances="equal")
    caption = report.tables[1].caption
    assert "adjusted (Dunnett), is at most 0.05: " in caption
    assert "; assumes equal variances (p of Bartlett's test: < 0.001)" in caption
    apart = "Compared separately, as their variance may be larger (F test): "
    assert [remark for remark in report.remarks if remark.startswith(apart) and "λ = 0.001" in remark]
    assert "assumes" not in draw(result).tables[1].caption


def test_of_several_held_out_sets_it_is_said_whose_the_variance_is():
    rng = np.random.default_rng(0)
    folds, planned = np.arange(12) % 4, plan(LAMS, n_seeds=12)
    planned = planned._replace(folds=planned.folds * 4)
    scores = 0.5 + rng.normal(0, 0.02, (3, 4))[:, folds] + rng.normal(0, 0.001, (3, 12))
    chosen = choice.choose(LAMS, scores, 5000, folds=folds)
    text = " ".join(search_words.sentences(chosen, planned, 1.0))
    assert "12 seeds on 4 held-out sets; chosen" in text
    assert re.search(r"of a difference between two settings, (9\d|100) % is of the images held out", text)
    single = choice.choose(LAMS, scores[:, :4], 5000, folds=folds[:4])
    assert "can't be separated" in " ".join(search_words.sentences(single, planned, 1.0))


def test_one_setting_is_the_only_one():
    assert "λ = 0.3 is the only setting tried with 6 seeds; chosen: λ = 0.3." in said(near(0.5), [0.3])


def test_words_of_a_two_way_search_name_both_hyperparameters():
    text = said(GRID_SCORES, **GRID)
    assert "2 of 6 settings are indistinguishable from the best (λ = 0.01, η_max = 0.1; λ = 0.1, η_max = 0.1)" in text
    assert "WARNING: the best λ is the highest of the search" in text
    assert "best η_max" not in text


def test_a_search_of_lam_has_its_tables_its_choice_and_no_heat_map():
    result = concluded(LAMS, scores=near(0.5, 0.5005, 0.3))
    report = draw(result)
    accuracies, differences = report.tables
    assert accuracies.header[:2] == ["λ", "train %"]
    assert "Coarse search for λ on SYNTHETIC" in accuracies.caption
    assert differences.header == ["λ", "points", "interval", "p", "significantly worse"]
    assert [row[-1] for row in differences.rows] == ["no", "chosen", "yes"]
    assert differences.rows[2][1] == "-20.05"
    assert differences.rows[2][2].endswith("to +0.00")
    assert differences.rows[1][1:4] == ["+0.05", differences.rows[1][2], "–"]  # before the second best
    assert "simultaneous 95 % confidence intervals (Hsu's" in differences.caption
    assert "adjusted (Holm), is at most 0.05" in differences.caption
    assert report.remarks[0].startswith("The three best on validation: λ = 0.01 (50.05 ± ")
    assert report.summary["choice"]["best"] == {"lam": 0.01, "lr_min": 1e-5, "lr_max": 0.1}
    assert [own["lam"] for own in report.summary["choice"]["indistinguishable"]] == [0.001, 0.01]
    assert report.summary["choice"]["words"] == report.remarks[1:]
    scores, below = report.figures["search"].axes
    assert not scores.images
    assert (scores.get_xlabel(), scores.get_xscale()) == ("", "log")
    assert (below.get_xlabel(), below.get_xscale()) == ("λ", "log")
    assert any("chosen" in text for text in drawn(report.figures["search"]))


def test_a_two_way_search_has_a_heat_map_with_the_indistinguishable_framed():
    report = draw(concluded(**GRID, scores=GRID_SCORES))
    assert report.tables[1].header[:2] == ["λ", "η_max"]
    heat_map, _ = report.figures["search"].axes
    np.testing.assert_allclose(heat_map.images[0].get_array(), GRID_SCORES.mean(axis=1).reshape(2, 3))
    frames = [patch.get_center() for patch in heat_map.patches if isinstance(patch, matplotlib.patches.Rectangle)]
    np.testing.assert_allclose(frames, [(1, 0), (1, 1)], atol=1e-12)  # η_max = 0.1, at both λ
    assert heat_map.get_xlabel() == report.figures["search"].legends[0].get_texts()[0].get_text().split(" =")[0]
    drawn(report.figures["search"])


PAIRED = {"lam": LAMS, "lr_max": [0.1, 0.2, 0.3]}


def test_settings_that_differ_in_several_numbers_but_are_not_crossed_go_by_their_names():
    scores, differences = draw(concluded(**PAIRED, scores=near(0.4, 0.5, 0.3))).figures["search"].axes
    assert not scores.images
    assert scores.get_xlim() == differences.get_xlim()
    names = [label.get_text() for label in differences.get_xticklabels()]
    assert names[1] == r"λ = 0.01, $\eta_{\mathrm{max}}$ = 0.2"


@pytest.mark.parametrize("about", [{"lam": LAMS}, PAIRED])
def test_the_legend_hides_nothing_outside_of_the_axes(about):
    fig = draw(concluded(**about, scores=near(0.4, 0.5, 0.3))).figures["search"]
    drawn(fig)
    legend = fig.legends[0].get_window_extent()
    texts = [*fig.texts, *(text for ax in fig.axes for text in (*ax.get_xticklabels(), ax.xaxis.label, ax.title))]
    assert not [text.get_text() for text in texts if legend.overlaps(text.get_window_extent())]


@pytest.mark.parametrize("lam", [[0.3], LAMS])
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_one_or_many_settings_and_seeds_are_drawn_without_warnings(lam, n_seeds):
    report = draw(concluded(lam, scores=near(*[0.5] * len(lam), n_seeds=n_seeds)))
    for fig in report.figures.values():
        drawn(fig)


def test_diverged_runs_have_no_numbers_and_are_not_called_significant():
    scores = near(0.5, 0.4, 0.5, n_seeds=6)
    scores[2], scores[1, 0] = np.nan, np.nan
    accuracies, differences = draw(concluded(LAMS, scores=scores)).tables
    assert [row[-1] for row in accuracies.rows] == ["0", "1", "6"]
    assert [row[-1] for row in differences.rows] == ["chosen", "diverged", "diverged"]
    assert differences.rows[2][1:] == ["–", "–", "–", "diverged"]
    assert "Every other setting diverged or is significantly worse than λ = 0.001 with 6 seeds" in said(scores)


@pytest.mark.parametrize("about", [{"lam": LAMS}, GRID])
def test_a_search_of_which_every_run_diverged_is_drawn_and_chooses_nothing(about):
    report = draw(concluded(**about, scores=np.full((len(about["lam"]), 2), np.nan)))
    assert len(report.tables) == 1
    assert report.remarks == ["The three best on validation: none, as every run diverged."]
    assert report.summary["choice"] is None
    for fig in report.figures.values():
        drawn(fig)


def test_published_searches_are_drawn_over_a_search_of_lam_alone(monkeypatch):
    def overlaid(**about):
        fig = draw(concluded(**about), overlay=True).figures["search"]
        legend = (fig.legends or [None])[0]
        return legend and any("report" in text.get_text() for text in legend.get_texts())

    assert not overlaid(lam=LAMS, scores=near(0.4, 0.5, 0.3))  # of other images
    monkeypatch.setattr(r3, "can_overlay", lambda _: True)
    assert overlaid(lam=LAMS, scores=near(0.4, 0.5, 0.3))
    assert not overlaid(lam=0.1, lr_max=[0.1, 0.2], scores=near(0.4, 0.5))
    assert not overlaid(**GRID, scores=GRID_SCORES)


def test_a_search_needs_and_shows_no_test_metrics():
    result = concluded(LAMS, scores=near(0.4, 0.5, 0.3))
    assert result.outcome.test is None
    assert result.plan.splits.test is None
    report = draw(result)
    assert not any("test" in cell for table in report.tables for cell in [table.caption, *table.header])


def test_a_search_at_constant_rates_speaks_of_eta():
    rates = [0.1, 0.2]
    result = concluded(0.1, rates, lr_min=rates, schedule=schedules.constant, scores=near(0.4, 0.5))
    assert draw(result).tables[0].header[0] == "η"
