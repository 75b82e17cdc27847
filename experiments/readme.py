"""Put the newest results into experiments/README.md, and some into README.md: tables and figures.

    make report ARGS=--extras
    make readme

experiments/README.md is the page that `make report` makes, with copies of its figures under experiments/figures/. In
README.md, between `<!-- experiment -->` and `<!-- end -->`, stands what that experiment's newest run with default flags
printed, or one of its tables only (`<!-- experiment: table 1 -->`), or none (`<!-- experiment: figures -->`).
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import re
from pathlib import Path

import absl.flags

from dd2424_jax.app import commands, kinds
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.page import contents, documents, gather, page
from dd2424_jax.page.contents import Item
from dd2424_jax.page.gather import Part
from dd2424_jax.reporting import tables

FLAGS = absl.flags.FLAGS
ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "experiments" / "figures"
README, RESULTS = ROOT / "README.md", ROOT / "experiments" / "README.md"

kinds.define_path("out_dir", commands.results(), "where run directories are")
absl.flags.DEFINE_boolean("quick", False, "take the runs of report.py --quick, which are in OUT_DIR/quick")


def run_of(item: Item) -> Path | None:
    """The newest finished run of an item; None if it is not of a quick look."""
    flags = item.quick if FLAGS.quick else item.flags
    if flags is None:
        return None
    out_dir = files.expanded(FLAGS.out_dir) / ("quick" if FLAGS.quick else "")
    if run := gather.newest(out_dir, item.experiment, flags):
        return run
    raise UsageError(f"there is no finished {' '.join([item.experiment, *flags])} in {out_dir}; run it first")


def copied(part: Part, name: str) -> Path:
    """A figure, copied beside the page."""
    copy = FIGURES / f"{part.name}-{name}.png"
    files.write_bytes(copy, gather.figure(part, name).read_bytes())
    return copy


def shown(match: re.Match) -> str:
    """What stands in README.md between the marks of an experiment."""
    experiment, extent = match.groups()
    items = [item for section in contents.SECTIONS for item in section.items]
    item = next(item for item in items if item.experiment == experiment and not item.flags)
    if (run := run_of(item)) is None:
        return match[0]
    part = gather.part(item, run)
    parts = [tables.markdown(table).strip() for table in part.shown.tables]
    if extent and extent.startswith("table "):
        number = int(extent.removeprefix("table "))
        if not 1 <= number <= len(parts):
            raise UsageError(f"{README}: {part.path} has no {extent}, but {len(parts)}")
        parts = [parts[number - 1]]
    else:
        parts = [] if extent == "figures" else [*parts, *part.shown.remarks]
    for figure in re.findall(rf"figures/{part.name}-(\w+)\.png", match[0]):
        parts.append(f"![{experiment}: {figure}]({copied(part, figure).relative_to(ROOT)})")
    mark = f"{experiment}: {extent}" if extent else experiment
    return f"<!-- {mark} -->\n" + "\n\n".join(parts) + "\n<!-- end -->"


def main():
    FIGURES.mkdir(exist_ok=True)
    made = page.make(list(gather.parts(contents.SECTIONS, run_of)))
    files.write_text(RESULTS, documents.markdown(made, copied, RESULTS.parent))
    marked = re.compile(r"<!-- (\w+)(?:: (table \d+|figures))? -->\n.*?<!-- end -->", re.DOTALL)
    files.write_text(README, marked.sub(shown, files.read_text(README)))


if __name__ == "__main__":
    entry.start(main)
