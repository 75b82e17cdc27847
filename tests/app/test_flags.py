import pytest
from absl.flags import FLAGS

from dd2424_jax import train
from dd2424_jax.app import commands
from tests.commands.scripts import ROOT, fails, parsed

TRAINING = [name for name, script in commands.scripts().items() if commands.trains(script)]


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--dataset=mnist", "dataset"),
        ("--lam=-0.1", "lam"),
        ("--lam=0.1,x", "lam"),
        ("--lam=nan", "lam"),
        ("--lam=", "lam"),
        ("--lr_min=0.2", "lr_min must not exceed lr_max"),
        ("--lr_max=inf", "lr_max"),
        ("--lr_max=nan", "lr_max"),
        ("--lr_max=-1", "lr_max"),
        ("--momentum=1", "momentum"),
        ("--momentum=0.5", "--momentum is not of --optimizer=sgd"),
        ("--optimizer=adagrad", "optimizer"),
        ("--n_batch=10001", "n_batch"),
        ("--n_batch=0", "n_batch"),
        ("--n_batch=1.5", "n_batch"),
        ("--n_seeds=0", "n_seeds"),
        ("--seed=-1", "seed"),
        ("--seed=4294967296", "seed"),
        ("--seed=4294967295", "seed"),  # the second one would be out of range
        ("--n_s=0", "n_s"),
        ("--n_cycles=0", "n_cycles"),
        ("--n_evals=1001", "n_evals"),
        ("--hidden=50,0", "hidden"),
        ("--hidden=fifty", "hidden"),
        ("--lr-max=0.1", "lr_max"),
        ("stray", "stray"),
    ],
)
def test_a_wrong_flag_is_one_line(tmp_path, flag, says):
    assert says in fails("exercise3", flag, cwd=tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("experiment", TRAINING)
def test_every_number_of_a_setting_has_its_flag(experiment):
    with parsed(experiment) as options:
        names = {"lr" if name.startswith("lr_") and "lr" in vars(options) else name for name in train.Hypers._fields}
        assert all(isinstance(vars(options)[name], list) for name in names)
        assert options.grid is False


def test_a_flag_has_one_meaning_and_one_help_everywhere():
    helps = {}
    for script in sorted(file.stem for file in (ROOT / "experiments").glob("*.py")):
        with parsed(script) if script not in ("readme", "launch", "runs") else parsed("exercise3") as options:
            for name in vars(options):
                flag = FLAGS[name]
                helps.setdefault(name, {})[flag.help.split(";")[0].split(" (")[0]] = script
    # The benchmark, the gradient check and the range test have flags of these names that are about them.
    own = {"n_evals", "n_steps", "precision", "loss", "seed", "lr_min", "lr_max", "search"}
    assert {name: texts for name, texts in helps.items() if len(texts) > 1 and name not in own} == {}
