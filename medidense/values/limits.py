"""How much may an input declare, before it is decoded?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What an input may declare. Sizes are of the decoded voxels unless the name says otherwise."""

    voxels: int = 1 << 30
    decoded_bytes: int = 4 << 30
    files: int = 20_000
    """Files of one series."""
    picture_pixels: int = 178_000_000
    tiff_pages: int = 4096
    element_bytes: int = 64 << 20
    """One DICOM element other than the pixel data, or the extensions of one NIfTI file."""
    inflated_bytes: int = 1 << 30
    """A deflated DICOM data set."""
    inflation_ratio: int = 200
    """Inflated over stored bytes, counted once 64 MiB are passed."""
    archive_files: int = 50_000
    """Members of one ZIP archive, folders included."""
    archive_bytes: int = 8 << 30
    """All members of one ZIP archive, unpacked."""
    seconds: float = 60.0
    """Time that a worker may take without a sign of life."""
    folder_depth: int = 32
    nesting: int = 16
    """Levels of sequences in a DICOM file."""
    path_bytes: int = 4096
    """The path of one file below a folder, or the stored name of a member."""
    contour_points: int = 1_000_000
    """Points of all contours of one lesion."""


LIMITS = Limits()
