import re

import pytest

from dd2424_jax.app import command_line
from tests.commands.scripts import call_here, fails, parsed


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_tells_every_flag_its_group_its_meaning_and_a_default_that_can_be_typed_back(tmp_path, word):
    done = call_here("coarse_search", word, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    groups = (command_line.WHAT, command_line.LONG, command_line.IMAGES, command_line.RESULTS, command_line.HOSTS)
    assert all(f"\n{group}:\n" in done.stdout for group in groups)
    shown = re.findall(r"^  (\[?--\S+)\n      \S", done.stdout, re.MULTILINE)
    typed = [flag for flag in shown if flag[0] != "["]
    with parsed("coarse_search", *typed) as options:
        assert {flag.strip("[]-").partition("=")[0].removeprefix("no") for flag in shown} >= {*vars(options)}
        assert {*command_line.changed()} <= {"out_dir"}  # relative to where the command was typed


def test_help_of_what_stands_after_two_dashes_is_not_asked_for():
    with parsed("launch"):
        argv = ["launch.py", "exercise3", "--", "--help"]
        assert command_line.parse(argv, with_rest=True)[1:] == ["exercise3", "--help"]


@pytest.mark.parametrize(
    "twice", [["--n_s=30", "--n_s=30"], ["--grid", "--nogrid"], ["--loss=hinge", "--loss=softmax"]]
)
def test_a_flag_of_one_value_has_one(twice):
    name = twice[0].strip("-").partition("=")[0]
    with (
        parsed("exercise3"),
        pytest.raises(command_line.UsageError, match=f"--{name} is given 2 times, and has one value"),
    ):
        command_line.parse(["exercise3.py", *twice])


def test_what_is_given_is_known():
    with parsed("exercise3", "--lam=0.01"):
        assert command_line.given("lam")
        assert not command_line.given("lr_max")


def test_the_experiments_own_values_are_those_that_decide_numbers():
    with parsed("exercise3", "--n_s=30"):
        own = command_line.own_values()
    assert (own["n_s"], own["lam"], own["n_train"]) == (500, [0.01], 10_000)
    assert not {"out_dir", "devices", "num_shards"} & own.keys()


def test_an_unknown_flag_is_one_line(tmp_path):
    assert "--help lists the flags" in fails("schedule", "--lam=1", cwd=tmp_path)
