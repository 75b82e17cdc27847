from dd2424_jax.runs import identity
from tests.test_architecture import imported


def test_the_digest_does_not_depend_on_order():
    assert identity.digest({"a": 1, "b": 2}) == identity.digest({"b": 2, "a": 1}) != identity.digest({"a": 1})


def test_an_identity_is_as_json_gives_it_back():
    assert identity.plain({"sizes": (12, 3), "lam": [0.1]}) == {"sizes": [12, 3], "lam": [0.1]}


def test_what_differs_is_named_however_deep_it_lies():
    there, here = {"a": 1, "config": {"loss": "hinge", "n": 3}}, {"a": 1, "config": {"loss": "softmax"}, "b": 2}
    expected = "config.loss=hinge there, softmax here, config.n=3 there, None here, b=None there, 2 here"
    assert identity.differences(there, here) == expected


def test_the_digest_of_sources_depends_on_their_names_and_contents_alone(tmp_path):
    def digest(folder, name="a.py", content="x = 1"):
        file = tmp_path / folder / "package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return identity.of_sources([file])

    one = digest("here")
    assert digest("there") == one
    assert digest("here", content="x = 2") != one
    assert digest("here", name="b.py") != one


def test_the_digest_of_sources_does_not_depend_on_their_order(tmp_path):
    sources = [tmp_path / name for name in ("a.py", "b.py")]
    for source in sources:
        source.write_text(source.name)
    assert identity.of_sources(sources) == identity.of_sources(reversed(sources))


def test_whatever_a_sweep_imports_is_code_that_makes_numbers():
    reached, left = set(), ["sweep"]
    while left:
        module = left.pop()
        if module not in reached:
            reached.add(module)
            file = identity.PACKAGE / f"{module.replace('.', '/')}.py"
            file = file if file.exists() else identity.PACKAGE / module / "__init__.py"
            left += imported(file) - {""}
    others = {"data", "names", "memory", "chunks", "registry", "parallel.processes"}  # that only place, name or wait
    numbers = {module for module in reached - others if not module.startswith("io")}
    assert {module.replace(".", "/") for module in numbers} == {*identity.OF_NUMBERS}
