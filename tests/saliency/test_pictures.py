"""Does the picture hold what it should, and nothing that varies?"""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from medidense.saliency import overlay_png
from medidense.values import Region, Source, Volume


def scan() -> tuple[Volume, Region]:
    array = np.random.default_rng(0).normal(0.0, 30.0, (60, 60, 5)).astype(np.float32)
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    return Volume(array, affine, Source("nifti", modality="CT")), Region(
        (30.0, 30.0, 6.0), (12.0, 12.0, 12.0)
    )


def pixels(png: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGB"), dtype=np.float64)


def colourful(panel: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    """Pixels that are more red than blue: evidence, or a yellow letter."""
    return int((panel[..., 0] - panel[..., 2] > 40).sum())


def outlined(panel: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    """Pixels of the colour of a lesion's outline."""
    return int(((panel[..., 1] > 150) & (panel[..., 2] > 150) & (panel[..., 0] < 100)).sum())


def test_the_lesion_is_in_the_picture_where_the_evidence_misses_it() -> None:
    volume, region = scan()
    found = []
    for height in (2, 4):  # the lesion ends below slice 4
        evidence = np.zeros(volume.shape, dtype=np.float32)
        evidence[20:40, 20:40, height] = 1.5
        png = pixels(overlay_png(volume, evidence, replace(region, extent_mm=(9.0, 9.0, 9.0)), "evidence"))
        found.append((outlined(png[60:540, 20:510]) > 100, outlined(png[60:540, 535:1025]) > 100))
    assert found == [(True, True), (True, False)]


def test_the_picture_is_twice_as_wide_as_high_with_colour_at_the_right_only() -> None:
    volume, region = scan()
    evidence = np.zeros(volume.shape, dtype=np.float32)
    evidence[20:40, 20:40, 2] = 1.5
    found = pixels(overlay_png(volume, evidence, region, "evidence"))
    assert found.shape == (600, 1200, 3)
    left, right = found[60:540, 20:510], found[60:540, 535:1025]
    assert colourful(right) > 20 * colourful(left)


def test_an_empty_map_lets_the_scan_through_unchanged() -> None:
    volume, region = scan()
    found = pixels(overlay_png(volume, np.zeros(volume.shape, dtype=np.float32), region, "nothing"))
    left, right = found[70:540, 30:500], found[70:540, 546:1016]
    assert np.abs(left - right).max() <= 1


def test_equal_input_gives_equal_bytes_and_any_title_is_drawn_as_it_is() -> None:
    volume, _ = scan()
    evidence = volume.array.clip(0).astype(np.float32)
    title = r"class $\frac_{ 100%"
    assert overlay_png(volume, evidence, None, title) == overlay_png(volume, evidence, None, title)


def test_a_constant_slice_and_a_tiny_picture_are_drawn() -> None:
    for shape in ((40, 40, 1), (1, 1, 1), (2, 50, 1)):
        volume = Volume(
            np.zeros(shape), np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), spacing_known=False
        )
        region = Region((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        assert pixels(overlay_png(volume, np.ones(shape, dtype=np.float32), region, "x")).any()
