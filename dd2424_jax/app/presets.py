"""The flag --preset, each value of which sets some other flags, where these are not given."""

from collections.abc import Mapping

from absl import flags

from dd2424_jax.names import R3_STD

R3 = {"init_std": R3_STD}  # of every network of a report of 2022


def define(default: str | None = None, **presets: Mapping[str, object]):
    """Presets by name, each with its values of other flags (see command_line.options); `default` is one of them."""
    texts = {
        name: ", ".join(f"{flag} = {_typed(value)}" for flag, value in own.items()) for name, own in presets.items()
    }
    shown = [f"{name}: {text or 'as they are'}" for name, text in texts.items()]
    flags.DEFINE_enum(
        "preset", default, [*presets], "; ".join(["values of other flags, where these are not given", *shown])
    )
    flags.FLAGS["preset"].presets = presets


def _typed(value) -> str:
    """A value as it would be typed."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
