"""DICOM: files of a series to a volume, a volume to the files of a series, and lesions onto a grid."""

from medidense.io.dicom.contours import read_contours
from medidense.io.dicom.geometry import Stack, ras_from_lps
from medidense.io.dicom.grouping import Gathered, choose, gather, stack_of
from medidense.io.dicom.headers import Broken, Header, NoImage, Scanned, scan_file
from medidense.io.dicom.objects import STRUCTURE_SET, lesion_class
from medidense.io.dicom.pixels import decoder_of, is_lossy, read_pixels
from medidense.io.dicom.segmentation import read_segment
from medidense.io.dicom.writing import SeriesUids, write_series

__all__ = [
    "STRUCTURE_SET",
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
    "lesion_class",
    "ras_from_lps",
    "read_contours",
    "read_pixels",
    "read_segment",
    "scan_file",
    "stack_of",
    "write_series",
]
