import numpy as np
import pytest

from dd2424_jax import network
from dd2424_jax.reporting import plots, templates
from tests.reporting.results import concluded, drawn, near

pytestmark = pytest.mark.filterwarnings("error")


def with_weights(lam, n_units):
    result = concluded(lam, scores=near(*[0.4] * len(lam), n_seeds=2))
    W = np.random.default_rng(2).normal(size=(len(lam), 2, n_units, 3072)) * 1.2 ** np.arange(n_units)[:, None]
    return result._replace(outcome=result.outcome._replace(params=(network.Layer(W, W[..., 0]),))), W


@pytest.fixture
def shown(monkeypatch):
    """The weights that are drawn, in their order."""
    images = []
    monkeypatch.setattr(plots, "template", lambda ax, w: images.append(w))
    return images


def test_classes_are_of_the_first_seed_a_row_a_setting(shown):
    result, W = with_weights([0.01, 0.1], 10)
    fig = templates.of_classes(result)
    np.testing.assert_array_equal(shown, W[:, 0].reshape(20, 3072))
    assert {"automobile", "λ = 0.01"} <= {*drawn(fig)}
    assert "seed 0:" in plots.title(fig)


def test_units_are_of_the_first_seed_the_largest_first(shown):
    result, W = with_weights([0.01], 60)
    title = plots.title(templates.of_units(result))
    np.testing.assert_array_equal(shown, W[0, 0, ::-1][: templates.MAX_UNITS])
    assert "50 of 60 units" in title
    assert "seed 0:" in title
