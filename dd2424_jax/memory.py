"""Memory: how much there is, how much runs need by formula, and what is refused because it can't fit."""

import contextlib
import ctypes
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import jax

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None

from dd2424_jax import evaluation, train
from dd2424_jax.io.terminal import Mendable

COPIES = 8  # of its weights that a run may need: parameters, gradient, update, optimizer, and a checkpoint on its way
COPIES_OF_SNAPSHOTS = 3  # of each: as they are kept, and as a checkpoint is read back
MAX_RUNS_AT_ONCE = 1024  # more gain nothing, and a checkpoint holds them all
UNKNOWN = 8 * 2**30  # bytes, where a machine does not say
COPIES_OF_EVALUATIONS = 6  # of all runs, while they are gathered, written and read back
BYTES_OF_A_RUN = 4096  # on its way to its row of runs.csv
NUMBERS_OF_AN_EVALUATION = 6  # of a run: loss, cost and accuracy on two splits
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
BYTES_OF_A_STEP = 200  # at which there is an evaluation, in a list and as JSON
CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


class TooLarge(Mendable):
    """What is asked for can't fit; the message says how much it takes and how much there is."""


def n_weights(sizes: Sequence[int]) -> int:
    """Of a network with so many units in every layer."""
    return sum(m * d for d, m in itertools.pairwise(sizes))


def keep_freed() -> None:
    """Have the C library keep what is freed, up to a GiB, for what is asked for next.

    Else it gives the buffers of matrix products back to the system after each, which then clears them page by page:
    in sweeps of few runs, updates take a third longer, and twice as long in bfloat16. Only glibc is known to.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 2**25)  # the most that it takes
        mallopt(M_TRIM_THRESHOLD, 2**30)


def of_run(config: train.Config) -> int:
    """Bytes that a run needs while it is trained and evaluated."""
    widths, images = sum(config.sizes[1:]), max(config.n_batch, evaluation.CHUNK)
    copies = COPIES + COPIES_OF_SNAPSHOTS * len(config.snapshots)
    return 4 * (copies * n_weights(config.sizes) + 2 * images * widths + config.n_batch * config.sizes[0])


def of_devices(devices: Sequence[jax.Device]) -> int:
    """Bytes that these devices have, all together; those of a CPU share the host's."""
    stats = devices[0].memory_stats()  # a CPU has none
    return len(devices) * stats["bytes_limit"] if stats else of_host()


def of_host() -> int:
    """Bytes that this process may use: of the machine, or of its cgroup, as SLURM and Kubernetes set it."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        machine = UNKNOWN
    return min([machine, *_cgroup_limits(), *_limits_of_process()])


def _limits_of_process() -> list[int]:
    if resource is None:
        return []
    return [limit for limit in resource.getrlimit(resource.RLIMIT_AS) if limit != resource.RLIM_INFINITY]


def runs_that_fit(config: train.Config, devices: Sequence[jax.Device], runs_at_once: int | None = None) -> int:
    """How many runs may be trained at once: so many as are given, else as fit in half of the memory there is.

    It is of all memory, not of what happens to be free, so that a killed sweep is resumed in the same chunks.

    Raises:
      TooLarge: one run, or so many as are given, do not fit.
    """
    there, one = of_devices(devices), of_run(config)
    n = runs_at_once or 1
    if n * one > there:
        kept = f" with {len(config.snapshots):,} snapshots" if config.snapshots else ""
        what = (
            f"--runs_at_once={n:,}: so many runs take"
            if n > 1
            else f"a run of {n_weights(config.sizes):,} weights{kept} takes"
        )
        less = "" if n > 1 else " units or cycles" if kept else " units"
        raise TooLarge(f"{what} {size(n * one)} of {size(there)} of memory: give fewer{less}")
    return runs_at_once or int(min(max(1, there / 2 // one), MAX_RUNS_AT_ONCE))


def _cgroup_limits() -> list[int]:
    """Those of this process's cgroups, of either version, and of all above them."""
    limits = []
    try:
        for line in OWN_CGROUPS.read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            if controllers in ("", "memory") or "memory" in controllers.split(","):
                root, file = (CGROUPS / "memory", "memory.limit_in_bytes") if controllers else (CGROUPS, "memory.max")
                own = root / name.lstrip("/")
                limits += [folder / file for folder in (own, *own.parents) if folder.is_relative_to(root)]
    except (OSError, ValueError):
        return []
    return [int(text) for text in map(_read, limits) if text.isdigit()]


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""  # within a container, its own cgroup is the root


def fits_packed(X, devices: Sequence[jax.Device]) -> bool:
    """Whether images [n, d] as packed z-scores on every device take at most a quarter of the memory there is."""
    return 2 * X.size * len(devices) <= of_devices(devices) / 4


def check(sizes: Sequence[int], n_runs: int, n_evals: int) -> None:
    """What the host will hold of all runs, their evaluations, while it trains at least one.

    Raises:
      TooLarge: it does not fit.
    """
    there = of_host()
    of_one = BYTES_OF_A_RUN + COPIES_OF_EVALUATIONS * 4 * NUMBERS_OF_AN_EVALUATION * n_evals
    needed = n_runs * of_one + 4 * COPIES * n_weights(sizes) + BYTES_OF_A_STEP * n_evals
    if needed > there:
        raise TooLarge(
            f"{n_runs:,} {'run' if n_runs == 1 else 'runs'} of {n_weights(sizes):,} weights, each evaluated "
            f"{n_evals:,} times, take {size(needed)} of {size(there)} of memory: give fewer seeds, settings, units or "
            "evaluations"
        )


def size(n_bytes: float) -> str:
    """As in 5.3 GB."""
    units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while n_bytes >= 999.5 and len(units) > 1:
        n_bytes /= 1000
        units.pop(0)
    return f"{n_bytes:,.0f} {units[0]}" if n_bytes >= 999.5 else f"{n_bytes:.3g} {units[0]}"
