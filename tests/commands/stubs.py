"""What takes long, replaced where a test is about something else."""

import contextlib

import jax
import pytest
from matplotlib.text import Text
from scipy import special

from dd2424_jax import sweep
from dd2424_jax.gradients import cases
from dd2424_jax.reporting import (
    gradients,  # noqa: F401, now: its tables are of all cases
    plots,
)
from dd2424_jax.runs.plan import Plan
from tests.conftest import compiled_for_speed
from tests.runs import examples


@contextlib.contextmanager
def figures_as_text():
    """Files of figures hold what is written in them, which is faster than to render them."""

    def texts(fig, form):
        return "\n".join(text.get_text() for text in fig.findobj(Text)).encode()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "render", texts)
        yield


@contextlib.contextmanager
def untrained():
    """Sweeps come to numbers that are drawn, at once."""

    def drawn(config, rectangles, *_):
        for (hypers, seeds), splits in filter(None, rectangles):
            outcome = examples.outcome(Plan("", config, hypers, seeds, None, (splits,)))
            shares = jax.tree.map(special.expit, (outcome.train, outcome.valid, outcome.test))
            yield outcome._replace(train=shares[0], valid=shares[1], test=shares[2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "each", drawn)
        yield


@contextlib.contextmanager
def small_gradient_check():
    """Without the cases that compute for long; these are in tests/gradients."""
    with pytest.MonkeyPatch.context() as patch, compiled_for_speed():
        patch.setattr(cases, "CASES", (*cases.CASES[:3], cases.CASES[-1]))
        yield
