"""What stands in front."""

from types import SimpleNamespace

from dd2424_jax.page import page, verdicts
from dd2424_jax.stats import Estimate


def part(name, *flags):
    return SimpleNamespace(name=name, item=SimpleNamespace(flags=flags), has_preset="--preset=r3" in flags)


def own(claim, verdict, n):
    return {
        "claim": claim,
        "verdict": verdict,
        "n": n,
        "amount": "+1",
        "interval": "",
        "reports": "",
        "file": "runs.csv",
    }


FEW, MANY, THEIRS = part("search"), part("search-n_seeds-20", "--n_seeds=20"), part("search-preset-r3", "--preset=r3")
FOUND = [
    (FEW, own("a", "cannot be told", 3)),
    (FEW, own("b", "supported", 3)),
    (MANY, own("a", "refuted", 20)),
    (THEIRS, own("a", "supported", 30)),
    (THEIRS, own("c", "supported", 30)),
]


def test_a_claim_counts_once_by_its_most_seeds_in_the_courses_settings():
    nothing = verdicts.reproduced({})
    assert page.brief(nothing, FOUND).endswith("settings: 1 refuted, 1 supported.")
    assert page.brief(nothing, FOUND).startswith("Of 2 claims")
    assert page.brief(nothing, []) == ""


def test_the_last_networks_accuracies_come_first():
    ours = {("final_model", 0.003, 0.1): Estimate(5, 51.98, 0.29, 51.6, 52.3)}
    said = page.brief(verdicts.reproduced(ours), [])
    assert said.startswith("Assignment 2, final network, m = 50: 51.98 ± 0.29 % of the test images (5 seeds).")
    assert said.endswith("Of 1 accuracies that many authors publish: 1 reproduced.")


def test_equal_claims_stand_together_and_say_with_which_flags():
    rows = page.findings(FOUND).rows
    assert [row[0] for row in rows] == ["a", "a, with --n_seeds=20", "a, with --preset=r3", "b", "c, with --preset=r3"]
    assert rows[1][1:] == ["refuted", "+1", "", "20", "–", "search-n_seeds-20, runs.csv"]
