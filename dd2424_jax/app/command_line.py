"""The command line: read once, explained by --help, and what stood on it."""

import copy
import functools
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

from absl import flags

from dd2424_jax.io.terminal import Mendable

FLAGS = flags.FLAGS

# Groups of flags. The first three decide the numbers.
WHAT, LONG, IMAGES = "What to train", "How long", "Which images"
RESULTS, HOSTS, OWN = "Where results go", "Devices and hosts", "Of this command"

HELP = ("-h", "-?", "-help", "--help", "--helpshort", "--helpfull")


class UsageError(Mendable):
    """Flags that do not go together; the message says which."""


def group(name: str) -> Callable:
    """The flags that a function defines are of this group, but for those that have one."""

    def decorator(define: Callable) -> Callable:
        @functools.wraps(define)
        def grouped(*args, **kwargs):
            before = {*FLAGS}
            define(*args, **kwargs)
            for flag in {*FLAGS} - before:
                FLAGS[flag].group = _group(FLAGS[flag], name)

        return grouped

    return decorator


def _group(flag: flags.Flag, default: str = OWN) -> str:
    return getattr(flag, "group", default)


def parse(argv: Sequence[str], about: str = "", *, with_rest: bool = False) -> list[str]:
    """Set the flags from a command line, and return what remains of it: the command and, `with_rest`, arguments.

    Asked for help, it prints what the command is `about` and its flags, and ends with status 0.

    Raises:
      UsageError: a flag is unknown, has no such value, or has two; or there are arguments that are none.
    """
    own = argv[: argv.index("--")] if "--" in argv else argv
    if {*own} & {*HELP}:
        print(usage(about))
        sys.exit()
    for word in own:
        name, _, value = word.lstrip("-").partition("=")
        if name == "flagfile" and value and not Path(value).is_file():  # a device has no end
            raise UsageError(f"--flagfile={value} is no file")
    try:
        command, *rest = FLAGS(argv)
    except (flags.Error, ValueError) as error:  # the latter of absl's own flags, and of a --flagfile that is no text
        raise UsageError(f"{error}; --help lists the flags") from error
    if rest and not with_rest:
        raise UsageError(f"{rest[0]!r} is not a flag (and lists take commas); --help lists them")
    for flag in _flags():
        if flag.present > 1 and not isinstance(flag.value, list):
            raise UsageError(f"--{flag.name} is given {flag.present} times, and has one value")
    return [command, *rest]


def usage(about: str) -> str:
    """What --help shows: what the command is about, and its flags, each as it could be typed to get its default."""
    lines = [about]
    for name in (OWN, WHAT, LONG, IMAGES, RESULTS, HOSTS):
        own = [flag for flag in _flags() if _group(flag) == name]
        lines += ["", f"{name}:"] if own else []
        for flag in own:
            lines += [
                f"  {_as_typed(flag)}",
                textwrap.fill(" ".join(flag.help.split()), 100, initial_indent=" " * 6, subsequent_indent=" " * 6),
            ]
    return "\n".join([*lines, "", "  [--flagfile=...]", "      read flags from a file, one a line"])


def _as_typed(flag: flags.Flag) -> str:
    """Its own value on a command line; of a flag that has none, its name."""
    if flag.default is None:
        return f"[--{flag.name}=...]"
    own = copy.deepcopy(flag)
    own.value = own.default
    return " ".join(own.serialize().split("\n"))


def _flags() -> list[flags.Flag]:
    """The command's flags, without absl's."""
    modules = FLAGS.flags_by_module_dict().items()
    return [flag for module, own in modules if not module.startswith("absl") for flag in own]


def options() -> SimpleNamespace:
    """The experiment's flags and their values, as config.json has them; those of a preset where they are not given."""
    values = {flag.name: flag.value for flag in _flags()}
    if values.get("preset"):
        preset = FLAGS["preset"].presets[values["preset"]]
        values |= {name: value for name, value in preset.items() if not given(name)}
    return SimpleNamespace(**values)


def changed() -> dict:
    """Those that differ from the experiment's own values, but for what only says where."""
    flags_of_numbers = (flag for flag in _flags() if _group(flag) not in (RESULTS, HOSTS) and flag.name != "data_dir")
    return {flag.name: flag.value for flag in flags_of_numbers if flag.value != flag.default}


def own_values() -> Mapping[str, object]:
    """The experiment's own values of the flags that decide numbers."""
    return {flag.name: flag.default for flag in _flags() if _group(flag) in (WHAT, LONG, IMAGES)}


def given(name: str) -> bool:
    """Whether a flag stands on the command line."""
    return name in FLAGS and FLAGS[name].present > 0
