import errno
import os
from pathlib import Path

import pytest

from dd2424_jax.runs import directory, latest
from tests.runs.test_directory import OTHER, finish, newest, open_run


@pytest.fixture
def two(tmp_path):
    """Two finished runs of one configuration, the older first."""
    paths = finish(tmp_path), finish(tmp_path, force=True)
    for i, path in enumerate(paths):
        os.utime(path / "summary.json", (i, i))
    return paths


def test_a_revised_run_stays_as_new_as_it_was(two, tmp_path):
    directory.Run(two[0]).revise({"revised": True})
    assert directory.Run(two[0]).summary == {"revised": True}
    assert latest.finished(tmp_path, "e") == [two[1], two[0]]


def test_latest_is_the_newest_run_whichever_is_finalised(two, tmp_path):
    directory.Run(two[0]).finalise()
    assert newest(tmp_path) == two[1]


def test_latest_works_without_links(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refused)
    path = finish(tmp_path)
    assert (path.parent / "latest").read_text() == path.name
    assert latest.finished(tmp_path, "e") == [path]


def test_litter_beside_latest_is_removed(tmp_path):
    finish(tmp_path)
    old, new = tmp_path / "e" / ".latest-99999999", tmp_path / "e" / ".latest-99999998"
    for link in (old, new):
        link.symlink_to("run")
    os.utime(old, (0, 0), follow_symlinks=False)
    finish(tmp_path, identity=OTHER)
    assert not old.is_symlink()
    assert new.is_symlink()  # another process may be about to rename it


def test_a_link_where_latest_is_made_leads_nowhere(tmp_path):
    (tmp_path / "precious").write_text("all")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / f".latest-{os.getpid()}").symlink_to(tmp_path / "precious")
    assert finish(tmp_path) == newest(tmp_path)
    assert (tmp_path / "precious").read_text() == "all"


def test_finished_runs_come_newest_first(tmp_path):
    for i, name in enumerate(("b", "c", "a")):
        with open_run(tmp_path, identity={"lam": i}, name=name) as run:
            if name != "c":
                run.finish({})
                os.utime(run.path / "summary.json", (i, i))
    assert [path.name for path in latest.finished(tmp_path, "e")] == ["a", "b"]
    assert latest.finished(tmp_path, "nothing") == []


def test_a_latest_that_copies_made_a_folder_stays_and_runs_finish(tmp_path):
    (tmp_path / "e" / "latest").mkdir(parents=True)
    (tmp_path / "e" / "latest" / "summary.json").write_text("{}")
    path = finish(tmp_path)
    assert latest.finished(tmp_path, "e") == [path]
    assert sorted(entry.name for entry in path.parent.iterdir()) == sorted([path.name, "latest"])


@pytest.mark.parametrize("name", ["latest", ".latest-notes"])
def test_what_somebody_else_has_there_stays(tmp_path, name):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / name).write_text("mine")
    os.utime(tmp_path / "e" / name, (0, 0))
    finish(tmp_path)
    assert (tmp_path / "e" / name).read_text() == "mine"


@pytest.mark.parametrize("how", ["a link", "a file", "nothing"])
def test_a_latest_that_leads_nowhere_is_mended_when_it_is_followed(two, tmp_path, how):
    link = tmp_path / "e" / "latest"
    link.unlink()
    if how == "a link":
        link.symlink_to("removed")
    if how == "a file":
        link.write_text(two[0].name)  # as it stands for a link
    assert latest.followed(link) == two[1]
    assert newest(tmp_path) == two[1]
    assert latest.followed(two[0]) == two[0]
    assert latest.followed(tmp_path / "nothing" / "latest") == tmp_path / "nothing" / "latest"
