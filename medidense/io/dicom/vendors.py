"""What do the private elements of scanners say that older objects have no standard attribute for?

Sources: the manufacturers' conformance statements where they list these elements, and the readers that have
met them (dcm2niix names the same tags); none is defined by DICOM itself.
"""

import math
import struct
from typing import Any, Protocol

from pydicom.tag import BaseTag


class Stored(Protocol):
    """Elements as stored."""

    def get_item(self, key: BaseTag, /) -> Any:
        """The element, None where it is missing."""


UIH_B_VALUE = BaseTag(0x00651009)
SIEMENS_GRADIENT, UIH_GRADIENT = BaseTag(0x0019100E), BaseTag(0x00651037)
"""Three doubles each."""
GE_GRADIENT = (BaseTag(0x001910BB), BaseTag(0x001910BC), BaseTag(0x001910BD))
"""A decimal string each."""
PHILIPS_GRADIENT = (BaseTag(0x200510B0), BaseTag(0x200510B1), BaseTag(0x200510B2))
"""A float each."""
GE_COMPONENT = BaseTag(0x0043102F)
"""A signed short that numbers `COMPONENTS`."""
COMPONENTS = ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")
"""What ComplexImageComponent (0008,9208) calls them."""
SIEMENS_TILES, UIH_TILES = BaseTag(0x0019100A), BaseTag(0x00651050)
"""NumberOfImagesInMosaic, an unsigned short, and the number of slices in a grid, a decimal string."""
SIEMENS_CREATOR = BaseTag(0x00190010)
"""Who reserved the elements 0019,10xx (PS3.5, 7.8.1): others keep other things there."""

TAGS = (
    *(UIH_B_VALUE, SIEMENS_GRADIENT, UIH_GRADIENT, GE_COMPONENT, SIEMENS_TILES, UIH_TILES),
    *(*GE_GRADIENT, *PHILIPS_GRADIENT, SIEMENS_CREATOR),
)
"""All of them."""

UNSAID = -1
"""Instead of a number of tiles: a maker whose grids ImageType does not name, without the private element."""

LARGEST_B = 1e6
"""In s/mm2; beyond it is no b-value."""


def b_value(found: Stored) -> str:
    """The b-value in s/mm2 that United Imaging keeps, "" where there is none."""
    value = _binary(found, UIH_B_VALUE, "d", 1)
    return f"{value[0]:g}" if value and 0 <= value[0] < LARGEST_B else ""


def gradient(found: Stored) -> str:
    """The diffusion gradient's three numbers, joined by backslashes, "" where no element has them."""
    for tag in (SIEMENS_GRADIENT, UIH_GRADIENT):
        if value := _binary(found, tag, "d", 3):
            return _joined(value)
    parts = [_binary(found, tag, "f", 1) for tag in PHILIPS_GRADIENT]
    if all(parts):
        return _joined([part[0] for part in parts])
    texts = [_text(found, tag) for tag in GE_GRADIENT]
    return "\\".join(texts) if all(texts) else ""


def component(found: Stored) -> str:
    """Which of `COMPONENTS` a GE image holds: its ImageType is the same for all; "" where it does not say."""
    value = _binary(found, GE_COMPONENT, "h", 1)
    return COMPONENTS[int(value[0])] if value and 0 <= value[0] < len(COMPONENTS) else ""


def tiles(found: Stored, maker: str) -> int:
    """How many slices are tiled into one picture, as Siemens or United Imaging say it; 0 where they do not.

    `maker` is the manufacturer as stated; United Imaging (UIH) without its element is `UNSAID`.
    """
    value = _binary(found, SIEMENS_TILES, "H", 1)
    if value and _text(found, SIEMENS_CREATOR).upper().startswith("SIEMENS"):
        return int(value[0])
    text = _text(found, UIH_TILES)
    if text.isdigit():
        return int(text)
    return UNSAID if maker.upper().startswith("UIH") else 0


def _binary(found: Stored, tag: BaseTag, letter: str, count: int) -> tuple[float, ...]:
    """`count` finite numbers of an element, () where it is missing or of another length."""
    element = found.get_item(tag)
    if element is None:
        return ()
    value, order = element.value, "<" if getattr(element, "is_little_endian", True) else ">"
    form = struct.Struct(f"{order}{count}{letter}")
    if not isinstance(value, bytes) or len(value) != form.size:
        return ()
    numbers: tuple[float, ...] = form.unpack(value)
    return numbers if all(map(math.isfinite, numbers)) else ()


def _text(found: Stored, tag: BaseTag) -> str:
    """An element of one ASCII text, "" where it is missing or none."""
    element = found.get_item(tag)
    value = None if element is None else element.value
    if not isinstance(value, bytes) or not value.isascii():
        return ""
    return value.decode("ascii").strip(" \0")


def _joined(numbers: tuple[float, ...] | list[float]) -> str:
    """Numbers as DICOM joins them."""
    return "\\".join(f"{number:.6g}" for number in numbers)
