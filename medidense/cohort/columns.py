"""What may stand in the columns of a cohort, and in each cell of a row?"""

import difflib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from medidense.cohort.label_columns import label_column_problems, label_columns, read_labels
from medidense.cohort.paths import Located, locate
from medidense.errors import Problem
from medidense.io import ras_from_lps
from medidense.values import Marker, Sample

REQUIRED = ("subject_id", "image", "label")
POINT = ("x_mm", "y_mm", "z_mm")
BALL = (*POINT, "diameter_mm")
OPTIONAL = ("mask", "segment", *BALL, "frame", "series_uid", "lesion_id", "site", "split", "spacing")
KNOWN = (*REQUIRED, *OPTIONAL)
TEXTS = ("subject_id", "segment", "series_uid", "lesion_id", "site", "split")
FRAMES = ("RAS", "LPS")
NO_LABEL = frozenset({"?", "-", "na", "n/a", "nan", "null", "missing", "unknown"})
"""Words that people write where they have no label; a class of that name would be a mistake."""

FAR = 100_000.0
"""Millimetres beyond which a coordinate is a slip of the pen."""


@dataclass(frozen=True)
class ParsedRow:
    """One row as read, with what is wrong in it; a sample only where the cell of the image is filled.

    `real` is the image with links followed, `has_region` says that the row tries to give a lesion. A sample
    beside problems is good for comparing rows, never for a cohort.
    """

    sample: Sample | None
    real: Path
    has_region: bool
    problems: tuple[Problem, ...]
    line: int
    subject_id: str
    label: str


def column_problems(file: str, columns: Sequence[str]) -> list[Problem]:
    """Required columns that are missing, and columns whose name is a known one but for case or blanks."""
    plain = {_plain(name): name for name in columns if name not in KNOWN}
    problems = label_column_problems(file, columns)
    for name in REQUIRED:
        if name in columns or (name == "label" and label_columns(columns)):
            continue
        near = difflib.get_close_matches(name, list(plain), n=1, cutoff=0.4)
        others = ", ".join(repr(column) for column in columns)
        found = f"nearest {plain[near[0]]!r}" if near else f"columns {others}"
        step = f"rename {plain[near[0]]!r} to {name}" if near else f"add a column {name}"
        problems.append(Problem(f"{file} row 1", f"the column {name} is missing", found, step))
    for key, name in plain.items():
        if key in OPTIONAL and key not in columns:
            rule = f"a column that is nearly {key} would not be read"
            problems.append(
                Problem(f"{file} row 1", rule, repr(name), f"rename it to {key} or to another word")
            )
    return problems


def parse_row(
    file: str, folder: Path, line: int, typed: Mapping[str, str], *, unlabelled: bool = False
) -> ParsedRow:
    """Read one row. Blanks around a cell are dropped; everything else of it counts as typed.

    `file` names the table in messages, `folder` is the resolved folder that its paths start from. With
    `unlabelled` an empty label is no problem.
    """
    cells = {name: cell.strip() for name, cell in typed.items()}
    reader = _RowReader(f"{file} row {line}", folder, cells, typed)
    reader.check_texts(unlabelled=unlabelled)
    image = reader.located("image", folder_allowed=True)
    mask = reader.located("mask", folder_allowed=False) if cells.get("mask") else None
    marker = None if cells.get("mask") else reader.marker()
    labels = read_labels(cells, reader.complain, unlabelled=unlabelled)
    own = {*KNOWN, *label_columns(tuple(cells))}
    texts = {name: cells.get(name, "") for name in TEXTS}
    sample = Sample(
        row=line,
        image=cells.get("image", ""),
        image_path=image.path,
        mask=cells.get("mask", ""),
        mask_path=None if mask is None else mask.path,
        marker=marker,
        **reader.spacing(),
        extra={name: cell for name, cell in typed.items() if name not in own},
        label=cells.get("label") or None,
        labels=labels,
        **texts,
    )
    return ParsedRow(
        sample=sample if cells.get("image") else None,
        real=image.real,
        has_region=any(cells.get(name) for name in ("mask", *POINT)),
        problems=tuple(reader.problems),
        line=line,
        subject_id=texts["subject_id"],
        label=cells.get("label", ""),
    )


class _Spacing(TypedDict):
    """The two fields of a Sample that the cell `spacing` decides."""

    spacing_known: bool | None
    spacing_mm: tuple[float, float] | None


@dataclass
class _RowReader:
    """The cells of one row beside the problems met so far."""

    where: str
    folder: Path
    cells: Mapping[str, str]
    typed: Mapping[str, str]

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []

    def complain(self, rule: str, column: str, next_step: str) -> None:
        """Note a problem with the cell of `column`, as typed."""
        self.problems.append(Problem(self.where, rule, repr(self.typed.get(column, "")), next_step))

    def check_texts(self, *, unlabelled: bool) -> None:
        """Required cells are filled, and nothing invisible stands in those that group and name."""
        for column in REQUIRED:
            if column in self.cells and not self.cells[column] and not (unlabelled and column == "label"):
                step = "fill it in"
                if column == "label":
                    step = "fill it in, drop the row, or give cv a recipe with labels.train_only: true"
                self.complain(f"{column} is empty", column, step)
        for column in ("subject_id", "label", "lesion_id"):
            if any(unicodedata.category(letter) in ("Cc", "Cf") for letter in self.cells.get(column, "")):
                self.complain(f"{column} holds an invisible character", column, "type it anew")
        if self.cells.get("label", "").lower() in NO_LABEL:
            self.complain("unknown label", "label", "write the class, or drop the row")
        if self.cells.get("segment") and not self.cells.get("mask"):
            self.complain("a segment needs a mask that it is one of", "segment", "fill in mask, or empty it")

    def located(self, column: str, *, folder_allowed: bool) -> Located:
        """The path in a cell; where it leads nowhere, that is noted and the path is as typed."""
        cell = self.cells.get(column, "")
        found = locate(cell, self.folder, folder_allowed=folder_allowed)
        if isinstance(found, Located):
            return found
        if cell:
            self.complain(f"{column}: {found.rule}", column, found.next_step)
        typed = self.folder / cell
        return Located(typed, typed)

    def marker(self) -> Marker | None:
        """The lesion given as a point, in RAS+ mm; a diameter alone is no lesion."""
        if not any(self.cells.get(column) for column in POINT):
            return None
        numbers = [self._number(column) for column in BALL]
        frame = self.cells.get("frame", "").upper()
        if frame not in FRAMES:
            rule = "a point needs a frame, RAS or LPS, that says which way x and y run"
            self.complain(rule, "frame", "write LPS for DICOM coordinates, RAS for NIfTI ones")
        x, y, z, diameter = numbers
        if x is None or y is None or z is None or diameter is None:
            return None
        if diameter <= 0:
            self.complain("diameter_mm is above 0", "diameter_mm", "correct it")
            return None
        if frame == "LPS":
            x, y, z = ras_from_lps((x, y, z))
        return Marker((x + 0.0, y + 0.0, z), diameter)  # + 0.0 turns -0.0 into 0.0: one name for one point

    def spacing(self) -> _Spacing:
        """What the cell says: nothing, unknown, or the millimetres of a picture's pixels."""
        cell = self.cells.get("spacing", "").lower()
        if cell in ("", "unknown"):
            return {"spacing_known": False if cell else None, "spacing_mm": None}
        try:
            numbers = [float(word) for word in cell.split()]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2) or not all(0 < number < FAR for number in numbers):
            rule = "spacing is empty, the word unknown, or one or two numbers of millimetres"
            self.complain(rule, "spacing", "write it like 0.1, or 0.1 0.2 for right and down")
            return {"spacing_known": None, "spacing_mm": None}
        return {"spacing_known": None, "spacing_mm": (numbers[0], numbers[-1])}

    def _number(self, column: str) -> float | None:
        """A finite number of millimetres, or None after noting why not."""
        cell = self.cells.get(column, "")
        if not cell:
            rule = f"a point needs x_mm, y_mm, z_mm and diameter_mm; {column} is empty"
            self.complain(rule, column, "fill it in, or empty the point")
            return None
        try:
            number = float(cell) if cell.isascii() and "_" not in cell else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or abs(number) > FAR:
            self.complain(f"{column} is no number of millimetres", column, "write it like -12.5")
            return None
        return number


def _plain(name: str) -> str:
    """A column name without case, and with blanks and hyphens as underscores."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())
