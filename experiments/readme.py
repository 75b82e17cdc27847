"""Put the newest results into README.md: its tables, and its figures under experiments/figures/.

    make coarse-search exercise3 readme

Between `<!-- experiment -->` and `<!-- end -->` the README shows that experiment's newest table, and the figures there
are copies from the same run directory.
"""

import re
import sys
from pathlib import Path

from absl import app, flags

from dd2424_jax import results

FLAGS = flags.FLAGS
ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "experiments" / "figures"

flags.DEFINE_string("out_dir", "results", "where run directories are")


def main(_):
    readme = ROOT / "README.md"
    text = readme.read_text()

    def newest(match):
        experiment = match[1]
        run = results.latest(FLAGS.out_dir, experiment)
        if run is None:
            sys.exit(f"readme.py: there is no finished {experiment} in {FLAGS.out_dir}; run it first")
        shown = [(run / "table.md").read_text().strip()]
        for figure in re.findall(rf"experiments/figures/{experiment}-(\w+)\.png", match[0]):
            results.write_bytes(FIGURES / f"{experiment}-{figure}.png", (run / f"{figure}.png").read_bytes())
            shown.append(f"![{experiment}: {figure}](experiments/figures/{experiment}-{figure}.png)")
        return f"<!-- {experiment} -->\n" + "\n\n".join(shown) + "\n<!-- end -->"

    FIGURES.mkdir(exist_ok=True)
    results.write_text(readme, re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", newest, text, flags=re.DOTALL))


if __name__ == "__main__":
    app.run(main)
