"""The commands of this repository: the scripts in experiments/, as they describe themselves."""

import ast
import sys
from pathlib import Path

from dd2424_jax.io import files
from dd2424_jax.runs.identity import PACKAGE

ROOT = PACKAGE.parent  # of the repository; where the package is installed without it, no script is there
FOLDER = ROOT / "experiments"


def scripts() -> dict[str, Path]:
    """All of them by name."""
    return {file.stem: file for file in sorted(FOLDER.glob("*.py"))}


def shown(script: Path) -> Path:
    """Its path as it can be typed where we are."""
    return script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script


def headline(script: Path) -> str:
    """What a command is about: the first line of its docstring."""
    return (ast.get_docstring(_tree(script)) or "").partition("\n")[0]


def trains(script: Path) -> bool:
    """Whether it trains many runs, and so can be cut into shards: whether it defines the flags of runs."""
    called = {node.func for node in ast.walk(_tree(script)) if isinstance(node, ast.Call)}
    return "define_run_flags" in {function.attr for function in called if isinstance(function, ast.Attribute)}


def _tree(script: Path) -> ast.Module:
    return ast.parse(files.read_text(script))


def results() -> str:
    """Where run directories go: `results` of the repository if the command is one of its own, else of this folder."""
    command = Path(sys.argv[0]).resolve()
    return "results" if command.parent != FOLDER or Path.cwd() == ROOT else str(ROOT / "results")
