"""How does a picture stand in MLflow's image grid so that one can read of whom it is?"""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

LETTER = 1 / 20
"""Height of a letter as a share of the side: 13 px on MLflow's card, which is 256 px wide (measured)."""

LINE = 1.15
"""Height of a line, in letters."""

PANELS = (0.09, 0.93)
"""Shares of a picture's height between which `saliency.overlay_png` draws; title and caption lie outside."""

SMALLEST = 4.0
"""Size of letters, in pixels, below which a line is cut off instead."""


@dataclass(frozen=True)
class Card:
    """A picture, PNG bytes, and what is to be read of it in short lines: no name or ID of a patient."""

    content: bytes
    lines: tuple[str, ...]

    def image(self) -> Image.Image:
        """A square, RGB: the lines on top, below them the picture without its title and its caption.

        MLflow centres a picture in a square. A card shows the upper 54 % of it where two lines of parameters
        stand above it (measured, 3.17). The whole picture lies among the artifacts.
        """
        picture = Image.open(io.BytesIO(self.content)).convert("RGB")
        side, (first, last) = max(picture.size), (round(share * picture.height) for share in PANELS)
        square = Image.new("RGB", (side, side), "white")
        draw, size = ImageDraw.Draw(square), side * LETTER
        for number, line in enumerate(self.lines):
            place = (0.02 * side, number * LINE * size)
            draw.text(place, line, fill="black", font=_fitting(line, size, 0.96 * side))
        below = round(len(self.lines) * LINE * size)
        square.paste(picture.crop((0, first, picture.width, last)), (0, below))
        return square


def _fitting(line: str, size: float, width: float) -> Any:
    """The font of this size, or as much smaller as the line needs."""
    font = ImageFont.load_default(size)
    while font.getlength(line) > width and size > SMALLEST:
        size *= 0.9
        font = ImageFont.load_default(size)
    return font
