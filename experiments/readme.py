"""Put the newest results into experiments/README.md and README.md: tables, and figures under experiments/figures/.

    make gradient-check assignment1 assignment1-extras exercise2 exercise3 exercise4 schedule
    make lr-range-test coarse-search fine-search final-model assignment2-extras benchmark
    make coarse-search ARGS=--race
    make readme

Between `<!-- experiment -->` and `<!-- end -->` stands what that experiment's newest run with default flags printed, or
one of its tables only (`<!-- experiment: table 1 -->`), or none (`<!-- experiment: figures -->`); or, with flags, of
its newest run with these (`<!-- experiment --race -->`). The figures that stand there are copies from the same run
directory.
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import re
from pathlib import Path

import absl.flags

from dd2424_jax.app import commands, kinds
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.io import files
from dd2424_jax.reporting import report
from dd2424_jax.runs import directory, latest

FLAGS = absl.flags.FLAGS
ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "experiments" / "figures"
PAGES = (ROOT / "experiments" / "README.md", ROOT / "README.md")

PLACES = ("--data_dir", "--out_dir")  # flags that say where, not what

kinds.define_path("out_dir", commands.results(), "where run directories are")
absl.flags.DEFINE_boolean("any_flags", False, "take the newest run whatever its flags were")


def newest(experiment: str, flags: list[str]) -> Path:
    """The newest finished run with these flags, and no others."""
    for run in latest.finished(FLAGS.out_dir, experiment):
        _, script, *given = directory.read_config(run)["command"]
        of_its_own = Path(script).stem == experiment  # exercise 2 checks some of the gradients
        if of_its_own and (FLAGS.any_flags or [flag for flag in given if not flag.startswith(PLACES)] == flags):
            return run
    which = " ".join(flags) or "default flags"
    raise UsageError(f"there is no finished {experiment} with {which} in {FLAGS.out_dir}; run it first")


def shown(match: re.Match, page: Path) -> str:
    """What stands between the marks of an experiment."""
    experiment, flags, extent = match.groups()
    run = newest(experiment, flags.split())
    printed = report.read(run, directory.Run(run).summary["table"]).strip()
    if extent and extent.startswith("table "):
        tables = re.findall(r"[^\n]+\n\n(?:\|[^\n]*\n?)+", printed)  # a caption, an empty line, and rows
        number = int(extent.removeprefix("table "))
        if not 1 <= number <= len(tables):
            raise UsageError(f"{page}: {run} has no {extent}, but {len(tables)}")
        parts = [tables[number - 1].strip()]
    else:
        parts = [] if extent == "figures" else [printed]
    name = experiment + flags.replace(" --", "-")
    for figure in re.findall(rf"figures/{name}-(\w+)\.png", match[0]):
        copy = FIGURES / f"{name}-{figure}.png"
        files.write_bytes(copy, (run / f"{figure}.png").read_bytes())
        parts.append(f"![{experiment}: {figure}]({copy.relative_to(page.parent)})")
    mark = f"{experiment}{flags}: {extent}" if extent else f"{experiment}{flags}"
    return f"<!-- {mark} -->\n" + "\n\n".join(parts) + "\n<!-- end -->"


def main():
    FIGURES.mkdir(exist_ok=True)
    for page in PAGES:
        marked = re.compile(r"<!-- (\w+)((?: --\S+)*)(?:: (table \d+|figures))? -->\n.*?<!-- end -->", re.DOTALL)
        files.write_text(page, marked.sub(lambda match, page=page: shown(match, page), files.read_text(page)))


if __name__ == "__main__":
    entry.start(main)
