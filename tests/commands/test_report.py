"""The page, of two small experiments that are run in this process."""

import html
import importlib.resources
import json
import re
import shutil
import subprocess

import pytest

from dd2424_jax.app import series
from dd2424_jax.page import contents, gather
from dd2424_jax.page.contents import CYCLE, RUNS, Item, Section
from dd2424_jax.reporting import report
from tests.commands.scripts import ROOT, call_here, fails, once, run
from tests.commands.stubs import untrained

SECTIONS = (
    Section("Exercise <3>", "One cycle.", [Item("exercise3", quick=(*RUNS, "--n_s=6", "--n_evals=3"))]),
    Section("The choice of λ", "A search.", [Item("coarse_search", quick=CYCLE, notes=("of real images",))]),
    Section("Optional", "Not run.", [Item("assignment1_extras", optional=True)]),
)


def make(cwd):
    """The page of what is finished."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "SECTIONS", SECTIONS)
        patch.setattr(series, "Command", None)  # nothing is run
        done = call_here("report", "--quick", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return cwd / done.stdout.strip()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    def with_runs(cwd):
        for item in (item for section in SECTIONS for item in section.items if not item.optional):
            with untrained():
                run(item.experiment, *item.quick, "--out_dir=results/quick", cwd=cwd)
        return make(cwd)

    return once(tmp_path_factory, "page", with_runs)


def test_it_has_all_that_was_drawn(page):
    text = html.unescape(page.read_text())
    for path in (page.parent.parent / name / "latest" for name in ("exercise3", "coarse_search")):
        shown = json.loads((path / "report.json").read_text())
        cells = {cell for table in shown["tables"] for row in table["rows"] for cell in row}
        assert all(cell in text for cell in [*cells, *shown["remarks"], *shown["captions"].values()])
        assert len(shown["captions"]) > 0
        assert f"../{path.parent.name}/{path.resolve().name}/runs.csv" in text
        assert (page.parent / f"../{path.parent.name}/{path.resolve().name}/runs.csv").exists()
    assert "python experiments/coarse_search.py --dataset=synthetic" in text


def test_stand_ins_are_named_and_nothing_published_is_beside_them(page):
    for file in (page, page.with_name("report.md"), page.with_name("report.tex")):
        text = html.unescape(file.read_text())
        assert text.count("synthetic stand-in, not CIFAR-10") >= 3
        assert "authors" not in text
        assert "of real images" not in text


def test_a_look_says_that_it_is_one_and_counts_no_verdicts(page):
    text = html.unescape(page.read_text())
    assert "A quick look" in text[: text.index("<nav")]
    assert "<strong>Of" not in text


def test_text_is_no_markup(page):
    assert "Exercise &lt;3&gt;" in page.read_text()
    assert "Exercise <3>" not in page.read_text()


def test_made_again_it_is_the_same(page):
    files = [page, page.with_name("report.md"), page.with_name("report.tex")]
    before = [file.read_bytes() for file in files]
    make(page.parent.parent.parent.parent)
    assert [file.read_bytes() for file in files] == before


def test_what_other_code_has_drawn_is_run_again(page, monkeypatch):
    ran = []
    measured = SECTIONS[0].items[0]._replace(optional=True, redrawn=False)  # whose command would measure anew
    monkeypatch.setattr(contents, "SECTIONS", (*SECTIONS, Section("Measured", "Once.", [measured])))
    monkeypatch.setattr(gather, "is_intact", lambda run, config: False)
    monkeypatch.setattr(report, "drawing_code", lambda: "another")
    monkeypatch.setattr(series, "run", lambda commands, finished: ran.extend(command.name for command in commands))
    cwd = page.parent.parent.parent.parent
    assert "nothing is finished" in fails("report", "--quick", cwd=cwd)  # as nothing was run after all
    assert ran == ["exercise3", "coarse_search"]


def test_it_asks_for_no_other_file(page):
    text = page.read_text()
    assert not re.search(r"<script|<iframe|@import|url\(", text)
    sources = re.findall(r'(?:src|srcset|data|poster)="([^"]*)"', text)
    assert sources
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert re.findall(r'<link[^>]*href="([^"]*)"', text) == ["data:,"]
    assert len(page.read_bytes()) < 3e6


def test_every_image_and_table_is_described(page):
    text = page.read_text()
    images = re.findall(r"<img[^>]*>", text)
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)
    assert re.search(r'alt="[^"]*validation[^"]*"', images[0])
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len({*ids})
    assert {*re.findall(r'(?:href="#|aria-labelledby=")([^"]*)"', text)} <= {*ids}


def test_it_spends_no_time_on_a_stand_in_unless_asked_to(tmp_path):
    assert "--data_dir" in fails("report", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_with_nothing_to_show_it_says_so(tmp_path):
    assert "--norun" in fails("report", "--quick", "--norun", cwd=tmp_path)


PROBE = """<script>addEventListener("load", () => {
const page = document.querySelector("iframe").contentDocument;
const right = [...page.body.querySelectorAll("*")].filter(each => !each.closest(".wide > *, .skip"));
const requests = page.defaultView.performance.getEntriesByType("resource").map(each => each.name);
document.body.dataset.found = JSON.stringify({
  overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  right: Math.max(...right.map(each => each.getBoundingClientRect().right)),
  broken: [...page.images].filter(each => !each.complete || !each.naturalWidth).length,
  images: page.images.length,
  requests: requests.filter(each => !each.startsWith("data:")).length,
}); });</script>"""


in_a_browser = pytest.mark.skipif(not shutil.which("chromium"), reason="there is no Chromium here")


def browsed(file, text):
    """What a page with this text leaves in its body's data-found, and what Chromium complained of."""
    file.write_text(text)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    flags.append("--virtual-time-budget=20000")  # in which promises are kept
    done = subprocess.run(["chromium", *flags, f"file://{file}"], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert "CONSOLE" not in done.stderr
    return json.loads(html.unescape(re.search(r'data-found="([^"]*)"', done.stdout)[1]))


@in_a_browser
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_that_is_in_the_way_of_somebody(page, tmp_path, dark):
    axe = (importlib.resources.files("axe_core_python") / "axe.min.js").read_text()
    run = "axe.run().then(result => { document.body.dataset.found = JSON.stringify(result.violations); });"
    text = page.read_text()
    if dark:
        text = text.replace("@media (prefers-color-scheme: dark)", "@media screen")
    violations = browsed(tmp_path / "axe.html", f"{text}<script>{axe}</script><script>{run}</script>")
    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in violations] == []


@in_a_browser
def test_a_phone_shows_it_without_overflow_requests_or_complaints(page, tmp_path):
    frame = f'<iframe width="390" height="800" style="border: 0" srcdoc="{html.escape(page.read_text())}"></iframe>'
    found = browsed(tmp_path / "phone.html", f"<!DOCTYPE html><meta charset=utf-8><body>{frame}{PROBE}</body>")
    assert found["images"] > 0
    assert found["right"] <= 390
    assert (found["overflow"], found["broken"], found["requests"]) == (0, 0, 0)
