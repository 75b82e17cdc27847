import pytest
from absl.flags import FLAGS

from dd2424_jax import registry, train
from dd2424_jax.app import command_line, commands, plan
from tests.commands.scripts import ROOT, TINY, fails, parsed

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
    # The benchmark, the gradient check and the range test have flags of these names that are about them; every command
    # has presets of its own.
    own = {"preset", "n_evals", "n_steps", "precision", "loss", "seed", "lr_min", "lr_max", "search"}
    assert {name: texts for name, texts in helps.items() if len(texts) > 1 and name not in own} == {}


PARTS = {
    **{"smoothing": 0.1, "dropout": 0.2, "input_dropout": 0.3, "flip": 0.4, "shift": 2, "shift_padding": "edge"},
    **{"decay": 0.5, "n_decay": 7, "schedule": "step_decay", "activation": "gelu", "init": "he"},
}


def test_every_part_of_training_has_a_flag_of_its_name():
    with parsed("exercise3", *(f"--{name}={value}" for name, value in PARTS.items()), *TINY) as options:
        made = plan.cycles("exercise3", options, test=True)
    described = registry.describe(made.config)
    assert {name: described[name] for name in PARTS} == PARTS
    assert made.hypers.lr_min == made.hypers.lr_max == 0.1  # of step_decay, there is no other


@pytest.mark.parametrize(
    ("script", "given", "without"),
    [
        ("exercise3", ["--hidden=", "--dropout=.1"], "--dropout .* --hidden="),
        ("exercise3", ["--hidden=", "--activation=gelu"], "--activation .* --hidden="),
        ("exercise3", ["--init_std=.1", "--init=he"], "--init .* --init_std=0.1"),
        ("exercise3", ["--shift_padding=edge"], "--shift_padding .* --shift"),
        ("exercise3", ["--decay=.1"], "--decay .* --schedule=step_decay"),
        ("exercise3", ["--n_decay=5"], "--n_decay .* --schedule=step_decay"),
        ("exercise3", ["--lr_min=.1", "--schedule=constant"], "--lr_min .* --schedule=constant"),
        ("assignment1", ["--lr_min=.1"], "--lr_min .* --schedule=constant"),
        ("exercise3", ["--smoothing=.1", "--loss=hinge"], "--smoothing .* --loss=hinge"),
    ],
)
def test_a_part_that_would_have_no_effect_is_refused(script, given, without):
    with parsed(script, *given) as options, pytest.raises(command_line.UsageError, match=f"{without}.*: leave one"):
        plan.check_parts(options)
