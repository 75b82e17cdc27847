"""Who may import whom, and that everything has its place, its make target and its tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE, COMMANDS = ROOT / "dd2424_jax", sorted((ROOT / "experiments").glob("*.py"))

ROOMS = [  # each imports from those above it, and a module from those before it
    ("", ["names"]),
    ("io", ["terminal", "files", "records", "progress", "download", "checkpoints", "compiled"]),
    ("parallel", ["processes", "placement"]),
    ("", ["losses", "precisions", "schedules", "optimizers", "activations", "initializers", "dropout", "network"]),
    ("", ["stats", "measures", "lr_range", "dunnett", "comparisons", "power", "choice", "race"]),
    ("data", ["pickles", "cifar10", "synthetic", "splits", "augment", "", "__main__"]),
    ("gradients", ["cases", "draws", "differences", "checks"]),
    ("", ["configs", "train", "registry", "evaluation", "memory", "chunks", "programs", "segments", "sweep"]),
    ("", ["mistakes"]),
    ("runs", ["locks", "identity", "latest", "interim", "directory", "provenance", "plan", "result", "parts"]),
    ("runs", ["weights", "shards", "training", "previous", "model", "catalogue", "comparison", "joining"]),
    ("reporting", ["labels", "tables", "latex", "plots", "curves", "search_plots", "search_words", "report"]),
    ("reporting", ["published", "r3", "reports", "races", "confusion", "learning", "lr_range", "lam_search"]),
    ("reporting", ["gradients", "listing", "comparison", "ablation", "mistakes", "ensembles", "two_layer"]),
    ("reporting", ["true_class", "templates", "measures", "effects", "findings", "claims"]),
    ("page", ["contents", "gather", "verdicts", "page", "html", "documents"]),
    ("benchmarking", ["timing", "workloads", "baselines", "analysis", "measurements", "plots", "tables"]),
    ("app", ["imports", "commands", "command_line", "number_lists", "kinds", "hosts", "flags", "search_flags"]),
    ("app", ["presets", "entry", "session", "series", "plan", "pipeline", "gradient_check", "rows", "ablation"]),
    ("launching", ["jobs", "local", "slurm"]),
    ("", ["__main__"]),
]
ORDER = [f"{room}.{name}".strip(".") for room, names in ROOMS for name in names]
LATE = ["load", "ensemble"]  # functions of the package itself, that import late
# Packages: a docstring each.
EMPTY = ["", "io", "parallel", "gradients", "runs", "reporting", "page", "benchmarking", "app", "launching"]


def name_of(file: Path) -> str:
    """data.splits, of a module; data, of a package."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def imported(file: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it, as in ORDER; "" for the package itself."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    own = {name.removeprefix("dd2424_jax").removeprefix(".") for name in names if name.split(".")[0] == "dd2424_jax"}
    known = {*ORDER, *EMPTY}
    return {name if name in known else name.rpartition(".")[0] for name in own}


@pytest.mark.parametrize("module", ORDER)
def test_imports_go_one_way(module):
    parts = module.split(".")
    file = PACKAGE.joinpath(*parts).with_suffix(".py")
    file = file if file.exists() else PACKAGE.joinpath(*parts, "__init__.py")
    assert imported(file) <= {"", *ORDER[: ORDER.index(module)]}


def test_every_module_has_its_place():
    assert sorted(map(name_of, PACKAGE.rglob("*.py"))) == sorted([*ORDER, *EMPTY])


def test_packages_are_empty():
    for name in EMPTY:
        statements = ast.parse(PACKAGE.joinpath(*name.split("."), "__init__.py").read_text()).body
        defined = [statement for statement in statements if not isinstance(statement, ast.Expr | ast.Assign)]
        assert [statement.name for statement in defined] == (LATE if name == "" else []), name


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.stem)
def test_everything_in_experiments_is_a_command(file):
    content = file.read_text()
    docstring = ast.get_docstring(ast.parse(content))
    assert f"python experiments/{file.name}" in docstring or f"make {file.stem}" in docstring
    assert 'if __name__ == "__main__":' in content
    assert imported(file) <= {"", *ORDER}
    assert not re.search(r"^\s*(?:import|from) experiments", content, re.MULTILINE)
    imports = [ast.unparse(node) for node in ast.parse(content).body if isinstance(node, ast.Import | ast.ImportFrom)]
    first = next(line for line in imports if line != "from __future__ import annotations")
    assert first == "from dd2424_jax.app import entry"
    others = {other.stem for other in COMMANDS if other != file}
    top = {alias.name for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Import) for alias in node.names}
    assert not top & others  # a command imports no other


def test_every_command_has_its_make_target():
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {file.stem.replace("_", "-") for file in COMMANDS} <= set(targets)


def test_tests_lie_where_what_they_test_does():
    tested = {name_of(PACKAGE / file.relative_to(ROOT / "tests")) for file in (ROOT / "tests").rglob("test_*.py")}
    tested = {name.replace("test_", "") for name in tested if not name.startswith("commands.")} - {"architecture"}
    parts = {name for name in tested - {*ORDER} if name.rpartition("_")[0] in ORDER}  # of the tests of a module
    tested = tested - parts
    assert tested <= set(ORDER)
    science = {name for name in ORDER if "." not in name or name.split(".")[0] in ("io", "data", "gradients", "runs")}
    assert (
        science - {"data", "data.__main__", "__main__"} <= tested
    )  # the other rooms' are tested by their commands too
