"""Which files make up which series, and which of them was asked for?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medidense.io.dicom.consistency import check_series, check_stack
from medidense.io.dicom.geometry import Stack, lay_out
from medidense.io.dicom.headers import Broken, Frame, NoImage, Scanned
from medidense.io.dicom.stacks import Group, chosen, the_one
from medidense.values import ReadOptions, Refused
from medidense.values.wording import count

NO_OPTIONS = ReadOptions()


@dataclass(frozen=True)
class Gathered:
    """Scanned files, sorted by what they are; each in the order it came."""

    series: Mapping[str, tuple[Frame, ...]]
    """SeriesInstanceUID -> its images."""
    broken: tuple[Broken, ...]
    skipped: tuple[NoImage, ...]


def gather(scanned: Iterable[Scanned]) -> Gathered:
    """Put the files of a series together, wherever they lie."""
    series: dict[str, list[Frame]] = {}
    broken: list[Broken] = []
    skipped: list[NoImage] = []
    for one in scanned:
        if isinstance(one, tuple):
            series.setdefault(one[0].identity.series_uid, []).extend(one)
        elif isinstance(one, Broken):
            broken.append(one)
        else:
            skipped.append(one)
    return Gathered({uid: tuple(files) for uid, files in series.items()}, tuple(broken), tuple(skipped))


def choose(gathered: Gathered, where: Path, series_uid: str = "") -> tuple[Frame, ...]:
    """The images of the series asked for, or of the only one.

    Raises Refused SEVERAL_SERIES where a choice is missing, CONFLICT where the series is not there, the
    refusal of a broken file that belongs to it (or might), and where no image is there EMPTY, NOT_DICOM,
    NO_PIXELS ... as the files are.
    """
    for file in gathered.broken:
        if not series_uid or file.series_uid in ("", series_uid):
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


def stack_of(frames: Sequence[Frame], where: object, options: ReadOptions = NO_OPTIONS) -> Stack:
    """The stack that the images of one series form, or the one picked; headers alone decide.

    Raises Refused as `check_series`, `chosen`, `the_one` and `laid_out` do, and BOMB for more files than a
    series may have.
    """
    kept, warnings = _checked(frames, where, options)
    group = the_one(chosen(kept, options.pick, where), where)
    return laid_out(group, warnings, where, options)


def groups_of(
    frames: Sequence[Frame], where: object, options: ReadOptions = NO_OPTIONS
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """(every stack that one series may hold, warnings of the whole series).

    Raises as `check_series` and `chosen` do.
    """
    kept, warnings = _checked(frames, where, options)
    return chosen(kept, options.pick, where), warnings


def laid_out(group: Group, warnings: tuple[str, ...], where: object, options: ReadOptions) -> Stack:
    """The stack of one group, with these warnings before its own.

    Raises as `check_stack` and `lay_out` do, and MISSING_SLICE where its ends were cut off.
    """
    mine = check_stack(group.frames, where, colour=options.colour)
    stack = lay_out(group.frames, where, allow_tilt=options.allow_tilt)
    if group.missing:
        there = len(group.frames)
        said, step = f"{there} positions ({group.words})", f"find the {group.missing} missing"
        raise Refused("MISSING_SLICE", where, said, f"{there + group.missing}, as beside it", step)
    return replace(stack, warnings=(*warnings, *mine, *stack.warnings))


def _checked(
    frames: Sequence[Frame], where: object, options: ReadOptions
) -> tuple[list[Frame], tuple[str, ...]]:
    """The series without copies, once its size and its kind of images will do."""
    most = options.limits.files
    if len(frames) > most and (files := len({frame.path for frame in frames})) > most:
        step = "split the folder"
        raise Refused("BOMB", where, count(files, "file"), f"at most {most} in a series", step)
    return check_series(frames, where, colour=options.colour)


def _nothing(gathered: Gathered, where: Path) -> Refused:
    """Why there is no image: the only file's own reason, or the most telling one of many."""
    reasons = [file.refusal for file in gathered.skipped]
    for code in ("WRONG_CLASS", "NO_PIXELS", "NO_TS", "NOT_DICOM", "EMPTY"):
        for reason in reasons:
            if reason.code == code:
                return Refused(**vars(reason))
    return Refused("EMPTY", where, "no file", "a DICOM series", "give a folder with files in it")
