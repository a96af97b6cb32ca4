"""Does this DICOM file hold lesions instead of an image, and which of them was asked for?

Lesions come as segmentations (PS3.3, A.51) or as structure sets (A.19). Both are small beside their image and
are read whole.
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement

from medidense.io.dicom.container import data_set
from medidense.io.dicom.elements import word
from medidense.io.dicom.headers import PARSE_ERRORS
from medidense.io.dicom.items import UNDEFINED
from medidense.io.guard import LIMITS, Limits
from medidense.values import Refused

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""SOP classes of segmentations: bit planes or fractions, and label maps (PS3.6, table A-1)."""

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
"""SOP class of contours (RTSTRUCT)."""

BROKEN = (*PARSE_ERRORS, IndexError, OverflowError, RuntimeError)
"""What pydicom raises on broken bytes, when it reads them and when it converts them later."""

MOST_NAMED = 8
"""Lesions that a refusal lists."""


def lesion_class(path: Path) -> str:
    """The SOP class of a file that holds lesions; "" for images, for other files, and for broken ones."""
    try:
        with data_set(path) as stream, _quiet():
            found = dcmread(stream, stop_before_pixels=True, specific_tags=["SOPClassUID"])
            kind = word(found, "SOPClassUID") or word(found.file_meta, "MediaStorageSOPClassUID")
    except (Refused, *BROKEN):
        return ""
    return kind if kind in SEGMENTATIONS or kind == STRUCTURE_SET else ""


def read_object(path: Path, limits: Limits = LIMITS) -> Dataset:
    """The whole data set of a file.

    Values are converted when asked for: ask inside `understood`. Raises Refused TRUNCATED, CORRUPT, NESTING,
    NO_TS, TOO_LARGE, and as `data_set` does.
    """
    with data_set(path, limits) as stream, understood(path):
        size = stream.seek(0, io.SEEK_END)
        if size > limits.decoded_bytes:
            expected, step = f"at most {limits.decoded_bytes}", "split the object into smaller ones"
            raise Refused("TOO_LARGE", path, f"{size} bytes", expected, step)
        stream.seek(0)
        found = dcmread(stream)
        if not word(found.file_meta, "TransferSyntaxUID"):
            step = "export the file again; the syntax is not guessed"
            raise Refused("NO_TS", path, "no TransferSyntaxUID (0002,0010)", "a transfer syntax UID", step)
    for tag in list(found.keys()):
        raw = found.get_item(tag, keep_deferred=True)  # as stored, without a conversion
        if (
            isinstance(raw, RawDataElement)
            and raw.value is not None
            and len(raw.value) < raw.length < UNDEFINED
        ):
            said, expected = f"{len(raw.value)} bytes of element {raw.tag}", f"{raw.length} bytes"
            raise Refused("TRUNCATED", path, said, expected, "copy the file again")
    return found


def items(found: Dataset, keyword: str, path: Path) -> Sequence[Dataset]:
    """The items of a sequence that the object must have. Refused CORRUPT where it has none."""
    if keyword not in found:
        raise Refused("CORRUPT", path, f"no {keyword}", "one", "copy or export the object again")
    sequence: Sequence[Dataset] = found[keyword].value
    return sequence


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """While values are taken from a data set: what pydicom raises on them is Refused CORRUPT or NESTING."""
    try:
        with _quiet():
            yield
    except RecursionError as error:
        step = "export the file again without the nested sequences"
        raise Refused("NESTING", path, "hundreds of levels", "at most 16", step) from error
    except BROKEN as error:
        said = f"an element that cannot be read ({type(error).__name__})"
        raise Refused(
            "CORRUPT", path, said, "the elements of its SOP class", "export the file again"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pydicom's warnings: the values that matter are tested here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def choose(offered: Sequence[tuple[int, str]], wanted: str, where: object) -> int:
    """The number of the lesion that was asked for, of the (number, label) pairs that an object holds.

    `wanted` is a number or a label, "" for the only one. Raises Refused NO_MASK where there is none, and
    CONFLICT where the choice is missing, not there, or true of several.

    >>> choose([(1, "left"), (2, "right")], "right", "a.dcm")
    2
    >>> choose([(1, "left"), (2, "right")], "", "a.dcm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    medidense.values.refusal.Refused: CONFLICT: ... found segments 1 'left', 2 'right', expected one ...
    """
    if not offered:
        raise Refused("NO_MASK", where, "no segment at all", "a lesion", "give another file")
    named = [number for number, label in offered if not wanted or wanted in (str(number), label)]
    if len(named) == 1:
        return named[0]
    listed = ", ".join(f"{number} {label!r}" for number, label in offered[:MOST_NAMED])
    said = f"segments {listed}{' ...' if len(offered) > MOST_NAMED else ''}"
    if named or not wanted:
        expected, step = "one lesion", "name one of them in `segment`, by its number or its label"
    else:
        expected, step = f"a segment {wanted!r}", "correct `segment`, or give another file"
    raise Refused("CONFLICT", where, said, expected, step)
