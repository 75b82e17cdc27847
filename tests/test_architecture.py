"""Who may import whom: each module only from those before it, and of them only what is listed."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IMPORTS = {
    "progress": set(),
    "files": set(),
    "download": {"files", "progress"},
    "cifar10": {"download"},
    "synthetic": set(),
    "data": {"cifar10", "download", "synthetic"},
    "losses": set(),
    "schedules": set(),
    "stats": set(),
    "choice": {"stats"},
    "network": {"losses"},
    "gradcheck": set(),
    "train": {"data", "losses", "network", "schedules"},
    "results": {"files"},
    "processes": set(),
    "placement": {"processes"},
    "sweep": {"data", "files", "network", "placement", "processes", "progress", "train"},
    "shards": {"data", "files", "network", "results", "sweep", "train"},
    "tables": {"stats"},
    "plots": {"stats"},
    "report": {"files", "plots", "stats", "sweep", "tables", "train"},
}


def imported(file: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dd2424_jax":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dd2424_jax."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("dd2424_jax.")}
    return found


@pytest.mark.parametrize("module", IMPORTS)
def test_imports_go_one_way(module):
    before = list(IMPORTS)[: list(IMPORTS).index(module)]
    assert IMPORTS[module] <= set(before)
    assert imported(ROOT / "dd2424_jax" / f"{module}.py") <= IMPORTS[module]


def test_every_module_has_its_place():
    assert {file.stem for file in (ROOT / "dd2424_jax").glob("*.py")} == {*IMPORTS, "__init__"}


def test_every_module_has_its_tests():
    tested = {file.stem.removeprefix("test_") for file in (ROOT / "tests").glob("test_*.py")}
    assert set(IMPORTS) <= tested


def test_every_experiment_has_its_make_target():
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    scripts = [file for file in (ROOT / "experiments").glob("*.py") if "__main__" in file.read_text()]
    experiments = {file.stem.replace("_", "-") for file in scripts}
    assert experiments <= set(targets)
