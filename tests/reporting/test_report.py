import io

import matplotlib.image
import pytest

from dd2424_jax.reporting import plots, report, tables
from dd2424_jax.runs.directory import ResultError


def test_a_table_that_is_not_the_one_that_was_written_is_not_read(tmp_path):
    checksum = report.write(tmp_path, report.Report([], ["51.3 %"], {}))
    assert report.read(tmp_path, checksum) == "51.3 %\n"
    (tmp_path / "table.md").write_text("61.3 %\n")
    with pytest.raises(ResultError, match=r"table.md is damaged: --force"):
        report.read(tmp_path, checksum)


def test_a_report_is_tables_remarks_and_figures(tmp_path):
    both = [tables.Table(caption, ["a"], [["1"]]) for caption in ("first", "second")]
    fig, ((ax,),) = plots.figure(1, 1, "title")
    ax.plot([0, 1], [0, 1])
    report.write(tmp_path, report.Report(both, ["A remark.", "Another."], {"curves": fig}))
    assert {file.name for file in tmp_path.iterdir()} == {"table.md", "table.tex", "curves.png", "curves.pdf"}
    text = (tmp_path / "table.md").read_text()
    assert text.index("first") < text.index("second")
    assert text.endswith("| 1 |\n\nA remark.\n\nAnother.\n")
    latex = (tmp_path / "table.tex").read_text()
    assert latex.index("first") < latex.index("second")
    assert latex.count(r"\begin{table}") == 2
    picture = matplotlib.image.imread(io.BytesIO((tmp_path / "curves.png").read_bytes()))
    assert picture.shape[:2] == (680, 840)  # 3.4 × 4.2 inches
    assert picture.min() < 0.5 < picture.max()
    assert (tmp_path / "curves.pdf").read_bytes().startswith(b"%PDF")
