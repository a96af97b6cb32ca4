"""Small pictures, and whose may be shown."""

import io

import pytest
from PIL import Image

from medidense.pages import free_of_text, small_jpeg


def test_a_picture_becomes_small() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (1600, 800), (90, 120, 200, 255)).save(stream, "PNG")
    found = Image.open(io.BytesIO(small_jpeg(stream.getvalue())))
    assert (found.format, found.size) == ("JPEG", (800, 400))


def test_what_is_no_picture_is_an_error() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        small_jpeg(b"no picture")


@pytest.mark.parametrize(
    ("modality", "clean"),
    [("CT", True), ("MR", True), ("US", False), ("DX", False), ("", False), (None, False)],
)
def test_modalities(modality: str | None, clean: bool) -> None:
    assert free_of_text(modality) is clean
