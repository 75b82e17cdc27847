import os

import pytest

from dd2424_jax.runs import directory
from dd2424_jax.runs.directory import ResultError

IDENTITY = {"experiment": "e", "config": {"n_batch": 100, "optimizer": "sgd"}, "lam": [0.1, 1e-5]}
OTHER = IDENTITY | {"lam": 3}


def open_run(root, identity=IDENTITY, **options):
    return directory.open_run(str(root), "e", identity, {"command": ["x"]}, **options)


def finish(root, **options):
    with open_run(root, **options) as run:
        assert not run.finished
        run.finish({"name": run.path.name})
        return run.path


def newest(root):
    return (root / "e" / "latest").resolve()


def test_the_same_configuration_has_its_finished_run(tmp_path):
    path = finish(tmp_path)
    with open_run(tmp_path) as run:
        assert run.finished
        assert run.path == path
        assert run.summary == {"name": path.name}
    config = {"command": ["x"], "identity": IDENTITY, "digest": path.name, "forced": False}
    assert directory.read_config(path) == config
    assert newest(tmp_path) == path
    assert sorted(os.listdir(path)) == ["config.json", "summary.json"]


def test_another_configuration_is_another_directory(tmp_path):
    first, second = finish(tmp_path), finish(tmp_path, identity=OTHER)
    assert first != second
    assert newest(tmp_path) == second


def test_an_unfinished_run_is_resumed(tmp_path):
    with open_run(tmp_path) as run:
        assert not run.resumed
        (run.own / "checkpoint-000.npz").write_text("half way")
    with open_run(tmp_path) as again:
        assert again.path == run.path
        assert again.resumed
        again.finish({})
        assert not (again.path / "checkpoint-000.npz").exists()


def test_what_a_killed_write_left_is_cleared_away(tmp_path):
    with open_run(tmp_path) as run:
        (run.path / ".runs.csv-abc_1234.part").write_text("half")
    with open_run(tmp_path) as again:
        assert sorted(os.listdir(again.path)) == ["config.json", "lock"]


def test_force_leaves_the_finished_run_and_makes_another(tmp_path):
    first = finish(tmp_path)
    before = {file: file.read_bytes() for file in first.iterdir()}
    assert finish(tmp_path, force=True).name == f"{first.name}-2"
    assert finish(tmp_path, force=True).name == f"{first.name}-3"
    assert before == {file: file.read_bytes() for file in first.iterdir()}


def test_an_interrupted_force_is_resumed_but_hides_nothing(tmp_path):
    first = finish(tmp_path)
    with open_run(tmp_path, force=True) as second:
        pass
    with open_run(tmp_path) as run:
        assert run.path == first
    with open_run(tmp_path, force=True) as run:
        assert run.path == second.path != first


def test_what_a_killed_force_left_empty_is_used_by_the_next(tmp_path):
    first = finish(tmp_path)
    with directory.held(first.with_name(f"{first.name}-2")):
        pass
    assert finish(tmp_path, force=True).name == f"{first.name}-2"


def test_force_does_not_resume_what_it_has_not_begun(tmp_path):
    with open_run(tmp_path) as abandoned:
        pass
    with open_run(tmp_path, force=True) as run:
        assert run.path.name == f"{abandoned.path.name}-2"


def test_a_numbered_name_may_be_somebody_elses(tmp_path):
    first = finish(tmp_path, name="run")
    other = finish(tmp_path, name="run-2", identity=OTHER)
    with open_run(tmp_path, name="run") as run:
        assert run.path == first
    assert finish(tmp_path, name="run", force=True).name == "run-3"
    with open_run(tmp_path, name="run-2", identity=OTHER) as run:
        assert run.path == other


def test_a_kill_after_the_summary_is_made_good(tmp_path):
    path = finish(tmp_path)
    (path.parent / "latest").unlink()
    (path / "lock").write_text("process 1 on host")
    (path / "checkpoint-000.npz").write_text("old")
    with open_run(tmp_path) as run:
        assert run.finished
    assert newest(tmp_path) == path
    assert sorted(os.listdir(path)) == ["config.json", "summary.json"]


def test_a_finished_run_is_found_where_nothing_can_be_written(tmp_path, monkeypatch):
    path = finish(tmp_path)
    (path / "lock").write_text("process 1 on host")
    monkeypatch.setattr(os, "access", lambda *_: False)  # to root, everything is writable
    monkeypatch.setattr(directory, "held", None)
    with open_run(tmp_path) as run:
        assert run.finished


def test_a_finished_run_that_is_being_revised_is_waited_for(tmp_path, monkeypatch):
    path = finish(tmp_path)
    monkeypatch.setattr(directory, "PATIENCE", 0)
    with directory.held(path), pytest.raises(ResultError, match=f"being written by process {os.getpid()} on"):
        open_run(tmp_path).__enter__()
    with open_run(tmp_path) as run:
        assert run.finished
    assert sorted(os.listdir(path)) == ["config.json", "summary.json"]


# What can't be used


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        (OTHER, r"lam=\[0.1, 1e-05\] there, 3 here"),
        (IDENTITY | {"config": {"n_batch": 50, "optimizer": "sgd"}}, r"\(config.n_batch=100 there, 50 here\)"),
        (IDENTITY | {"config": {"n_batch": 100}}, r"\(config.optimizer=sgd there, None here\)"),
    ],
)
def test_a_name_of_another_configuration_is_refused_by_what_differs(tmp_path, identity, says):
    assert finish(tmp_path, name="mine").name == "mine"
    with pytest.raises(ResultError, match=f"{says}.*--name"):
        finish(tmp_path, name="mine", identity=identity)


@pytest.mark.parametrize("name", ["../up", "a/b", "latest", ".hidden", "a b"])
def test_impossible_names_are_refused(tmp_path, name):
    with pytest.raises(ResultError, match=r"--name"):
        finish(tmp_path, name=name)


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_damaged_config_is_named(tmp_path, content):
    path = finish(tmp_path)
    (path / "config.json").write_text(content)
    with pytest.raises(ResultError, match=r"config.json is damaged"):
        finish(tmp_path)


def test_a_damaged_run_does_not_block_another(tmp_path):
    path = finish(tmp_path, name="run")
    finish(tmp_path, name="run", force=True)
    (tmp_path / "e" / "run-2" / "config.json").write_text("{")
    with open_run(tmp_path, name="run") as run:
        assert run.path == path
    assert finish(tmp_path, name="run", force=True).name == "run-3"


def test_a_summary_of_another_run_is_named(tmp_path):
    path, other = finish(tmp_path), finish(tmp_path, identity=OTHER)
    os.replace(other / "summary.json", path / "summary.json")
    with open_run(tmp_path) as run, pytest.raises(ResultError, match=r"summary.json is of another run: remove it"):
        _ = run.summary


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ResultError, match=r"--out_dir"):
        finish(tmp_path)


def test_an_out_dir_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"--out_dir"):
        finish(tmp_path / "file")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    notes = tmp_path / "e" / "mine" / "shard-notes"
    notes.mkdir(parents=True)
    with pytest.raises(ResultError, match=r"mine is not a run's: it has shard-notes and no config.json; .*--name"):
        finish(tmp_path, name="mine")
    assert notes.exists()


def test_what_is_cleared_away_is_the_runs_own(tmp_path):
    with directory.open_run(str(tmp_path), "e", IDENTITY, {}) as run:
        for name in ("checkpoint-best.pt", "shard-notes", "checkpoint-000.npz"):
            (run.path / name).write_text("")
        run.finish({})
    assert {file.name for file in run.path.iterdir()} >= {"checkpoint-best.pt", "shard-notes"}
    assert not (run.path / "checkpoint-000.npz").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("file", ["config.json", "summary.json"])
def test_whatever_is_in_a_damaged_file_it_is_one_error(tmp_path, file, content):
    path = finish(tmp_path)
    (path / file).write_bytes(content)
    with (
        pytest.raises(ResultError, match=f"{file} is damaged"),
        directory.open_run(str(tmp_path), "e", IDENTITY, {}) as run,
    ):
        _ = run.summary


def test_a_configuration_that_is_lost_meanwhile_is_written_again(tmp_path):
    with open_run(tmp_path) as run:
        (run.path / "config.json").unlink()
        run.finish({})
    with open_run(tmp_path) as again:
        assert again.finished
        assert again.summary == {}


def test_a_directory_that_was_replaced_meanwhile_is_left_alone(tmp_path):
    with open_run(tmp_path) as run:
        run.check_place()
        run.path.rename(tmp_path / "away")
        run.path.mkdir()
        with pytest.raises(ResultError, match="was replaced by another folder meanwhile"):
            run.check_place()


def test_what_has_no_end_is_not_read(tmp_path):
    path = finish(tmp_path)
    (path / "summary.json").unlink()
    os.mkfifo(path / "summary.json")
    with pytest.raises(OSError, match="is no regular file"), open_run(tmp_path) as run:
        _ = run.summary
