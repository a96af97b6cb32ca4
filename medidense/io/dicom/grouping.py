"""Which files make up which series, and which of them was asked for?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from medidense.io.dicom.consistency import check_together
from medidense.io.dicom.geometry import Stack, lay_out
from medidense.io.dicom.headers import Broken, Header, NoImage, Scanned
from medidense.io.guard import LIMITS, Limits
from medidense.values import Refused


@dataclass(frozen=True)
class Gathered:
    """Scanned files, sorted by what they are; each in the order it came."""

    series: Mapping[str, tuple[Header, ...]]
    """SeriesInstanceUID -> its files."""
    broken: tuple[Broken, ...]
    skipped: tuple[NoImage, ...]


def gather(scanned: Iterable[Scanned]) -> Gathered:
    """Put the files of a series together, wherever they lie."""
    series: dict[str, list[Header]] = {}
    broken: list[Broken] = []
    skipped: list[NoImage] = []
    for one in scanned:
        if isinstance(one, Header):
            series.setdefault(one.identity.series_uid, []).append(one)
        elif isinstance(one, Broken):
            broken.append(one)
        else:
            skipped.append(one)
    return Gathered({uid: tuple(files) for uid, files in series.items()}, tuple(broken), tuple(skipped))


def choose(gathered: Gathered, where: Path, series_uid: str = "") -> tuple[Header, ...]:
    """The files of the series asked for, or of the only one.

    Raises Refused SEVERAL_SERIES where a choice is missing, CONFLICT where the series is not there, the
    refusal of a broken file that belongs to it (or might), and where no image is there EMPTY, NOT_DICOM,
    NO_PIXELS ... as the files are.
    """
    for file in gathered.broken:
        if not series_uid or file.series_uid == series_uid:
            raise Refused(**vars(file.refusal))
    if not gathered.series:
        raise _nothing(gathered, where)
    found = sorted(gathered.series)
    if not series_uid and len(found) > 1:
        said = f"{len(found)} series: {', '.join(found[:5])}{' ...' if len(found) > 5 else ''}"
        raise Refused("SEVERAL_SERIES", where, said, "one series", "choose one with its series UID")
    if series_uid and series_uid not in gathered.series:
        said = f"series {', '.join(found[:5])}"
        raise Refused("CONFLICT", where, said, f"series {series_uid}", "check the series UID and the path")
    return gathered.series[series_uid or found[0]]


def stack_of(headers: tuple[Header, ...], where: object, limits: Limits = LIMITS) -> Stack:
    """The stack that the files of one series form; headers alone decide, no pixel is decoded.

    Raises Refused as `check_together` and `lay_out` do, and BOMB for more files than a series may have.
    """
    if len(headers) > limits.files:
        step = "split the folder"
        raise Refused("BOMB", where, f"{len(headers)} files", f"at most {limits.files} in a series", step)
    kept, warnings = check_together(headers, where)
    stack = lay_out(kept, where)
    return Stack(stack.headers, stack.affine, (*warnings, *stack.warnings))


def _nothing(gathered: Gathered, where: Path) -> Refused:
    """Why there is no image: the only file's own reason, or the most telling one of many."""
    reasons = [file.refusal for file in gathered.skipped]
    for code in ("WRONG_CLASS", "NO_PIXELS", "NO_TS", "NOT_DICOM", "EMPTY"):
        for reason in reasons:
            if reason.code == code:
                return Refused(**vars(reason))
    return Refused("EMPTY", where, "no file", "a DICOM series", "give a folder with files in it")
