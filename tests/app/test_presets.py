import pytest

from dd2424_jax.app import command_line, plan
from tests.commands.scripts import fails, parsed, planned

SCRIPTS = ["exercise2", "exercise3", "exercise4", "coarse_search", "fine_search", "final_model"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_preset_sets_what_is_not_given(script):
    with parsed(script) as options:
        assert options.init_std == 0.0
    with parsed(script, "--preset=r3", "--n_seeds=2") as options:
        assert options.init_std == 0.1414
        assert options.n_seeds == 2
        assert command_line.changed() == {"preset": "r3", "n_seeds": 2}
    with parsed(script, "--preset=r3", "--init_std=0.5") as options:
        assert options.init_std == 0.5


def test_what_does_not_go_with_it_is_one_line(tmp_path):
    says = r"--init has no meaning with --init_std=0\.1414"
    with parsed("exercise3", "--preset=r3", "--init=he") as options, pytest.raises(command_line.UsageError, match=says):
        plan.check_parts(options)
    assert "--preset" in fails("exercise3", "--preset=r1", cwd=tmp_path)
    assert "give --lam, or leave it" in fails(
        "final_model", "--preset=r3", "--search=x", "--dataset=synthetic", cwd=tmp_path
    )


def test_a_preset_of_a_range_needs_no_search(tmp_path):
    fine = planned("fine_search", "--preset=r3", "--dataset=synthetic", cwd=tmp_path)
    assert len(fine.hypers.lam) == 10
    assert 0.006 <= min(fine.hypers.lam) < max(fine.hypers.lam) <= 0.0135
    assert planned("fine_search", "--preset=r3", "--lam=0.01", "--dataset=synthetic", cwd=tmp_path).hypers.lam == [0.01]
