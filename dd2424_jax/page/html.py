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

from dd2424_jax.page.gather import Part
from dd2424_jax.page.page import Page

QUALITY = 75  # of photographs in WebP; what loses nothing is taken where it is not larger


class Embedded(NamedTuple):
    """A picture as a data URI, and its size in pixels."""

    source: str
    width: int
    height: int


def embedded(file: Path) -> Embedded:
    """A PNG as the smaller one of two WebP images, with losses and without."""
    with Image.open(file) as png:
        picture = png.convert("RGB")
    forms = []
    for how in ({"quality": QUALITY}, {"lossless": True}):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", method=2, **how)
        forms.append(buffer.getvalue())
    return Embedded("data:image/webp;base64," + base64.b64encode(min(forms, key=len)).decode(), *picture.size)


def write(page: Page, folder: Path) -> str:
    """The page, whose links lead from this folder to the run directories."""

    def link(part: Part, name: str = "") -> str:
        return Path(os.path.relpath(part.path / name, folder)).as_posix()

    def pictures(part: Part) -> Sequence[tuple]:
        captions, alternatives = part.shown.captions, part.shown.alternatives
        return [(name, captions[name], alternatives[name], embedded(part.path / f"{name}.png")) for name in captions]

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(link=link, pictures=pictures)
    return environment.get_template("page.html").render(page=page)
