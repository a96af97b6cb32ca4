import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from medidense.saliency import overlay_png
from medidense.track.cards import Card
from medidense.values import Source, Volume

BLUE = (90, 120, 200)
SEEN = 0.54
"""Share of a square that MLflow's card shows, from the top."""


def card(*lines: str, width: int = 600) -> NDArray[np.uint8]:
    """The card of a blue picture, twice as wide as high."""
    stream = io.BytesIO()
    Image.new("RGB", (width, width // 2), BLUE).save(stream, "PNG")
    image = Card(stream.getvalue(), lines).image()
    assert image.size == (width, width)
    return np.asarray(image)


def letters(drawn: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a letter is, above the picture."""
    top = int(np.flatnonzero((drawn == BLUE).all(axis=(1, 2)))[0])
    return np.asarray(drawn[:top].max(axis=2) < 128)


def test_two_lines_stand_above_the_picture_and_all_is_where_mlflow_shows_it() -> None:
    drawn = card("S-443c1b18c7", "label malignant, decided benign (0.31)")
    rows = np.flatnonzero(letters(drawn).any(axis=1))
    (gap,) = np.flatnonzero(np.diff(rows) > 1)
    assert rows[gap] - rows[0] >= 600 / 256 * 7, "a capital is 7 px and more on a card of 256 px"
    picture = np.flatnonzero((drawn == BLUE).all(axis=(1, 2)))
    assert picture.max() < SEEN * 600
    assert len(picture) > 0.8 * 300


@pytest.mark.parametrize("width", [600, 1200])
def test_a_long_line_is_written_smaller(width: int) -> None:
    columns = np.flatnonzero(letters(card("label " + "a" * 90, width=width)).any(axis=0))
    assert 0 < columns.max() < width - 1


def test_what_is_cut_off_are_title_and_caption_alone() -> None:
    volume = Volume(np.arange(1000, dtype=np.float32).reshape(10, 10, 10), np.eye(4), Source("nifti"))
    content = overlay_png(volume, np.ones((10, 10, 10), np.float32), None, "title")
    whole = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    kept = np.asarray(Card(content, ()).image())
    height = round(0.93 * 600) - round(0.09 * 600)
    assert (kept[:height] == whole[54 : 54 + height]).all()
    assert (kept[height:] == 255).all()
    assert (whole[50:54] == 255).all(), "between title and panels"
    assert (whole[54 + height : 54 + height + 4] == 255).all(), "between panels and caption"
