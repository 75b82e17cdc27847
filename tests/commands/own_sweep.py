"""A sweep as a launch sees it, without what takes long: a script of a user's own.

A shard first does, once, what stands in a file of its name, so that a test can let it fail.
"""

import os  # noqa: F401, for what a shard does
import signal  # noqa: F401
import sys
import time  # noqa: F401
from pathlib import Path


def define(flags):
    """What shows a launch that this can be cut."""
    flags.define_run_flags()


def main():
    given = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
    if "typo" in given:
        sys.exit("mine.py: Unknown command line flag 'typo'")
    if "only_check_args" in given:
        sys.exit()
    out, n = Path(given["out"]), int(given["num_shards"])
    if "merge" not in given:
        i = given["shard_index"]
        if (deed := out / f"{i}.does").exists():
            text = deed.read_text()
            deed.unlink()
            exec(text)
        (out / f"{i}.done").touch()
    if len(list(out.glob("*.done"))) < n:
        sys.exit(75 if "merge" in given else print(out))
    (out / "table.md").write_text("the table")
    (out / "summary.json").touch()
    print(f"the table\n\n{out}")


if __name__ == "__main__":
    main()
