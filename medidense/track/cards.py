"""How does a picture stand in MLflow's image grid so that one can read of whom it is?"""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

LETTER = 1 / 20
"""Height of a letter as a share of the side: 14 px on a card of 290 px, as wide as MLflow's page draws it."""

LINE = 1.15
"""Height of a line, in letters."""

SMALLEST = 4.0
"""Size of letters, in pixels, below which a line is cut off instead."""


@dataclass(frozen=True)
class Card:
    """A picture, PNG bytes, and what is to be read of it in short lines: no name or ID of a patient."""

    content: bytes
    lines: tuple[str, ...]

    def image(self) -> Image.Image:
        """A square, RGB: the picture on top, the lines below it.

        MLflow centres a picture in a square whose lower third is out of sight: the lines stand in the sixth
        below the picture that is twice as wide as high.
        """
        picture = Image.open(io.BytesIO(self.content)).convert("RGB")
        side = max(picture.size)
        square = Image.new("RGB", (side, side), "white")
        square.paste(picture)
        draw, size = ImageDraw.Draw(square), side * LETTER
        for number, line in enumerate(self.lines):
            place = (0.02 * side, picture.height + number * LINE * size)
            draw.text(place, line, fill="black", font=_fitting(line, size, 0.96 * side))
        return square


def _fitting(line: str, size: float, width: float) -> Any:
    """The font of this size, or as much smaller as the line needs."""
    font = ImageFont.load_default(size)
    while font.getlength(line) > width and size > SMALLEST:
        size *= 0.9
        font = ImageFont.load_default(size)
    return font
