import io

import matplotlib.image
import pytest

from dd2424_jax.reporting import plots, report, tables
from dd2424_jax.runs.directory import ResultError


def test_a_table_that_is_not_the_one_that_was_written_is_not_read(tmp_path):
    checksum = report.write(tmp_path, report.Report([], ["51.3 %"], {}))
    assert report.read(tmp_path, checksum) == "51.3 %\n"
    (tmp_path / "table.md").write_text("61.3 %\n")
    with pytest.raises(ResultError, match=r"table.md or a figure is damaged: --force"):
        report.read(tmp_path, checksum)


@pytest.fixture
def figure():
    fig, ((ax,),) = plots.figure(1, 1, "title of η_max", height=2.0)
    ax.plot([0, 1], [0, 1])
    return fig


def table(name):
    return tables.Table(name, f"caption of {name}", ["a"], [["1"]])


def contents(directory):
    return {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}


def test_a_report_is_tables_remarks_and_figures(tmp_path, figure):
    run = tmp_path / "exercise3" / "run"
    run.mkdir(parents=True)
    report.write(run, report.Report([table("first"), table("second")], ["A remark.", "Another."], {"curves": figure}))
    assert contents(run) == {
        *("table.md", "report.json", "table.tex", "tables/first.tex", "tables/second.tex"),
        *("figures.tex", "curves.png", "curves.pdf"),
    }
    text = (run / "table.md").read_text()
    assert text.index("first") < text.index("second")
    assert text.endswith("| 1 |\n\nA remark.\n\nAnother.\n")
    assert (run / "table.tex").read_text().endswith("\n\nA remark.\n\nAnother.\n")
    assert r"\label{tab:exercise3-first}" in (run / "tables/first.tex").read_text()
    assert r"{curves.pdf}" in (run / "figures.tex").read_text()
    assert r"\caption{title of $\eta_{\max}$}\label{fig:exercise3-curves}" in (run / "figures.tex").read_text()
    picture = matplotlib.image.imread(io.BytesIO((run / "curves.png").read_bytes()))
    assert picture.shape[1] == 1080
    assert picture.min() < 0.5 < picture.max()
    pdf = (run / "curves.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/TrueType" in pdf or b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_no_table_of_an_earlier_report_is_left(tmp_path):
    report.write(tmp_path, report.Report([table("first"), table("second")], [], {}))
    report.write(tmp_path, report.Report([table("second")], [], {}))
    assert contents(tmp_path) == {"table.md", "report.json", "table.tex", "tables/second.tex", "figures.tex"}


def test_what_was_drawn_is_read_as_it_was(tmp_path, figure):
    written = report.Report([table("first"), table("second")], ["A remark: λ."], {"curves": figure})
    checksum = report.write(tmp_path, written)
    shown = report.read_structure(tmp_path, checksum)
    assert (shown.tables, shown.remarks) == (written.tables, written.remarks)
    assert shown.captions == {"curves": "title of η_max"}
    (tmp_path / "report.json").write_text("{}")
    assert not report.intact(tmp_path, checksum)
    with pytest.raises(ResultError, match="damaged"):
        report.read_structure(tmp_path, checksum)


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["table.md", "report.json", "curves.png", "curves.pdf"])
@pytest.mark.parametrize("damage", [cut, lambda file: file.unlink(), lambda file: file.write_bytes(b"[]")])
def test_what_is_damaged_is_not_taken_for_what_was_drawn(tmp_path, figure, name, damage):
    checksum = report.write(tmp_path, report.Report([table("first")], [], {"curves": figure}))
    assert report.is_current(tmp_path, checksum)
    damage(tmp_path / name)
    assert not report.intact(tmp_path, checksum)
    assert not report.is_current(tmp_path, checksum)
