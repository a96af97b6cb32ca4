"""DICOM: files of a series to a volume, and a volume to the files of a series."""

from medidense.io.dicom.geometry import Stack, ras_from_lps
from medidense.io.dicom.grouping import Gathered, choose, gather, stack_of
from medidense.io.dicom.headers import Broken, Header, NoImage, Scanned, scan_file
from medidense.io.dicom.pixels import decoder_of, is_lossy, read_pixels
from medidense.io.dicom.writing import SeriesUids, write_series

__all__ = [
    "Broken",
    "Gathered",
    "Header",
    "NoImage",
    "Scanned",
    "SeriesUids",
    "Stack",
    "choose",
    "decoder_of",
    "gather",
    "is_lossy",
    "ras_from_lps",
    "read_pixels",
    "scan_file",
    "stack_of",
    "write_series",
]
