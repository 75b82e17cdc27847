import itertools

from dd2424_jax import losses, names
from dd2424_jax.gradients import cases


def test_each_case_has_a_name_of_its_own():
    assert len({case.name for case in cases.CASES}) == len(cases.CASES)


def test_networks_without_hidden_units_have_no_activation_and_hinges_no_smooth_labels():
    for name, loss in itertools.product(names.HIDDEN, losses.LOSSES):
        left_out = [case for case in cases.CASES if not case.is_of(name, loss)]
        of_units = [case for case in cases.CASES if (case.dropout or case.activation != "relu") and name == "linear"]
        of_labels = [case for case in cases.CASES if case.smoothing and loss == "hinge"]
        assert {*left_out} == {*of_units, *of_labels}


def test_only_what_takes_seconds_has_a_tenth_of_the_draws():
    seeds = range(3, 23)
    few = {(case.name, name) for case in cases.CASES for name in names.HIDDEN if len(case.seeds(name, seeds)) < 20}
    assert few == {(cases.CASES[i].name, name) for i in (3, 4) for name in ("two-layer", "four-layer")}
    for n, expected in ((20, [3, 4]), (21, [3, 4, 5]), (1, [3])):
        assert [*cases.CASES[3].seeds("two-layer", range(3, 3 + n))] == expected
