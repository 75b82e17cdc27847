import errno
import os
import subprocess

import jax
import pytest

from dd2424_jax.app import session
from dd2424_jax.memory import TooLarge
from tests.commands.scripts import command, environment, fails, fails_as_process, run


@pytest.mark.parametrize(
    ("error", "says"),
    [
        *(
            (OSError(number, os.strerror(number), "x/y"), f"x/y: {os.strerror(number)}")
            for number in (2, 13, 21, 36, 40)
        ),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "standard output: "),
        (MemoryError(), "memory is too small"),
        (jax.errors.JaxRuntimeError("INTERNAL: Failed: Out of memory allocating 99 bytes."), "memory is too small"),
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 99 bytes"), "memory is too small"),
        (TooLarge("12 GB of 8 GB"), "12 GB of 8 GB"),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path, monkeypatch, error, says):
    def refused(*_):
        raise error

    monkeypatch.setattr(session, "start", refused)
    assert says in fails("schedule", cwd=tmp_path)


def test_a_pipe_that_closes_ends_a_command_in_silence(tmp_path):
    shown = subprocess.Popen(
        command("schedule"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    shown.stdout.close()
    assert "Traceback" not in shown.stderr.read()
    assert shown.wait() == 141
    assert list(tmp_path.glob("results/schedule/*/summary.json"))


def test_numbers_do_not_depend_on_jaxs_variables(tmp_path):
    for name, value in {"jax_enable_x64": True, "jax_default_prng_impl": "rbg", "jax_random_seed_offset": 3}.items():
        jax.config.update(name, value)
    run("schedule", cwd=tmp_path)
    assert (jax.config.jax_enable_x64, jax.config.jax_default_prng_impl) == (False, "threefry2x32")
    assert jax.config.jax_random_seed_offset == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"JAX_PLATFORMS": "nonsense"}, "JAX can't start its devices, JAX_PLATFORMS=nonsense"),
        ({"JAX_ENABLE_X64": "perhaps"}, "JAX_ENABLE_X64"),
    ],
)
def test_a_variable_that_makes_no_sense_is_one_line(tmp_path, changes, says):
    assert says in fails_as_process("schedule", cwd=tmp_path, **changes)
