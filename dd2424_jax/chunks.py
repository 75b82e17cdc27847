"""A sweep in chunks of runs: as many at once as memory holds and, on a CPU, as its cores' caches do."""

import itertools
import os
from collections.abc import Sequence

import jax

from dd2424_jax import evaluation, train

MAX_RUNS_AT_ONCE = 1024  # more gain nothing, and a checkpoint holds them all
COPIES = 8  # of its weights that a run may need: parameters, gradient, update, optimizer, and a checkpoint on its way
WEIGHTS_OF_A_CORE = 10 * 2**20  # bytes, of one seed; with four times as many, an update takes a quarter longer


def cut(
    config: train.Config, shape: tuple[int, int], devices: Sequence[jax.Device], runs_at_once: int | None = None
) -> list[tuple[slice, slice]]:
    """The runs [n_settings, n_seeds] in chunks (settings, seeds) that are trained one after another.

    A seed's settings are kept together as far as runs_at_once and, on a CPU, its cores' caches allow.
    """
    n_settings, n_seeds = shape
    runs_at_once = runs_at_once or runs_that_fit(config, devices)
    settings_per_chunk = min(n_settings, runs_at_once)
    if devices[0].platform == "cpu":
        settings_per_core = max(1, WEIGHTS_OF_A_CORE // _weight_bytes(config))
        settings_per_chunk = min(settings_per_chunk, jax.process_count() * len(devices) * settings_per_core)
    n_parts = -(-n_settings // settings_per_chunk)
    settings_per_chunk = -(-n_settings // n_parts)  # all chunks alike, as each shape is compiled
    seeds_per_chunk = runs_at_once // settings_per_chunk
    return [
        (slice(i, min(i + settings_per_chunk, n_settings)), slice(j, min(j + seeds_per_chunk, n_seeds)))
        for j in range(0, n_seeds, seeds_per_chunk)
        for i in range(0, n_settings, settings_per_chunk)
    ]


def runs_that_fit(config: train.Config, devices: Sequence[jax.Device]) -> int:
    """How many runs may be trained at once: by formula, in half of the memory there is; at most MAX_RUNS_AT_ONCE.

    It is of all memory, not of what happens to be free, so that a killed sweep is resumed in the same chunks.
    """
    stats = devices[0].memory_stats()  # a CPU has none
    memory = len(devices) * stats["bytes_limit"] if stats else _host_memory()
    evaluated = 2 * 4 * evaluation.CHUNK * sum(config.sizes[1:])
    return int(min(max(1, memory / 2 // (COPIES * _weight_bytes(config) + evaluated)), MAX_RUNS_AT_ONCE))


def _host_memory() -> int:
    """Bytes of this machine; 8 GiB where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):
        return 8 * 2**30


def _weight_bytes(config: train.Config) -> int:
    return 4 * sum(m * d for d, m in itertools.pairwise(config.sizes))
