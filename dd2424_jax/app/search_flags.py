"""The flags of searches."""

from absl import flags

from dd2424_jax import race
from dd2424_jax.app import kinds
from dd2424_jax.app.command_line import IMAGES, group


def define_search_flags():
    """How a search compares its settings, and how it is shown."""
    flags.DEFINE_boolean("published", False, "draw what one report found by its searches for λ over the figure")
    flags.DEFINE_enum(
        "variances",
        "separate",
        ["separate", "equal"],
        "of the differences between settings: each its own, or one of all settings that pass a test (sharper)",
    )
    flags.DEFINE_float(
        "margin",
        0.5,
        "the difference that matters, in points: what power is of, and where a race may end; 0 to 100",
        lower_bound=0.0,
        upper_bound=100.0,
    )
    flags.DEFINE_boolean("race", False, "settings that are significantly worse at a look get no more seeds")
    kinds.define_integers("looks", race.Race().looks, "of a race: after how many seeds to compare; ascending", least=3)
    _define_n_splits()


@group(IMAGES)
def _define_n_splits():
    flags.DEFINE_integer(
        "n_splits", 1, "how many different sets of images are held out, seeds in turn; divides n_seeds", lower_bound=1
    )
    flags.register_multi_flags_validator(
        ["n_splits", "n_seeds", "race"],
        lambda f: f["race"] or f["n_seeds"] % f["n_splits"] == 0,
        "n_splits must divide n_seeds",
    )
