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
absl.flags.DEFINE_boolean("any_flags", False, "take the newest run whatever its flags were")


def run_of(item: Item) -> Path:
    """The newest finished run of an item."""
    if run := gather.newest(FLAGS.out_dir, item.experiment, None if FLAGS.any_flags else item.flags):
        return run
    which = " ".join(item.flags) or "default flags"
    raise UsageError(f"there is no finished {item.experiment} with {which} in {FLAGS.out_dir}; run it first")


def copied(part: Part, name: str) -> Path:
    """A figure, copied beside the page."""
    copy = FIGURES / f"{part.name}-{name}.png"
    files.write_bytes(copy, gather.figure(part, name).read_bytes())
    return copy


def shown(match: re.Match) -> str:
    """What stands in README.md between the marks of an experiment."""
    experiment, extent = match.groups()
    item = Item(experiment)
    part = gather.part(item, run_of(item))
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
