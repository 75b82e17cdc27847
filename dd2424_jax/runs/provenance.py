"""Where a run came from: command, versions, and commit."""

import subprocess
import sys
from importlib import metadata

from dd2424_jax.runs.identity import PACKAGE


def collect() -> dict:
    """The command, the versions of everything that computes, and the commit of the code."""
    packages = ("dd2424-jax", "jax", "jaxlib", "optax", "numpy")

    def git(*words):
        done = subprocess.run(["git", "-C", PACKAGE, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # installed, it may lie in another project's repository
        commit = git("rev-parse", "HEAD") + ("-modified" if git("status", "--porcelain", "--", PACKAGE.parent) else "")
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "command": [sys.executable, *sys.argv],
        "versions": {"python": sys.version.split()[0]} | {package: metadata.version(package) for package in packages},
        "commit": commit,
    }
