"""The page as one HTML file that asks for no other: images are in it, and there is no script."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
from PIL import Image  # which Matplotlib brings

from dd2424_jax.page import gather
from dd2424_jax.page.gather import Part
from dd2424_jax.page.page import Page

QUALITY = 75  # of WebP: no loss can be seen, and none at all takes twice the room and five times as long


class Embedded(NamedTuple):
    """A picture as a data URI, and its size in pixels."""

    source: str
    width: int
    height: int


def embedded(file: Path) -> Embedded:
    """A PNG as WebP."""
    buffer = io.BytesIO()
    with Image.open(file) as png:
        picture = png.convert("RGB")
    picture.save(buffer, "WEBP", quality=QUALITY, method=2)
    return Embedded("data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode(), *picture.size)


def write(page: Page, folder: Path) -> str:
    """The page, whose links lead from this folder to the run directories."""

    def link(part: Part, name: str = "") -> str:
        return Path(os.path.relpath(part.path / name, folder)).as_posix()

    def pictures(part: Part) -> Sequence[tuple]:
        captions, alternatives = part.shown.captions, part.shown.alternatives
        return [(name, captions[name], alternatives[name], embedded(gather.figure(part, name))) for name in captions]

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(link=link, pictures=pictures)
    return environment.get_template("page.html").render(page=page)
