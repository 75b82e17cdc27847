import subprocess
import sys

import pytest

from dd2424_jax.app import commands
from tests.commands.scripts import ROOT, environment

HEAVY = "jax", "matplotlib", "scipy", "optax"
SHOWN = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__")
finally:
    print("imported:", *sys.modules)
"""


def ended(*words):
    """The status of a command that trains nothing, what it says, and the modules that it has imported."""
    words = [sys.executable, "-c", SHOWN, *words]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60)
    said, _, imported = done.stdout.rpartition("imported:")
    return done.returncode, said + done.stderr, {*imported.split()}


@pytest.mark.parametrize("command", [*map(str, commands.scripts().values()), "dd2424_jax"])
def test_help_waits_for_nothing_that_it_does_not_need(command):
    status, said, imported = ended(command, "--help")
    assert status == 0
    assert "--flagfile" in said
    assert not imported & {*HEAVY}


def test_neither_does_a_mistake():
    status, said, imported = ended("experiments/exercise3.py", "--lr-max=0.1")
    assert status == 1
    assert "lr_max" in said
    assert not imported & {*HEAVY, "numpy"}


def test_a_module_is_loaded_once_and_by_its_first_use():
    program = """
import sys
from dd2424_jax.app import imports
imports.defer()
from dd2424_jax import data, sweep
assert "jax" not in sys.modules
from dd2424_jax.data import cifar10, splits
assert data.DataError is cifar10.DataError
sweep.run
assert "jax" in sys.modules
assert sweep.train is sys.modules["dd2424_jax.train"]
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_threads_wait_until_a_module_is_whole(tmp_path):
    package = tmp_path / "dd2424_jax"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "slow.py").write_text("import time\nfirst = 1\ntime.sleep(0.05)\nlast = 2\n")
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from dd2424_jax.app import imports
imports.defer()
sys.modules["dd2424_jax"].__path__.append(sys.argv[1])
from dd2424_jax import slow
with ThreadPoolExecutor(4) as pool:
    assert [*pool.map(lambda _: slow.first + slow.last, range(4))] == [3, 3, 3, 3]
"""
    subprocess.run([sys.executable, "-c", program, str(package)], cwd=ROOT, check=True, timeout=60)
