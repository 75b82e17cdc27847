from dd2424_jax.runs import identity


def test_the_digest_does_not_depend_on_order():
    assert identity.digest({"a": 1, "b": 2}) == identity.digest({"b": 2, "a": 1}) != identity.digest({"a": 1})


def test_an_identity_is_as_json_gives_it_back():
    assert identity.plain({"sizes": (12, 3), "lam": [0.1]}) == {"sizes": [12, 3], "lam": [0.1]}


def test_what_differs_is_named_however_deep_it_lies():
    there, here = {"a": 1, "config": {"loss": "hinge", "n": 3}}, {"a": 1, "config": {"loss": "softmax"}, "b": 2}
    expected = "config.loss=hinge there, softmax here, config.n=3 there, None here, b=None there, 2 here"
    assert identity.differences(there, here) == expected
