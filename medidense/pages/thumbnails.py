"""Which pictures may stand on a page that is handed on, and how large?"""

import io

from PIL import Image

CLEAN = frozenset({"CT", "MR", "PT"})
"""DICOM modalities whose images are reconstructed, so that no device writes a name into the pixels.
Ultrasound, radiography, endoscopy and captures may carry one (DICOM PS3.3 C.7.6.1, Burned In Annotation)."""

WIDTH = 800
QUALITY = 82


def free_of_text(modality: str | None) -> bool:
    """True where images of this DICOM modality carry no burned-in text; one that is not known may.

    >>> free_of_text("CT"), free_of_text("US"), free_of_text(None)
    (True, False, False)
    """
    return modality in CLEAN


def small_jpeg(content: bytes) -> bytes:
    """A picture (any format that Pillow reads) as JPEG bytes, at most `WIDTH` pixels wide. Raises OSError."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.thumbnail((WIDTH, WIDTH))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY, optimize=True)
    return stream.getvalue()
