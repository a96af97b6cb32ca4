"""Which lesions are to be scored, and on which images do they lie?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medidense.cohort.columns import parse_row
from medidense.errors import CohortError, Problem
from medidense.io import Row, read_region, read_table
from medidense.values import Marker, Region, Volume

FILLED_IN = {"subject_id": "any", "label": "any", "image": "."}
"""What a cohort's row has and a lesion's row need not have."""


@dataclass(frozen=True)
class Lesion:
    """One row of a list of lesions: on which image, and where, as a mask or as a marker in RAS+ mm.

    `places` are the paths that the row's `image` cell can mean, links followed; empty without one.
    """

    row: int
    lesion_id: str
    image: str
    places: frozenset[Path]
    series_uid: str
    mask: Path | None
    marker: Marker | None
    segment: str = ""
    """Which lesion of a mask that holds several."""
    covariates: Mapping[str, str] = field(default_factory=dict)
    """Cells of those columns that the model takes beside the image and that the list has."""

    def region_in(self, volume: Volume) -> Region | None:
        """The lesion on the grid of its image, None where the row names the whole image. Raises Refused."""
        if self.mask is None and self.marker is None:
            return None
        return read_region(volume, mask_path=self.mask, marker=self.marker, segment=self.segment)


@dataclass(frozen=True)
class Lesions:
    """A checked list of lesions. `name` is its file's name."""

    name: str
    lesions: tuple[Lesion, ...]

    def of(self, path: Path, series_uid: str) -> tuple[Lesion, ...]:
        """The lesions of one input, in the order of the list.

        By `image` first: the rows whose cell leads to `path`; a `series_uid` in such a row chooses within a
        folder that holds several series. Where there is none, the rows with the input's own `series_uid`.
        """
        real = path.resolve()
        by_image = tuple(
            lesion
            for lesion in self.lesions
            if real in lesion.places
            and (not (series_uid and lesion.series_uid) or lesion.series_uid == series_uid)
        )
        if by_image or not series_uid:
            return by_image
        return tuple(lesion for lesion in self.lesions if lesion.series_uid == series_uid)

    def describe(self, lesion: Lesion) -> str:
        """Where a lesion stands in the list, not what stands there: this goes into logs."""
        return f"{self.name} row {lesion.row}"


def read_lesions(path: Path, *, whole: bool = False, covariates: Sequence[str] = ()) -> Lesions:
    """Read a list of lesions: a CSV with `image` or `series_uid`, `lesion_id`, and a region for each row.

    The region is `x_mm, y_mm, z_mm, diameter_mm, frame` (RAS or LPS) or `mask`, with `segment`
    where that holds several lesions; a mask wins. A relative path
    starts at the CSV's folder and may not leave it. An `image` need not exist: it may arrive later. With
    `whole` a row names a whole image and has no region. The columns `covariates` are kept as far as they are
    there. Raises CohortError with every problem of every row.
    """
    path = Path(path)
    table = read_table(path)
    if not {"image", "series_uid"} & set(table.columns):
        rule, step = "a column image or series_uid is needed", "add one, so that a lesion finds its scan"
        raise CohortError(f"{path} row 1", rule, ", ".join(table.columns), step)
    problems: list[Problem] = []
    reader = _Reader(path, whole, tuple(covariates))
    lesions = [lesion for row in table.rows if (lesion := reader.lesion(row, problems)) is not None]
    problems += _repeats(str(path), lesions)
    if problems:
        raise CohortError.several(problems)
    return Lesions(path.name, tuple(lesions))


@dataclass(frozen=True)
class _Reader:
    """How the rows of one list are read."""

    path: Path
    whole: bool
    covariates: tuple[str, ...]

    def lesion(self, row: Row, problems: list[Problem]) -> Lesion | None:
        """One row, or None after noting why not."""
        path, where = self.path, f"{self.path} row {row.line}"
        cells = {name: cell.strip() for name, cell in row.cells.items()}
        image, series_uid = cells.get("image", ""), cells.get("series_uid", "")
        parsed = parse_row(str(path), path.parent.resolve(), row.line, {**row.cells, **FILLED_IN})
        found = list(parsed.problems)
        places = _places(path, image)
        if not image and not series_uid:
            found.append(Problem(where, "image and series_uid are empty", "", "name the scan"))
        if image and not places:
            step = "write an absolute path or move the list"
            found.append(Problem(where, "image: the path leaves the folder of the CSV", repr(image), step))
        sample = parsed.sample
        if not self.whole and not parsed.has_region:
            rule = "a lesion needs a mask, or a point with a diameter and a frame"
            step = "fill in mask, or x_mm, y_mm, z_mm, diameter_mm, frame"
            found.append(Problem(where, rule, "neither", step))
        if self.whole and parsed.has_region:
            rule = "this package scores whole images, so a row names no lesion"
            found.append(Problem(where, rule, "a mask or a point", "empty those cells"))
        problems += found
        if found or sample is None:
            return None
        mask = None if sample.mask_path is None else Path(sample.mask_path)
        beside = {name: sample.extra[name] for name in self.covariates if name in sample.extra}
        about = (row.line, sample.lesion_id, image, places, series_uid)
        return Lesion(*about, mask, sample.marker, sample.segment, beside)


def _places(path: Path, image: str) -> frozenset[Path]:
    """What an image cell can mean: a path from the CSV's folder, or as it would be typed on the command line.

    Empty without an image, and for a relative path that leaves the CSV's folder.
    """
    if not image:
        return frozenset()
    home = path.parent.resolve()
    beside = (home / image).resolve()
    if not Path(image).is_absolute() and not beside.is_relative_to(home):
        return frozenset()
    return frozenset({beside, Path(image).resolve()})


def _repeats(file: str, lesions: Sequence[Lesion]) -> list[Problem]:
    """Rows that could not be told apart in the result: one scan, one lesion_id."""
    seen: dict[tuple[object, str], list[Lesion]] = defaultdict(list)
    problems = []
    for lesion in lesions:
        earlier = seen[lesion.places or lesion.series_uid, lesion.lesion_id]
        same = [
            other
            for other in earlier
            if not (lesion.series_uid and other.series_uid) or other.series_uid == lesion.series_uid
        ]
        if same:
            rule = f"the same scan and lesion_id as row {same[0].row}"
            step = "tell lesions of one scan apart by lesion_id"
            problems.append(Problem(f"{file} row {lesion.row}", rule, repr(lesion.lesion_id), step))
        earlier.append(lesion)
    return problems
