"""Which transfer syntaxes can be read, and by which decoder?"""

from types import MappingProxyType

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

NATIVE = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
"""Syntaxes whose pixel data are plain samples."""

RLE = "1.2.840.10008.1.2.5"

JPEG = "1.2.840.10008.1.2.4."

DECODERS = MappingProxyType(
    {
        RLE: "pydicom",
        JPEG + "50": "pillow",
        JPEG + "51": "imagecodecs",
        JPEG + "53": "imagecodecs",
        JPEG + "55": "imagecodecs",
        JPEG + "57": "gdcm",
        JPEG + "70": "gdcm",
        JPEG + "80": "pyjpegls",
        JPEG + "81": "pyjpegls",
        JPEG + "90": "pylibjpeg",
        JPEG + "91": "pylibjpeg",
        JPEG + "201": "pylibjpeg",
        JPEG + "202": "pylibjpeg",
        JPEG + "203": "pylibjpeg",
    }
)
"""Transfer syntax UID -> the one decoder used for it, so that a series gives the same voxels everywhere.

All but imagecodecs are pydicom's plugins of that name; imagecodecs is optional (``pip install
'medidense[codecs]'``) and called here, because no decoder known to pydicom under a permissive licence
reads 12-bit and retired JPEG.
"""

PACKAGES = MappingProxyType(
    {
        "gdcm": "python-gdcm",
        "imagecodecs": "imagecodecs",
        "pillow": "pillow",
        "pydicom": "pydicom",
        "pyjpegls": "pyjpegls",
        "pylibjpeg": "pylibjpeg-openjpeg",
    }
)
"""Decoder -> the package that holds it, as pip names it."""

LOSSY = frozenset(
    {JPEG + "50", JPEG + "51", JPEG + "53", JPEG + "55", JPEG + "81", JPEG + "91", JPEG + "203"}
)
"""Syntaxes that may have lost something; .91 and .203 also hold lossless streams."""
