"""All results on one page: runs what is missing, then writes results/report/index.html, report.md and report.tex.

    python experiments/report.py --quick
    python experiments/report.py

What is finished is found again. The page is one file that needs no other; beside it are the same as Markdown, and as
a LaTeX document. With --quick everything is a look at the page in a minute or two: few images, which are synthetic,
and few updates. The optional parts and the benchmark are shown where they were run; --extras runs them too.
"""

from __future__ import annotations

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import absl.flags

from dd2424_jax import data
from dd2424_jax.app import command_line, commands, flags, kinds, plan, series
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.page import contents, documents, gather, html, page
from dd2424_jax.page.contents import Item
from dd2424_jax.runs import latest

kinds.define_path("out_dir", commands.results(), "where run directories go")
flags.define_data_dir()
absl.flags.DEFINE_boolean("quick", False, "a look at the page: everything small and synthetic, in OUT_DIR/quick")
absl.flags.DEFINE_boolean(
    "extras", False, "run the optional parts and the benchmark too, where they are missing: not with --quick"
)
absl.flags.DEFINE_boolean("run", True, "run what is missing; else show what is finished")

QUICK_SECONDS = 8


def main():
    options = command_line.options()
    out_dir, data_dir = files.expanded(options.out_dir), [f"--data_dir={options.data_dir}"] * bool(options.data_dir)
    images = None
    if options.quick:
        out_dir, data_dir = out_dir / "quick", []
    elif options.run:
        try:
            images = plan.load(SimpleNamespace(dataset="cifar10", data_dir=options.data_dir)).sha256
        except data.DataError as error:
            instead = "--quick, or --norun for what is finished"
            raise UsageError(str(error).replace("--dataset=synthetic", instead)) from error

    def own(item: Item) -> Sequence[str] | None:
        return item.quick if options.quick else item.flags

    def run_of(item: Item, suits: Callable | None = None) -> Path | None:
        suits = suits or (gather.is_drawn if options.run and item.redrawn else gather.is_intact)
        flags = own(item)
        return None if flags is None else gather.newest(out_dir, item.experiment, flags, images, suits)

    def command(item: Item) -> series.Command:
        words = [str(commands.scripts()[item.experiment]), *own(item), f"--out_dir={out_dir}", *data_dir]
        return series.Command(words, QUICK_SECONDS if options.quick else item.seconds, item.experiment)

    def is_due(item: Item) -> bool:
        asked = options.extras or not item.optional
        return run_of(item) is None and (asked or (item.redrawn and run_of(item, gather.is_computed) is not None))

    items = [item for section in contents.SECTIONS for item in section.items if own(item) is not None]
    missing = [item for item in items if is_due(item)] if options.run else []
    folder = out_dir / "report"
    folder.mkdir(parents=True, exist_ok=True)  # before hours of what could not be shown
    series.run(list(map(command, missing)), lambda i: run_of(missing[i]) is not None)
    ran = {item.experiment for item in missing}
    for item in items:
        if item.experiment in ran and not item.flags and (run := run_of(item)):
            latest.point_to(run.parent, run.name)  # and not to a report's own settings
        if not options.run and run_of(item) is None and run_of(item, gather.any_run):
            stale = " ".join([f"{item.experiment}.py", *own(item)])
            print(f"left out, as it is damaged or of other code: {stale} (run it again)", file=sys.stderr)

    sections = list(gather.parts(contents.SECTIONS, run_of))
    if not sections:
        raise UsageError(f"nothing is finished in {out_dir}: without --norun, it is run")
    made = page.make(sections, quick=options.quick)
    files.write_text(folder / "index.html", html.write(made, folder))
    files.write_text(folder / "report.md", documents.markdown(made, gather.figure, folder))
    files.write_text(folder / "report.tex", documents.tex(made, folder))
    if options.quick:
        print("a look at the page, on synthetic images and small settings: no results", file=sys.stderr)
    print(folder / "index.html")


if __name__ == "__main__":
    entry.start(main)
