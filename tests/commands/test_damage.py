"""Whatever happens to a file that is read back, a command ends with the right result, or with one line.

Some cases of each kind of file; `--damages=2000` tries so many.
"""

import contextlib
import functools
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dd2424_jax.app import pipeline
from dd2424_jax.io import checkpoints, records
from dd2424_jax.io.terminal import Mendable
from dd2424_jax.runs.shards import WHOLE, Shard
from tests.app import tried
from tests.conftest import DAMAGES

NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=5), st.just([]), st.just({}))


class Killed(BaseException):
    """Ends a run where it stands."""


# Damage


def cut(draw, content):
    return content[: draw(st.integers(0, len(content)))]


def flipped(draw, content):
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] ^= draw(st.integers(1, 255))
    return bytes(content)


def inserted(draw, content):
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.binary(min_size=1, max_size=50)) + content[at:]


def removed(draw, content):
    first, last = sorted(draw(st.integers(0, len(content))) for _ in range(2))
    return content[:first] + content[last:]


def replaced(draw, content):
    return draw(st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"null", b"{}", b"[" * 9999, b"\xff" * 99])))


def other_json(draw, content):
    """Valid, with a value of another kind, or an entry less or more, somewhere."""
    parent, key = None, None
    here = root = json.loads(content)
    while isinstance(here, dict | list) and here and (parent is None or draw(st.booleans())):
        parent, key = here, draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        here = parent[key]
    change = draw(st.sampled_from(["value", "less", "more"]))
    if change == "less":
        del parent[key]
    else:
        parent["more" if change == "more" and isinstance(parent, dict) else key] = draw(NUMBERS)
    return json.dumps(root).encode()


def other_arrays(draw, content):
    """A valid archive with other arrays; sealed, where that is not simply another run's."""
    arrays = dict(np.load(io.BytesIO(content)))
    of, name = str(arrays.pop("of")), draw(st.sampled_from(sorted(arrays)))
    a = arrays.pop(name)
    change = draw(st.sampled_from(["less", "shape", "type", "more", "value", "of"]))
    if change == "shape":
        arrays[name] = a[..., :-1] if a.ndim else a[None]
    elif change == "type":
        arrays[name] = a.astype("S9")
    elif change != "less":
        arrays[name] = a + 1 if change == "value" and a.dtype.kind in "fiu" else a
        arrays |= {"more": np.zeros(3)} if change == "more" else {}
    if change != "value" and draw(st.booleans()):
        return sealed(f"{of}0" if change == "of" else of, arrays)
    buffer = io.BytesIO()
    np.savez(buffer, of=of, **arrays)
    return buffer.getvalue()


def sealed(of, arrays):
    with tempfile.TemporaryDirectory() as folder:
        records.write_arrays(Path(folder) / "x.npz", of, arrays)
        return (Path(folder) / "x.npz").read_bytes()


def damage(draw, file: Path) -> None:
    content = file.read_bytes()
    kinds = [cut, flipped, inserted, removed, replaced]
    kinds += {".json": [other_json] * 3, ".npz": [other_arrays] * 3}.get(file.suffix, [])
    how = draw(st.sampled_from([*kinds, "missing"]))
    file.unlink()
    if how != "missing":
        file.write_bytes(how(draw, content))


# What is damaged: a finished run, one that was killed, one that is shared, and what a command makes of it

FINISHED = ["config.json", "summary.json", "table.md"]
SHARED = ["config.json", "shard-0-of-2/part-*/curves.npz", "shard-0-of-2/part-*/params.npz"]
FILES = {
    "finished": FINISHED,
    "drawn again": [*FINISHED, "curves.npz", "params.npz"],
    "killed": ["config.json", "part-*/curves.npz", "part-*/params.npz", "checkpoint-001.npz"],
    "shared": SHARED,
    "merged": SHARED,
}


class State(NamedTuple):
    """Run directories as some command has left them, a command, and what it makes of them."""

    folder: Path
    command: Callable[[Path], object]
    expected: tuple


@pytest.fixture(scope="module")
def states(splits, tmp_path_factory) -> Mapping[str, State]:
    plan, root = tried.plan(splits), tmp_path_factory.mktemp("states")

    def run(out_dir, remark="", shard=WHOLE):
        pipeline.run(plan, functools.partial(tried.draw, remark=remark), tried.session(out_dir, shard))

    def killed(out_dir):
        save, n = checkpoints.save, itertools.count()

        def save_or_end(*args, **trees):
            if next(n) == 3:
                raise Killed
            save(*args, **trees)

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
            patch.setattr(checkpoints, "save", save_or_end)
            run(out_dir)

    def first_shard(out_dir):
        with contextlib.suppress(SystemExit):  # the other is missing
            run(out_dir, shard=Shard(0, 2))

    def second_shard(out_dir):
        run(out_dir, shard=Shard(1, 2))

    def both_shards(out_dir):
        first_shard(out_dir)
        second_shard(out_dir)

    for name, make in (("finished", run), ("killed", killed), ("shared", first_shard)):
        make(root / name)
        (other := root / name / "tried" / "other").mkdir()
        (other / "checkpoint-000.npz").write_text(OTHERS)
    commands = {
        "finished": ("finished", run),
        "drawn again": ("finished", functools.partial(run, remark="other")),
        "killed": ("killed", run),
        "shared": ("shared", both_shards),
        "merged": ("shared", second_shard),
    }
    return {
        name: State(root / folder, command, result(root / folder, command, tmp_path_factory.mktemp(name)))
        for name, (folder, command) in commands.items()
    }


OTHERS = "somebody else's"


def result(folder: Path, command, into: Path, spoil=lambda _: None):
    """What a command makes of a copy of a folder: the run's files and what is shown; None where it ends in a line."""
    out_dir, shown = into / "results", io.StringIO()
    shutil.copytree(folder, out_dir, symlinks=True)
    spoil(next(path for path in (out_dir / "tried").iterdir() if path.name not in ("latest", "other")))
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(io.StringIO()):
        try:
            command(out_dir)
            made = tried.contents(out_dir), shown.getvalue().replace(str(out_dir), "")
        except (Mendable, SystemExit):
            made = None
    assert [path.name for path in into.iterdir()] == ["results"]
    assert [path.read_text() for path in (out_dir / "tried" / "other").iterdir()] == [OTHERS]
    return made


@pytest.mark.parametrize(("state", "file"), [(state, file) for state, files in FILES.items() for file in files])
def test_the_right_result_or_one_line(states, request, state, file):
    n = request.config.getoption("--damages")
    folder, command, expected = states[state]
    assert expected is not None

    @settings(
        max_examples=n, derandomize=n == DAMAGES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def of_a_damage(data):
        with tempfile.TemporaryDirectory() as into:
            made = result(folder, command, Path(into), lambda run: damage(data.draw, next(run.glob(file))))
        assert made in (None, expected)
        if file.startswith(("checkpoint", "part")):
            assert made is not None  # its runs start from scratch

    of_a_damage()
