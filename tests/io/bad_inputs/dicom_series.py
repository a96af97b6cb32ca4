"""DICOM series whose files are each well formed and do not make one volume, or only seem not to."""

import shutil
from collections.abc import Sequence as Numbers
from math import cos, radians, sin
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedMRImageStorage

from tests.io.bad_inputs.truth import (
    COLUMNS,
    FRAME,
    INTERCEPT,
    ORIGIN,
    ROWS,
    SERIES,
    SLICES,
    SPACING,
    STORED,
    name_of,
    series,
    single,
    slice_of,
)

OTHER_SERIES, OTHER_FRAME, OTHER_PATIENT = f"{SERIES}.9", f"{FRAME}.9", "invented-4711"
SLOPES, SHIFTS = (0.5, 1.25, 2.0, 3.0), (10.0, -3.5, 0.0, -1000.0)
ECHOES = ("4.6", "9.2")
TELLS_FRAMES_APART = "FrameType|ImageType|ComplexImageComponent"
"""One of these must be named where the frames of `enhanced` share their places."""


def stating(folder: Path, keyword: str, value: object, *, only: int | None = None) -> Path:
    """One attribute set (or removed, for None) in every slice, or in one."""

    def state(found: Dataset, k: int) -> None:
        if only not in (None, k):
            return
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)

    return series(folder, state)


def stating_bytes(folder: Path, keyword: str, value: bytes) -> Path:
    """A decimal attribute that pydicom would not write, put into every file by its bytes."""
    placed = {"PixelSpacing": ["7.25", "7.25"], "RescaleSlope": "7.25"}[keyword]
    folder = stating(folder, keyword, placed)
    old = ("\\".join(placed) if isinstance(placed, list) else placed).encode()
    old += b" " * (len(old) % 2)
    for path in folder.iterdir():
        content = path.read_bytes()
        at = content.index(old)
        length = len(value).to_bytes(2, "little")
        path.write_bytes(content[: at - 2] + length + value + content[at + len(old) :])
    return folder


def at(folder: Path, places: Numbers[tuple[float, float, float]]) -> Path:
    """The slices moved away from the first one's place: right, back and up, in LPS millimetres."""

    def move(found: Dataset, k: int) -> None:
        found.ImagePositionPatient = [
            round(start + away, 6) for start, away in zip(ORIGIN, places[k], strict=True)
        ]

    return series(folder, move)


def at_heights(folder: Path, *heights: float) -> Path:
    return at(folder, [(0.0, 0.0, height) for height in heights])


def shifted_sideways(folder: Path) -> Path:
    return at(folder, [(0.6 * k, 0.0, 2.0 * k) for k in range(SLICES)])


def on_a_curve(folder: Path) -> Path:
    angles = [radians(20 * k) for k in range(SLICES)]
    return at(folder, [(0.0, 8 - 8 * cos(angle), 8 * sin(angle)) for angle in angles])


def gantry_tilt(folder: Path) -> Path:
    """15 degrees: the table moves along z, the slices lean; GantryDetectorTilt is not stated."""
    turned = ["1", "0", "0", "0", f"{cos(radians(15)):.9f}", f"{-sin(radians(15)):.9f}"]
    return stating(folder, "ImageOrientationPatient", turned)


def twin_position(folder: Path) -> Path:
    """One more image at the place of the second slice, with other pixels."""
    folder = series(folder)
    twin = slice_of(1)
    twin.SOPInstanceUID += ".7"
    twin.PixelData = STORED[1, ::-1].tobytes()
    twin.save_as(folder / "twin.dcm", enforce_file_format=True)
    return folder


def two_echoes(folder: Path) -> Path:
    """Every place twice; the first echo holds the values of the good series."""
    folder = stating(folder, "EchoTime", ECHOES[0])
    for path in sorted(folder.iterdir()):
        found = dcmread(path)
        found.EchoTime, found.SOPInstanceUID = ECHOES[1], f"{found.SOPInstanceUID}.2"
        found.PixelData = found.PixelData[::-1]
        found.save_as(folder / f"late-{path.name}", enforce_file_format=True)
    return folder


def exact_copy(folder: Path) -> Path:
    folder = series(folder)
    shutil.copy(folder / name_of(2), folder / "copy of one.dcm")
    return folder


def one_uid_two_images(folder: Path, *, apart: bool) -> Path:
    """A second image under the SOPInstanceUID of the last slice, at its place or one step on."""
    folder = series(folder)
    twin = slice_of(SLICES - 1)
    twin.PixelData = STORED[0].tobytes()
    if apart:
        twin.ImagePositionPatient = [*ORIGIN[:2], ORIGIN[2] + SLICES * SPACING[2]]
    twin.save_as(folder / "twin.dcm", enforce_file_format=True)
    return folder


def two_series(folder: Path) -> Path:
    folder = series(folder)
    for k in range(SLICES):
        found = slice_of(k)
        found.SeriesInstanceUID, found.SOPInstanceUID = OTHER_SERIES, f"{found.SOPInstanceUID}.9"
        found.save_as(folder / f"other-{k}.dcm", enforce_file_format=True)
    return folder


def turned_in_plane(folder: Path) -> Path:
    return stating(folder, "ImageOrientationPatient", [0, 1, 0, -1, 0, 0], only=1)


def turned_out_of_plane(folder: Path) -> Path:
    return stating(folder, "ImageOrientationPatient", [0, 1, 0, 0, 0, -1], only=1)


def smaller_slice(folder: Path) -> Path:
    def smaller(found: Dataset, k: int) -> None:
        if k == 1:
            found.Rows, found.PixelData = ROWS - 4, STORED[k, :-4].tobytes()

    return series(folder, smaller)


def slice_of_eight_bits(folder: Path) -> Path:
    def eight(found: Dataset, k: int) -> None:
        if k == 1:
            found.BitsAllocated, found.BitsStored, found.HighBit = 8, 8, 7
            found.PixelData = (STORED[k] >> 8).astype(np.uint8).tobytes()

    return series(folder, eight)


def own_rescale(folder: Path) -> Path:
    def own(found: Dataset, k: int) -> None:
        found.RescaleSlope, found.RescaleIntercept = SLOPES[k], SHIFTS[k]

    return series(folder, own)


def lying_numbers(folder: Path) -> Path:
    def lie(found: Dataset, k: int) -> None:
        found.InstanceNumber, found.SliceLocation = 50 - k, -3.0 * k

    return series(folder, lie)


def tiled(folder: Path, maker: str) -> Path:
    """36 slices of 64 x 64 in one picture, as Siemens and as United Imaging say it."""

    def tile(found: Dataset, _: int) -> None:
        found.Modality, found.Manufacturer, found.Rows, found.Columns = "MR", maker, 384, 384
        found.PixelData = np.resize(STORED, (384, 384)).tobytes()
        found.AcquisitionMatrix = [64, 0, 0, 64]
        found.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        if maker == "SIEMENS":
            found.ImageType.append("MOSAIC")
            del found.AcquisitionMatrix

    return single(folder, tile)


def enhanced(folder: Path, parts: tuple[str, ...] = ("MAGNITUDE",)) -> Path:
    """An Enhanced MR Image object: for each part (a ComplexImageComponent) a frame at each of four places.

    The frames run from the highest place down; slope 1 and the intercept of the CT stand in the shared group,
    so that one part alone is the good volume.
    """
    found = slice_of(0)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(found, keyword)
    del found.RescaleSlope, found.RescaleIntercept
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    found.Modality = "MR"
    found.NumberOfFrames = len(parts) * SLICES
    measures = _filled(PixelSpacing=[SPACING[1], SPACING[0]], SliceThickness=SPACING[2])
    rescale = _filled(RescaleIntercept=INTERCEPT, RescaleSlope=1, RescaleType="US")
    found.SharedFunctionalGroupsSequence = Sequence(
        [
            _filled(
                PixelMeasuresSequence=Sequence([measures]),
                PlaneOrientationSequence=Sequence([_filled(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
                PixelValueTransformationSequence=Sequence([rescale]),
            )
        ]
    )
    places = [(part, k) for part in parts for k in reversed(range(SLICES))]
    found.PerFrameFunctionalGroupsSequence = Sequence([_frame(part, k) for part, k in places])
    found.PixelData = np.stack([STORED[k] for _, k in places]).tobytes()
    found.save_as(folder / "a.dcm", enforce_file_format=True)
    return folder / "a.dcm"


def _frame(part: str, k: int) -> Dataset:
    """The groups of one frame."""
    kind = {"MAGNITUDE": "M", "PHASE": "P"}[part]
    frame_type = _filled(FrameType=["ORIGINAL", "PRIMARY", kind, "NONE"], ComplexImageComponent=part)
    content = _filled(StackID="1", InStackPositionNumber=k + 1, DimensionIndexValues=[1, k + 1])
    place = _filled(ImagePositionPatient=[*ORIGIN[:2], ORIGIN[2] + k * SPACING[2]])
    return _filled(
        FrameContentSequence=Sequence([content]),
        PlanePositionSequence=Sequence([place]),
        MRImageFrameTypeSequence=Sequence([frame_type]),
    )


def _filled(**values: object) -> Dataset:
    """A data set with these attributes."""
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def _eight_bits(found: Dataset, photometric: str, samples: int) -> None:
    """What colour images of 8 bits say; 1 and 3 samples are cut from the same bytes."""
    found.BitsAllocated, found.BitsStored, found.HighBit = 8, 8, 7
    found.SamplesPerPixel, found.PhotometricInterpretation = samples, photometric
    if samples > 1:
        found.PlanarConfiguration = 0
    found.RescaleIntercept = 0
    found.PixelData = np.resize((STORED[0] & 0xFF).astype(np.uint8), ROWS * COLUMNS * samples).tobytes()


def coloured(folder: Path, photometric: str) -> Path:
    """RGB or YBR_FULL of three samples, or PALETTE COLOR of one with its tables."""

    def paint(found: Dataset, _: int) -> None:
        _eight_bits(found, photometric, 1 if photometric.startswith("PALETTE") else 3)
        if found.SamplesPerPixel == 1:
            ramp = (np.arange(256, dtype=np.uint16) << 8).tobytes()
            for name in ("Red", "Green", "Blue"):
                setattr(found, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
                setattr(found, f"{name}PaletteColorLookupTableData", ramp)

    return series(folder, paint)


def scout(folder: Path) -> Path:
    def say(found: Dataset, _: int) -> None:
        found.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    return single(folder, say)


def constant(folder: Path) -> Path:
    """Every voxel 7."""

    def seven(found: Dataset, _: int) -> None:
        found.PixelData = np.full((ROWS, COLUMNS), 7 - INTERCEPT, np.uint16).tobytes()

    return series(folder, seven)


def junk_above_twelve_bits(folder: Path) -> Path:
    junk = np.random.default_rng(3).integers(0, 16, STORED.shape).astype(np.uint16) << 12

    def spoil(found: Dataset, k: int) -> None:
        found.BitsStored, found.HighBit = 12, 11
        found.PixelData = (STORED[k] | junk[k]).tobytes()

    return series(folder, spoil)


def text_among_slices(folder: Path) -> Path:
    folder = series(folder)
    (folder / "image-9.dcm").write_text("these are no images\n" * 20)
    return folder


def one_cut_slice(folder: Path) -> Path:
    folder = series(folder)
    path = folder / name_of(1)
    path.write_bytes(path.read_bytes()[:-1000])
    return folder


def link_outside(folder: Path, *, to_folder: bool) -> Path:
    """A link in the folder of a series to a file, or to a folder, that lies beside it."""
    outside = folder / "outside"
    outside.mkdir()
    slice_of(0).save_as(outside / "secret.dcm", enforce_file_format=True)
    (series(folder) / "link").symlink_to(outside if to_folder else outside / "secret.dcm")
    return folder / "series"
