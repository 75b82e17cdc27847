import shutil
import subprocess
import sys

import pytest

from dd2424_jax.runs import provenance


def test_the_command_and_the_versions_of_all_that_computes_are_named(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["experiments/x.py", "--lam=0.1"])
    collected = provenance.collect()
    assert collected["command"] == [sys.executable, "experiments/x.py", "--lam=0.1"]
    assert collected["versions"].keys() == {"python", "dd2424-jax", "jax", "jaxlib", "optax", "numpy"}
    assert all(collected["versions"].values())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package's first file, in a repository of its own."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    file = tmp_path / "package" / "__init__.py"
    file.parent.mkdir()
    file.write_text("")
    git(tmp_path, "init", "--quiet")
    monkeypatch.setattr(provenance, "PACKAGE", file.parent)
    return file


def git(folder, *words):
    who = ["-c", "user.name=x", "-c", "user.email=x", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commit_is_named_and_whether_the_code_was_modified(package):
    root = package.parent.parent
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=x")
    commit = git(root, "rev-parse", "HEAD")
    assert provenance.collect()["commit"] == commit
    package.write_text("1\n")
    assert provenance.collect()["commit"] == f"{commit}-modified"


def test_installed_into_another_projects_repository_it_has_no_commit(package):
    root = package.parent.parent
    git(root, "commit", "--quiet", "--allow-empty", "--message=x")
    assert provenance.collect()["commit"] is None


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert provenance.collect()["commit"] is None
