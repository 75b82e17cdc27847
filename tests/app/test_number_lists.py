import pytest
from absl import flags

from dd2424_jax.app import number_lists


@pytest.fixture
def values(monkeypatch):
    """Flags of their own: --x, numbers from 0, and --n, whole ones from 1."""
    own = flags.FlagValues()
    monkeypatch.setattr(number_lists.flags, "DEFINE_flag", lambda flag: own.__setitem__(flag.name, flag))
    number_lists.define("x", [0.5], "numbers", float, 0)
    number_lists.define("n", [50], "whole numbers", int, 1)

    def parse(*given):
        own.unparse_flags()
        own(["command", *given])
        return own.x, own.n

    return parse


def test_lists_are_numbers_from_the_start(values):
    assert values() == ([0.5], [50])
    assert values("--x=.01,1e-5", "--n=3, 4") == ([0.01, 1e-5], [3, 4])


def test_a_repeated_flag_goes_on(values):
    assert values("--x=1,2", "--x=3")[0] == values("--x=1,2,3")[0] == [1.0, 2.0, 3.0]


def test_a_list_may_be_empty(values):
    assert values("--n=")[1] == []


@pytest.mark.parametrize("given", ["--x=-1", "--x=1,y", "--x=nan", "--x=inf", "--x=1,,2", "--n=0", "--n=1.5", "--n=x"])
def test_what_is_no_such_number_is_refused(values, given):
    with pytest.raises(flags.IllegalFlagValueError, match=rf"{given}: must be (finite|whole) numbers of at least [01]"):
        values(given)


@pytest.mark.parametrize("given", ["--x=1e-200", "--x=1e300", "--x=1,1e-40"])
def test_what_float32_does_not_have_is_refused(values, given):
    with pytest.raises(
        flags.IllegalFlagValueError, match=r"must be 0 or from 1.2e-38 to 3.4e\+38, as float32 has them"
    ):
        values(given)
