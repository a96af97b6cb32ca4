import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medidense.track.cards import Card

BLUE = (90, 120, 200)


def drawn(*lines: str, width: int = 600) -> NDArray[np.uint8]:
    """The card's lower half, 0 where a letter is."""
    stream = io.BytesIO()
    Image.new("RGB", (width, width // 2), BLUE).save(stream, "PNG")
    image = Card(stream.getvalue(), lines).image()
    assert image.size == (width, width)
    array = np.asarray(image)
    assert (array[: width // 2] == BLUE).all(), "nothing is drawn on the picture"
    return array[width // 2 :].min(axis=2)


def test_the_lines_stand_below_the_picture_and_above_what_mlflow_hides() -> None:
    lower = drawn("S-443c1b18c7", "label malignant", "decided benign (0.31)")
    rows = np.flatnonzero((lower < 128).any(axis=1))
    assert rows.max() < 600 * (2 / 3 + 0.01) - 300
    gaps = np.flatnonzero(np.diff(rows) > 1)
    assert len(gaps) >= 2, "three lines"
    assert rows[gaps[0]] - rows[0] >= 600 / 290 * 7, "a letter is 7 px and more on a card of 290 px"


@pytest.mark.parametrize("width", [600, 1200])
def test_a_long_line_is_written_smaller(width: int) -> None:
    columns = np.flatnonzero((drawn("label " + "a" * 90, width=width) < 200).any(axis=0))
    assert 0 < columns.max() < width - 1


def test_without_lines_nothing_is_written() -> None:
    assert (drawn() == 255).all()
