"""DICOM files that are none, or whose syntax, size or structure is broken. Each builder gives a path."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
)

from tests.io.bad_inputs.truth import COLUMNS, ROWS, STORED, Edit, series, single, slice_of
from tests.io.bad_inputs.zeros import deflated_zeros

PIXELS = b"\xe0\x7f\x10\x00OW\x00\x00"
"""How the pixel data element opens in explicit little endian."""
FIRST = b"\x08\x00\x08\x00CS"
"""How the first element behind the file meta information opens, the ImageType."""
UNDEFINED = b"\xff\xff\xff\xff"
SEQUENCE = b"\x00\x54\x00\x01SQ\x00\x00"
"""WaveformSequence (5400,0100): a sequence that may stand before the pixels and means nothing to a reader."""
ITEM, ITEM_END, SEQUENCE_END = (b"\xfe\xff" + tail for tail in (b"\x00\xe0", b"\x0d\xe0", b"\xdd\xe0"))

NO_UID, VIDEO_UID = "1.2.840.10008.9.9.9", "1.2.840.10008.1.2.4.102"


def written(folder: Path, name: str, content: bytes) -> Path:
    """Any bytes as a file."""
    (folder / name).write_bytes(content)
    return folder / name


def folder_of_text(folder: Path) -> Path:
    (folder / "notes.txt").write_text("these are no images\n" * 20)
    return folder


def empty_folder(folder: Path) -> Path:
    return folder


def text(folder: Path) -> Path:
    return written(folder, "a.dcm", b"these are no images\n" * 20)


def absent(folder: Path) -> Path:
    return folder / "absent.dcm"


def under_a_file(folder: Path) -> Path:
    return written(folder, "a.dcm", b"x") / "b.dcm"


def unreadable(folder: Path) -> Path:
    path = single(folder)
    path.chmod(0)
    return path


def mark_only(folder: Path) -> Path:
    return written(folder, "a.dcm", bytes(128) + b"DICM")


def changed(folder: Path, change: Callable[[bytes], bytes], edit: Edit | None = None) -> Path:
    """The good file with its bytes changed."""
    path = single(folder, edit) if edit else single(folder)
    return written(folder, path.name, change(path.read_bytes()))


def before_pixels(folder: Path, raw: bytes) -> Path:
    """The good file with bytes put in before its pixel data element."""
    return changed(folder, lambda content: content.replace(PIXELS, raw + PIXELS, 1))


def cut_at(folder: Path, size: int) -> Path:
    return changed(folder, lambda content: content[:size])


def cut_in_the_header(folder: Path) -> Path:
    path = cut_at(folder, 700)
    assert PIXELS not in path.read_bytes()
    return path


def one_row_short(folder: Path) -> Path:
    def short(found: Dataset, _: int) -> None:
        found.PixelData = STORED[0, :-1].tobytes()

    return single(folder, short)


def one_byte_longer(folder: Path) -> Path:
    declared, longer = (struct.pack("<I", ROWS * COLUMNS * 2 + more) for more in (0, 1))
    return changed(folder, lambda content: content.replace(PIXELS + declared, PIXELS + longer, 1) + b"\x07")


def without_syntax(folder: Path) -> Path:
    found = slice_of(0)
    del found.file_meta.TransferSyntaxUID
    found.save_as(folder / "a.dcm", implicit_vr=False, little_endian=True, enforce_file_format=False)
    return folder / "a.dcm"


def without_group_two(folder: Path, *, little: bool = True, preamble: bool = False) -> Path:
    """No file meta information: implicit little endian, or explicit big endian."""
    found = slice_of(0)
    found.file_meta = FileMetaDataset()
    found.preamble = bytes(128) if preamble else None
    if not little:
        found.PixelData = STORED[0].astype(">u2").tobytes()
    path = folder / "a.dcm"
    found.save_as(path, implicit_vr=little, little_endian=little, enforce_file_format=False)
    return path


def with_syntax(folder: Path, uid: str) -> Path:
    """The good file under another transfer syntax, which it does not keep."""
    content = single(folder).read_bytes()
    return under_meta(folder, uid, content[content.index(FIRST) :])


def under_meta(folder: Path, uid: str, body: bytes) -> Path:
    """A data set as it stands, behind file meta information that states this syntax."""
    found = slice_of(0)
    found.file_meta.TransferSyntaxUID = UID(uid)
    with (folder / "a.dcm").open("wb") as stream:
        stream.write(bytes(128) + b"DICM")
        write_file_meta_info(stream, found.file_meta)
        stream.write(body)
    return folder / "a.dcm"


def encapsulated(folder: Path, syntax: str, stream: bytes, edit: Edit | None = None) -> Path:
    """The good header over one fragment of a compressed stream."""

    def wrap(found: Dataset, number: int) -> None:
        if edit:
            edit(found, number)
        found.file_meta.TransferSyntaxUID = UID(syntax)
        found.PixelData = encapsulate([stream])
        found["PixelData"].is_undefined_length = True
        found["PixelData"].VR = "OB"

    return single(folder, wrap)


def video(folder: Path) -> Path:
    return encapsulated(folder, VIDEO_UID, b"\x00\x00\x01\xba" * 200)


def lossless_jpeg(folder: Path) -> Path:
    """A whole lossless JPEG (T.81, annex H) by hand, which needs no encoder: every difference is 0, one bit.

    Its one Huffman code, "0", stands for no difference; the first sample is predicted as half the range.
    """
    frame = struct.pack(">BHH", 16, ROWS, COLUMNS) + b"\x01\x01\x11\x00"
    table = b"\x00" + b"\x01" + bytes(15) + b"\x00"
    scan = b"\x01\x01\x00\x01\x00\x00"
    segments = ((0xC3, frame), (0xC4, table), (0xDA, scan))
    head = b"".join(struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body for mark, body in segments)
    stream = b"\xff\xd8" + head + bytes(ROWS * COLUMNS // 8) + b"\xff\xd9"
    return encapsulated(folder, JPEGLosslessSV1, stream)


def noise_as_jpeg2000(folder: Path) -> Path:
    return encapsulated(folder, JPEG2000Lossless, np.random.default_rng(5).bytes(4000))


def small_jpeg2000_under_a_large_header(folder: Path) -> Path:
    def smaller(found: Dataset, _: int) -> None:
        found.PixelData, found.Rows = np.resize(STORED[0], (64, 64)).tobytes(), 64
        found.compress(JPEG2000Lossless, generate_instance_uid=False)
        found.Rows, found.Columns = 512, 512

    return single(folder, smaller)


def no_rows(folder: Path) -> Path:
    def none(found: Dataset, _: int) -> None:
        found.Rows = 0

    return single(folder, none)


def declares_terabytes(folder: Path) -> Path:
    def declare(found: Dataset, _: int) -> None:
        found.Rows, found.Columns, found.NumberOfFrames = 65535, 65535, 9999
        found.PixelData = bytes(8000)

    return single(folder, declare)


def deflated_bomb(folder: Path) -> Path:
    """300 kB that inflate to 300 MB: a data set as it should be, but for the length of its pixels."""
    count = 300_000_000
    content = single(folder).read_bytes()
    opening = content[content.index(FIRST) : content.index(PIXELS)] + PIXELS + struct.pack("<I", count)
    stored = b"\x00" + struct.pack("<HH", len(opening), len(opening) ^ 0xFFFF) + opening
    return under_meta(folder, DeflatedExplicitVRLittleEndian, stored + deflated_zeros(count))


def nested(folder: Path, depth: int, *, lengths: bool = False) -> Path:
    """A sequence in a sequence, `depth` of them, of undefined length or with all lengths stated."""
    raw = b""
    for _ in range(depth):
        if lengths:
            item = ITEM + struct.pack("<I", len(raw)) + raw
            raw = SEQUENCE + struct.pack("<I", len(item)) + item
        else:
            raw = (
                SEQUENCE + UNDEFINED + ITEM + UNDEFINED + raw + ITEM_END + bytes(4) + SEQUENCE_END + bytes(4)
            )
    return before_pixels(folder, raw)


def claims_four_gigabytes(folder: Path) -> Path:
    return before_pixels(folder, b"\x09\x00\x10\x10OB\x00\x00\xf0\xff\xff\xff" + bytes(64))


def sequence_without_end(folder: Path) -> Path:
    return before_pixels(folder, SEQUENCE + UNDEFINED)


def file_ends_in_a_sequence(folder: Path) -> Path:
    opened = SEQUENCE + UNDEFINED + ITEM + UNDEFINED
    return changed(folder, lambda content: content[: content.index(PIXELS)] + opened)


PIXEL_WORDS = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
)


def without_pixels(folder: Path, sop_class: str, modality: str) -> Path:
    """A report, a plan, a structure set, an ECG: an object of this class with no pixels in it."""

    def other(found: Dataset, _: int) -> None:
        for keyword in PIXEL_WORDS:
            delattr(found, keyword)
        found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = sop_class
        found.SOPInstanceUID += ".99"
        found.SeriesInstanceUID += ".99"
        found.Modality = modality

    path = single(folder, other)
    return path.rename(folder / f"{modality.lower()}.dcm")


def beside_a_series(folder: Path, sop_class: str, modality: str) -> Path:
    """The same in the folder of a good series."""
    without_pixels(series(folder), sop_class, modality)
    return folder / "series"


def segmentation(folder: Path) -> Path:
    def bits(found: Dataset, _: int) -> None:
        found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
        found.Modality, found.NumberOfFrames = "SEG", 1
        found.BitsAllocated, found.BitsStored, found.HighBit = 1, 1, 0
        found.PixelData = bytes(ROWS * COLUMNS // 8)

    return single(folder, bits)


def dose(folder: Path) -> Path:
    def grid(found: Dataset, _: int) -> None:
        found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
        found.Modality, found.NumberOfFrames, found.DoseGridScaling = "RTDOSE", 1, 0.001
        found.GridFrameOffsetVector = [0.0, 2.0]

    return single(folder, grid)


def another_syntax_twin(folder: Path, syntax: str) -> Path:
    """The good file, compressed or in another byte order: seeds for the fuzz."""

    def turn(found: Dataset, _: int) -> None:
        if UID(syntax).is_compressed:
            found.compress(UID(syntax), generate_instance_uid=False)
            return
        found.file_meta.TransferSyntaxUID = UID(syntax)
        if not UID(syntax).is_little_endian:
            found.PixelData = STORED[0].astype(">u2").tobytes()

    if syntax == ExplicitVRLittleEndian:
        return single(folder)
    return single(folder, turn)
