import jax
import numpy as np
import pytest

from dd2424_jax import memory, train
from dd2424_jax.memory import TooLarge

SMALL = train.Config((3072, 50, 10), 100, (1,))
LARGE = train.Config((3072, 5000, 5000, 10), 100, (1,))
N_WEIGHTS = 3072 * 5000 + 5000 * 5000 + 5000 * 10


def test_as_many_runs_as_fit_in_memory_are_trained_at_once(monkeypatch):
    monkeypatch.setattr(memory, "of_host", lambda: 2**34)
    assert memory.runs_that_fit(SMALL, jax.devices()) == memory.MAX_RUNS_AT_ONCE
    assert 1 <= memory.runs_that_fit(LARGE, jax.devices()) < 2**34 / (4 * N_WEIGHTS)  # with gradients and updates
    kept = train.Config(SMALL.sizes, 100, (*range(1, 100),), snapshots=(*range(1, 99),))
    n_weights = 3072 * 50 + 50 * 10
    assert memory.of_run(kept) - memory.of_run(SMALL) >= 98 * 4 * n_weights
    assert memory.runs_that_fit(kept, jax.devices()) < memory.MAX_RUNS_AT_ONCE
    monkeypatch.setattr(memory, "of_host", lambda: 2**31)  # more than half of it for one
    assert memory.runs_that_fit(LARGE, jax.devices()) == 1


def test_runs_that_do_not_fit_are_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(memory, "of_host", lambda: 10**9)
    with pytest.raises(TooLarge, match=r"a run of 40,410,000 weights takes 1.37 GB of 1 GB of memory: .* units"):
        memory.runs_that_fit(LARGE, jax.devices())
    kept = train.Config(SMALL.sizes, 100, (*range(1, 1000),), snapshots=(*range(1, 999),))
    with pytest.raises(TooLarge, match=r"a run of 154,100 weights with 998 snapshots takes .* fewer units or cycles"):
        memory.runs_that_fit(kept, jax.devices())
    with pytest.raises(TooLarge, match=r"--runs_at_once=1,000: so many runs take .* GB of 1 GB"):
        memory.runs_that_fit(SMALL, jax.devices(), 1000)
    assert memory.runs_that_fit(SMALL, jax.devices(), 100) == 100


def test_what_comes_of_all_runs_must_fit_on_the_host(monkeypatch):
    monkeypatch.setattr(memory, "of_host", lambda: 10**9)
    memory.check((3072, 50, 10), 10_000, 40)  # whose weights, 6 GB, are never all there
    with pytest.raises(TooLarge, match=r"1,000,000 runs of 154,100 weights, each evaluated 40 times, take 9.86 GB"):
        memory.check((3072, 50, 10), 1_000_000, 40)
    with pytest.raises(TooLarge, match=r"1 run of .* evaluated 1,000,000,000 times, take 344 GB"):
        memory.check((3072, 10), 1, 10**9)
    with pytest.raises(TooLarge, match=r"takes? .* PB"):
        memory.check((3072, 10**30, 10), 1, 1)


@pytest.mark.parametrize(
    ("cgroup", "files", "limit"),
    [
        ("0::/job\n", {"job/memory.max": "1000", "memory.max": "max"}, 1000),
        ("0::/job/step\n", {"job/memory.max": "1000", "job/step/memory.max": "max"}, 1000),  # of the one above
        ("0::/job\n", {"memory.max": "3000"}, 3000),  # in a container, which sees its own as the root
        ("5:cpu:/\n4:memory:/slurm\n", {"memory/slurm/memory.limit_in_bytes": "2000"}, 2000),
        ("3:cpu,memory:/\n", {"memory/memory.limit_in_bytes": "4000"}, 4000),
        ("0::/\n", {"memory.max": "max"}, None),
        ("nonsense", {}, None),
    ],
)
def test_a_cgroups_limit_counts(tmp_path, monkeypatch, cgroup, files, limit):
    machine = memory.of_host()
    (tmp_path / "cgroup").write_text(cgroup)
    for name, content in files.items():
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "root")
    monkeypatch.setattr(memory, "OWN_CGROUPS", tmp_path / "cgroup")
    assert memory.of_host() == (limit or max(machine, memory.of_host()))


def test_sizes_are_short():
    sizes = {0: "0 bytes", 999: "999 bytes", 999_600: "1 MB", 25_300_000_000: "25.3 GB", 10**20: "100,000 PB"}
    assert {n: memory.size(n) for n in sizes} == sizes


def test_images_are_packed_where_they_take_a_quarter_of_the_memory_at_most(monkeypatch):
    X, devices = np.zeros((100, 10), np.uint8), jax.devices()[:2]
    monkeypatch.setattr(memory, "of_devices", lambda _: 16_000)
    assert memory.fits_packed(X, devices)
    monkeypatch.setattr(memory, "of_devices", lambda _: 15_999)
    assert not memory.fits_packed(X, devices)


def test_freed_memory_is_kept_where_the_c_library_is_known_to(monkeypatch):
    memory.keep_freed()
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    memory.keep_freed()
