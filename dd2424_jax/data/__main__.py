"""`python -m dd2424_jax.data [DIR]`: fetch CIFAR-10 if need be, and check it."""

import sys
from collections.abc import Sequence

from dd2424_jax import data


def main(argv: Sequence[str]) -> None:
    if {*argv} & {"-h", "--help"}:
        print(__doc__)
        return
    if len(argv) > 2 or argv[-1].startswith("-"):
        raise SystemExit(__doc__)
    try:
        dataset = data.load("cifar10", argv[1] if len(argv) > 1 else None)
        n_train = sum(len(batch.y) for batch in dataset.batches)
        print(f"CIFAR-10 is there: {n_train:,} images to train on, {len(dataset.test.y):,} to test on", flush=True)
    except (data.DataError, OSError) as error:
        raise SystemExit(f"data: {error}") from error


if __name__ == "__main__":
    main(sys.argv)
