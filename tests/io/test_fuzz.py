"""Bytes flipped, cut, put in and doubled: whatever comes, reading ends in a volume or in an error of ours.

Each mutant follows from its kind and number alone: ``mutant(seed(kind), kind, number)`` makes it again.
"""

import gzip
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from medidense.errors import MedidenseError
from medidense.io import read_volume
from medidense.values import Volume
from tests.io.bad_inputs import archives, dicom_files, dicom_series, nifti_files, pictures, truth

MUTANTS, MORE = 2000, 20_000
"""In all kinds together: with every commit, and beyond them where slow tests are asked for."""

LIMIT_S = 120

turned = dicom_files.another_syntax_twin
SEEDS: dict[str, Callable[[Path], Path]] = {
    "dicom-explicit": partial(turned, syntax=ExplicitVRLittleEndian),
    "dicom-implicit": partial(turned, syntax=ImplicitVRLittleEndian),
    "dicom-big-endian": partial(turned, syntax=ExplicitVRBigEndian),
    "dicom-deflated": partial(turned, syntax=DeflatedExplicitVRLittleEndian),
    "dicom-rle": partial(turned, syntax=RLELossless),
    "dicom-jpeg-ls": partial(turned, syntax=JPEGLSLossless),
    "dicom-jpeg-2000": partial(turned, syntax=JPEG2000Lossless),
    "dicom-jpeg-lossless": dicom_files.lossless_jpeg,
    "dicom-enhanced": dicom_series.enhanced,
    "dicom-series": truth.series,
    "nifti": nifti_files.image,
    "nifti-gz": nifti_files.gzipped,
    "nifti-pair": nifti_files.pair,
    "png": pictures.png,
    "jpeg": pictures.jpeg,
    "tiff": pictures.tiff,
    "zip": archives.good,
}
"""Kind -> builder of a small valid input: a file, or a folder of which one file is damaged."""


def body_of(content: bytes) -> int:
    """Where the data set of a DICOM file begins, behind the file meta information."""
    return 144 + int.from_bytes(content[140:144], "little")


def deflated(inner: bytes, content: bytes) -> bytes:
    """A data set deflated behind the file meta information of `content`."""
    packer = zlib.compressobj(wbits=-15)
    return content[: body_of(content)] + packer.compress(inner) + packer.flush()


def first_member(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(archive.namelist()[0])


def first_replaced(inner: bytes, content: bytes) -> bytes:
    """The archive with other bytes as its first member."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for place, name in enumerate(old.namelist()):
            new.writestr(name, old.read(name) if place else inner)
    return out.getvalue()


def summed(inner: bytes, _content: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what is in them now, as far as their lengths lead."""
    made, at = bytearray(inner), 8
    while at + 12 <= len(made):
        end = at + 8 + int.from_bytes(made[at : at + 4], "big")
        made[end : end + 4] = (
            zlib.crc32(made[at + 4 : end]).to_bytes(4, "big") if end + 4 <= len(made) else b""
        )
        at = end + 4
    return bytes(made)


WRAPPED: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], bytes]]] = {
    "dicom-deflated": (lambda content: zlib.decompress(content[body_of(content) :], wbits=-15), deflated),
    "nifti-gz": (gzip.decompress, lambda inner, _: gzip.compress(inner, 1)),
    "zip": (first_member, first_replaced),
    "png": (bytes, summed),
}
"""Kind -> how to come to the bytes inside, and how to pack them again (they and the whole file as it was)."""


def head_of(content: bytes) -> tuple[int, int]:
    """The part where most structure is, by content: the header of DICOM, NIfTI or PNG, else all of it.

    A DICOM preamble means nothing; half of the damage goes to the header, which is small beside the pixels.
    """
    if content[128:132] == b"DICM":
        pixels = max(content.rfind(b"\xe0\x7f\x10\x00"), content.rfind(b"\x7f\xe0\x00\x10"))
        return 128, pixels + 12 if pixels > 0 else len(content)
    if content.startswith(pictures.PNG):
        return 8, 41
    return (0, 352) if content[344:347] in (b"n+1", b"ni1") else (0, len(content))


def mutant(content: bytes, kind: str, number: int) -> bytes:
    """The content with one to three damages, the same for the same kind and number.

    Every other mutant of a packed or summed kind is damaged inside and packed again: a file that means harm
    has its checksums right.
    """
    rng = np.random.default_rng([number, *kind.encode()])
    opened, closed = WRAPPED.get(kind, (bytes, None)) if number % 2 else (bytes, None)
    inner = opened(content)
    for _ in range(int(rng.integers(1, 4))):
        inner = damaged(inner, rng)
    return inner if closed is None else closed(inner, content)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """One damage: a flip, an extreme length, a cut, a gap, an insertion, a doubled or zeroed chunk."""
    start, stop = head_of(content) if rng.random() < 0.5 else (0, len(content))
    at = int(rng.integers(start, max(stop, start + 1)))
    size = int(2 ** rng.uniform(0, 9))
    chunk, rest = content[at : at + size], content[at + size :]
    kind = rng.choice(["bytes", "bit", "extreme", "cut", "gap", "insertion", "double", "zeros", "number"])
    if kind == "bytes":
        return content[:at] + rng.bytes(min(size, 8)) + content[at + min(size, 8) :]
    if kind == "extreme":
        extreme = [
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\x7f",
            b"\x00\x00\x00\x80",
            b"\xf0\xff\xff\xff",
            bytes(4),
        ]
        return content[:at] + extreme[int(rng.integers(len(extreme)))] + content[at + 4 :]
    if kind == "number":
        return content[:at] + bytes([b"0123456789.-+eEnaif\\ "[int(rng.integers(21))]]) + content[at + 1 :]
    bit = bytes([byte ^ (1 << int(rng.integers(8))) for byte in chunk[:1]])
    return {
        "bit": content[:at] + bit + content[at + 1 :],
        "cut": content[:at],
        "gap": content[:at] + rest,
        "insertion": content[:at] + rng.bytes(size) + chunk + rest,
        "double": content[:at] + chunk + chunk + rest,
        "zeros": content[:at] + bytes(len(chunk)) + rest,
    }[kind]


def victim(path: Path, number: int) -> Path:
    """The file to damage: the input itself, or one of the files of a folder or of a pair."""
    files = sorted(path.iterdir()) if path.is_dir() else sorted(path.parent.iterdir())
    return files[number % len(files)]


def share(kind: str, of: int) -> range:
    """The numbers of the mutants that one kind gets of so many in all."""
    place = list(SEEDS).index(kind)
    return range(of // len(SEEDS) + (place < of % len(SEEDS)))


def run(kind: str, numbers: range, folder: Path) -> list[str]:
    """Read every mutant; how those end that end in anything but a volume or an error of ours."""
    path = SEEDS[kind](folder)
    wrong = []
    for number in numbers:
        file = victim(path, number)
        content = file.read_bytes()
        file.write_bytes(mutant(content, kind, number))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                volume = read_volume(path)
        except MedidenseError:
            pass
        except Exception as error:
            wrong.append(f"{kind} {number}: {type(error).__name__}: {error}")
        else:
            if not (
                isinstance(volume, Volume)
                and np.isfinite(volume.affine).all()
                and np.isfinite(volume.array).all()
            ):
                wrong.append(f"{kind} {number}: a volume with values that are not finite")
        file.write_bytes(content)
    return wrong


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("kind", SEEDS)
def test_a_seed_is_read(kind: str, tmp_path: Path) -> None:
    assert isinstance(read_volume(SEEDS[kind](tmp_path)), Volume)


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("kind", SEEDS)
def test_mutants_end_well(kind: str, tmp_path: Path) -> None:
    assert run(kind, share(kind, MUTANTS), tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S * 5)
@pytest.mark.parametrize("kind", SEEDS)
def test_more_mutants_end_well(kind: str, tmp_path: Path) -> None:
    numbers = range(share(kind, MUTANTS).stop, share(kind, MUTANTS + MORE).stop)
    assert run(kind, numbers, tmp_path) == []


def test_there_are_as_many_mutants_as_promised() -> None:
    assert sum(len(share(kind, MUTANTS)) for kind in SEEDS) == MUTANTS


def test_a_mutant_can_be_made_again() -> None:
    content = bytes(range(256)) * 4
    made = [mutant(content, "png", number) for number in range(60)]
    assert made == [mutant(content, "png", number) for number in range(60)]
    assert sum(one != content for one in made) > 50
    assert len(set(made)) > 50
    assert mutant(content, "jpeg", 1) != made[1]
