"""DICOM: files of a series to a volume, a volume to the files of a series, and lesions onto a grid."""

from medidense.io.dicom.contours import read_contours
from medidense.io.dicom.geometry import Stack, ras_from_lps
from medidense.io.dicom.grouping import Gathered, choose, gather, groups_of, laid_out, stack_of
from medidense.io.dicom.headers import Broken, Frame, NoImage, Scanned, scan_file
from medidense.io.dicom.objects import STRUCTURE_SET, lesion_class
from medidense.io.dicom.pixels import decoder_of, is_lossy, padding_of, read_pixels, syntaxes_of, whole
from medidense.io.dicom.segmentation import read_segment
from medidense.io.dicom.stacks import Group, alike
from medidense.io.dicom.writing import SeriesUids, write_series

__all__ = [
    "STRUCTURE_SET",
    "Broken",
    "Frame",
    "Gathered",
    "Group",
    "NoImage",
    "Scanned",
    "SeriesUids",
    "Stack",
    "alike",
    "choose",
    "decoder_of",
    "gather",
    "groups_of",
    "is_lossy",
    "laid_out",
    "lesion_class",
    "padding_of",
    "ras_from_lps",
    "read_contours",
    "read_pixels",
    "read_segment",
    "scan_file",
    "stack_of",
    "syntaxes_of",
    "whole",
    "write_series",
]
