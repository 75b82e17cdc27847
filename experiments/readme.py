"""Put the newest results into README.md: its tables, and its figures under experiments/figures/.

    make gradient-check assignment1 exercise3 coarse-search benchmark readme

Between `<!-- experiment -->` and `<!-- end -->` the README shows what that experiment's newest run printed, or only its
first table (`<!-- experiment: first table -->`), and the figures there are copies from the same run directory.
"""

import re
import sys
from pathlib import Path

from absl import app, flags

from dd2424_jax import files, results

FLAGS = flags.FLAGS
ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "experiments" / "figures"

flags.DEFINE_string("out_dir", "results", "where run directories are")


def main(_):
    readme = ROOT / "README.md"
    text = readme.read_text()

    def newest(match):
        experiment, extent = match[1], match[2] or ""
        run = results.latest(FLAGS.out_dir, experiment)
        if run is None:
            sys.exit(f"readme.py: there is no finished {experiment} in {FLAGS.out_dir}; run it first")
        printed = (run / "table.md").read_text().strip()
        # A table is a caption, an empty line, and rows.
        shown = ["\n\n".join(printed.split("\n\n")[:2]) if extent else printed]
        for figure in re.findall(rf"experiments/figures/{experiment}-(\w+)\.png", match[0]):
            files.write_bytes(FIGURES / f"{experiment}-{figure}.png", (run / f"{figure}.png").read_bytes())
            shown.append(f"![{experiment}: {figure}](experiments/figures/{experiment}-{figure}.png)")
        return f"<!-- {experiment}{extent} -->\n" + "\n\n".join(shown) + "\n<!-- end -->"

    FIGURES.mkdir(exist_ok=True)
    files.write_text(readme, re.sub(r"<!-- (\w+)(: first table)? -->\n.*?<!-- end -->", newest, text, flags=re.DOTALL))


if __name__ == "__main__":
    app.run(main)
