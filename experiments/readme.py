"""Put the newest results into README.md: its tables, and its figures under experiments/figures/.

    make gradient-check assignment1 exercise2 exercise3 exercise4 schedule
    make coarse-search fine-search final-model benchmark readme

Between `<!-- experiment -->` and `<!-- end -->` the README shows what that experiment's newest run with default flags
printed, or only one of its tables (`<!-- experiment: table 1 -->`), and the figures there are copies from the same
run directory.
"""

import re
import sys
from pathlib import Path

from absl import app, flags

from dd2424_jax import files, results

FLAGS = flags.FLAGS
ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "experiments" / "figures"

PLACES = ("--data_dir", "--out_dir")  # flags that say where, not what

flags.DEFINE_string("out_dir", "results", "where run directories are")
flags.DEFINE_boolean("any_flags", False, "take the newest run whatever its flags were")


def newest(experiment: str) -> Path:
    """The newest finished run that the README may show."""
    for run in results.finished(FLAGS.out_dir, experiment):
        given = files.read_json(run / results.CONFIG)["command"][2:]
        if FLAGS.any_flags or all(flag.startswith(PLACES) for flag in given):
            return run
    sys.exit(f"readme.py: there is no finished {experiment} with default flags in {FLAGS.out_dir}; run it first")


def main(_):
    readme = ROOT / "README.md"
    text = readme.read_text()

    def shown(match):
        experiment, extent = match[1], match[2] or ""
        run = newest(experiment)
        printed = (run / "table.md").read_text().strip()
        tables = re.findall(r"[^\n]+\n\n(?:\|[^\n]*\n?)+", printed)  # a caption, an empty line, and rows
        parts = [tables[int(match[3]) - 1].strip() if extent else printed]
        for figure in re.findall(rf"experiments/figures/{experiment}-(\w+)\.png", match[0]):
            files.write_bytes(FIGURES / f"{experiment}-{figure}.png", (run / f"{figure}.png").read_bytes())
            parts.append(f"![{experiment}: {figure}](experiments/figures/{experiment}-{figure}.png)")
        return f"<!-- {experiment}{extent} -->\n" + "\n\n".join(parts) + "\n<!-- end -->"

    FIGURES.mkdir(exist_ok=True)
    files.write_text(readme, re.sub(r"<!-- (\w+)(: table (\d+))? -->\n.*?<!-- end -->", shown, text, flags=re.DOTALL))


if __name__ == "__main__":
    app.run(main)
