"""A sweep in chunks of runs: as many at once as memory holds and, on a CPU, as its cores' caches do."""

from collections.abc import Sequence

import jax

from dd2424_jax import memory, train

WEIGHTS_OF_A_CORE = 10 * 2**20  # bytes, of one seed; with four times as many, an update takes a quarter longer


def cut(
    config: train.Config, shape: tuple[int, int], devices: Sequence[jax.Device], runs_at_once: int | None = None
) -> list[tuple[slice, slice]]:
    """The runs [n_settings, n_seeds] in chunks (settings, seeds) that are trained one after another.

    A seed's settings are kept together as far as runs_at_once and, on a CPU, its cores' caches allow.

    Raises:
      memory.TooLarge: a run does not fit.
    """
    n_settings, n_seeds = shape
    runs_at_once = memory.runs_that_fit(config, devices, min(runs_at_once or 0, n_settings * n_seeds))
    settings_per_chunk = min(n_settings, runs_at_once)
    if devices[0].platform == "cpu":
        settings_per_core = max(1, WEIGHTS_OF_A_CORE // (4 * memory.n_weights(config.sizes)))
        settings_per_chunk = min(settings_per_chunk, jax.process_count() * len(devices) * settings_per_core)
    settings_per_chunk = _even(n_settings, settings_per_chunk)
    seeds_per_chunk = _even(n_seeds, runs_at_once // settings_per_chunk)
    return [
        (slice(i, min(i + settings_per_chunk, n_settings)), slice(j, min(j + seeds_per_chunk, n_seeds)))
        for j in range(0, n_seeds, seeds_per_chunk)
        for i in range(0, n_settings, settings_per_chunk)
    ]


def _even(n: int, most: int) -> int:
    """How many of n a part has, at most so many, where parts are as alike as can be: each shape is compiled."""
    return -(-n // -(-n // most))
