"""`python -m dd2424_jax`: the version, the devices, where the data is, and the commands."""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import sys
from importlib import metadata

import dd2424_jax
from dd2424_jax.app import commands, session
from dd2424_jax.data import cifar10


def main() -> None:
    devices = session.use_devices()
    kinds = sorted({device.device_kind for device in devices})
    print(f"dd2424-jax {dd2424_jax.__version__}, JAX {metadata.version('jax')}, Python {sys.version.split()[0]}")
    print(f"devices:   {len(devices)} ({', '.join(kinds)})")
    print(f"CIFAR-10:  {data()}")
    scripts = commands.scripts()
    print("commands:  " + ("each has --help" if scripts else "are not installed: they lie in the repository"))
    for script in scripts.values():
        print(f"  {'python ' + str(commands.shown(script)):38} {commands.headline(script)}")


def data() -> str:
    """Where CIFAR-10 is, or where it is looked for."""
    root = cifar10.data_root(None)
    folder = cifar10.located(root)
    return str(folder) if folder else f"not in {root}: make data fetches it, or set DD2424_DATA_DIR to where it is"


if __name__ == "__main__":
    entry.start(main)
