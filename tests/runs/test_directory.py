import errno
import os
import subprocess
import sys
import textwrap

import pytest

from dd2424_jax import files, results

IDENTITY = {"experiment": "e", "lam": [0.1, 1e-5]}


def open_run(root, identity=IDENTITY, **options):
    return results.open_run(str(root), "e", identity, {"command": ["x"]}, **options)


def finish(root, **options):
    with open_run(root, **options) as run:
        assert not run.finished
        run.finish({"name": run.path.name})
        return run.path


def latest(root):
    return (root / "e" / "latest").resolve()


def test_a_finished_run_is_found_again(tmp_path):
    path = finish(tmp_path)
    with open_run(tmp_path) as run:
        assert run.finished
        assert run.path == path
    assert files.read_json(path / "config.json")["identity"] == IDENTITY
    assert latest(tmp_path) == path
    assert sorted(os.listdir(path)) == ["config.json", "summary.json"]


def test_another_configuration_is_another_directory(tmp_path):
    first, second = finish(tmp_path), finish(tmp_path, identity=IDENTITY | {"lam": [0.2]})
    assert first != second
    assert latest(tmp_path) == second


def test_the_digest_does_not_depend_on_order():
    assert results.digest({"a": 1, "b": 2}) == results.digest({"b": 2, "a": 1}) != results.digest({"a": 1, "b": 3})


def test_an_unfinished_run_is_gone_on_with(tmp_path):
    with open_run(tmp_path) as run:
        (run.path / "checkpoint-000.npz").write_text("half way")
    with open_run(tmp_path) as again:
        assert again.path == run.path
        assert (again.path / "checkpoint-000.npz").exists()
        again.finish({})
        assert not (again.path / "checkpoint-000.npz").exists()


def test_what_a_killed_write_left_is_cleared_away(tmp_path):
    with open_run(tmp_path) as run:
        (run.path / ".runs.csv-abc.part").write_text("half")
    with open_run(tmp_path) as again:
        assert sorted(os.listdir(again.path)) == ["config.json", "lock"]


def test_force_leaves_the_finished_run_and_makes_another(tmp_path):
    first = finish(tmp_path)
    before = {file: file.read_bytes() for file in first.iterdir()}
    second = finish(tmp_path, force=True)
    assert second.name == f"{first.name}-2"
    assert finish(tmp_path, force=True).name == f"{first.name}-3"
    assert before == {file: file.read_bytes() for file in first.iterdir()}


def test_an_interrupted_force_goes_on_but_hides_nothing(tmp_path):
    first = finish(tmp_path)
    with open_run(tmp_path, force=True) as second:
        pass
    with open_run(tmp_path) as run:
        assert run.path == first
    with open_run(tmp_path, force=True) as run:
        assert run.path == second.path != first


def test_force_does_not_go_on_with_what_it_has_not_begun(tmp_path):
    with open_run(tmp_path) as abandoned:
        pass
    with open_run(tmp_path, force=True) as run:
        assert run.path.name == f"{abandoned.path.name}-2"


def test_a_numbered_name_may_be_somebody_elses(tmp_path):
    first = finish(tmp_path, name="run")
    other = finish(tmp_path, name="run-2", identity={"experiment": "e", "lam": 3})
    with open_run(tmp_path, name="run") as run:
        assert run.path == first
    assert finish(tmp_path, name="run", force=True).name == "run-3"
    with open_run(tmp_path, name="run-2", identity={"experiment": "e", "lam": 3}) as run:
        assert run.path == other


def test_a_kill_after_the_summary_is_made_good(tmp_path):
    path = finish(tmp_path)
    (path.parent / "latest").unlink()
    (path / "lock").write_text("process 1 on host")
    (path / "checkpoint-000.npz").write_text("old")
    with open_run(tmp_path) as run:
        assert run.finished
    assert latest(tmp_path) == path
    assert sorted(os.listdir(path)) == ["config.json", "summary.json"]


def test_latest_works_without_links(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(results.Path, "symlink_to", refused)
    path = finish(tmp_path)
    assert (path.parent / "latest").read_text() == path.name
    assert results.finished(tmp_path, "e") == [path]


def test_a_name_taken_by_another_configuration_is_refused(tmp_path):
    assert finish(tmp_path, name="mine").name == "mine"
    with pytest.raises(results.ResultError, match=r"lam=\[0.1, 1e-05\] there, 3 here.*--name"):
        finish(tmp_path, name="mine", identity={"experiment": "e", "lam": 3})


@pytest.mark.parametrize("name", ["../up", "a/b", "latest", ".hidden", "a b"])
def test_impossible_names_are_refused(tmp_path, name):
    with pytest.raises(results.ResultError, match=r"--name"):
        finish(tmp_path, name=name)


def test_a_damaged_config_is_named(tmp_path):
    path = finish(tmp_path)
    (path / "config.json").write_text("{")
    with pytest.raises(results.ResultError, match=r"config.json is damaged"):
        finish(tmp_path)


def test_a_second_process_is_told_who_holds_the_run(tmp_path):
    holder = textwrap.dedent(f"""
        import sys
        from dd2424_jax import results
        with results.open_run({str(tmp_path)!r}, "e", {IDENTITY!r}, {{}}):
            print("held", flush=True)
            sys.stdin.read()
    """)
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(results.ResultError, match=f"process {process.pid} on "):
            finish(tmp_path)
        process.kill()
        process.wait()
    finish(tmp_path)  # the lock died with its process


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(results.ResultError, match=r"--out_dir"):
        finish(tmp_path)


def test_an_out_dir_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(results.ResultError, match=r"--out_dir"):
        finish(tmp_path / "file")


def test_provenance_names_the_versions_and_the_commit():
    found = results.provenance()
    assert found["versions"]["jax"]
    assert found["commit"] is None or len(found["commit"].split("-")[0]) == 40


def test_finished_runs_come_newest_first(tmp_path):
    for i, name in enumerate(("b", "c", "a")):
        with results.open_run(tmp_path, "search", {"lam": i}, {}, name=name) as run:
            if name != "c":
                run.finish({})
                os.utime(run.path / "summary.json", (i, i))
    assert [path.name for path in results.finished(tmp_path, "search")] == ["a", "b"]
    assert results.finished(tmp_path, "nothing") == []
