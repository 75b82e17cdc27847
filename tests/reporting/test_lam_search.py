import numpy as np
import pytest
import searches

from dd2424_jax import choice

LAMS = [0.001, 0.01, 0.1]


def said(scores, lams=LAMS):
    return " ".join(searches.words(choice.choose(lams, scores, 5000)))


def near(*means, n_seeds=6):
    """Scores [n_lam, n_seeds] with these means, each seed a little off."""
    noise = np.random.default_rng(0).normal(0, 0.002, (len(means), n_seeds))
    return np.array(means)[:, None] + noise - noise.mean(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("means", "text"),
    [
        ((0.5, 0.5005, 0.3), "λ from 0.001 to 0.01 cannot be told apart with 6 seeds; chosen: 0.01."),
        ((0.5, 0.3, 0.5005), "λ = 0.001 and 0.1 cannot be told apart with 6 seeds; chosen: 0.1."),
        ((0.5, 0.3, 0.2), "Every other λ is told apart from 0.001 with 6 seeds; chosen: 0.001."),
        ((0.5, 0.3, 0.2), "WARNING: the best λ is the lowest of the search; a smaller one may be better still."),
        ((0.2, 0.3, 0.5), "WARNING: the best λ is the highest of the search; a larger one may be better still."),
        ((0.2, 0.5, 0.5), "The validation set's own standard error is 0.71 points"),
    ],
)
def test_words_follow_from_numbers(means, text):
    assert text in said(near(*means))


def test_few_seeds_are_warned_of():
    assert "WARNING" not in said(near(0.2, 0.5, 0.2))
    assert "WARNING: with 5 seeds" in said(near(0.2, 0.5, 0.2, n_seeds=5))
    alone = said(near(0.2, 0.5, 0.2, n_seeds=1))
    assert "λ from 0.001 to 0.1 cannot be told apart with 1 seed; chosen: 0.01." in alone
    assert "too high" not in alone


def test_one_lam_is_the_only_one():
    assert "λ = 0.3 is the only one tried with 6 seeds; chosen: 0.3." in said(near(0.5), [0.3])
