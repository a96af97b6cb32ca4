"""What does a package say of a request: an image as a path or as bytes, and where its lesion lies?"""

import base64
import binascii
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from medidense.cohort.columns import BALL, POINT, parse_row
from medidense.errors import UsageError
from medidense.io import archives_kept, read_region
from medidense.package.answering import CALIBRATED, SCORE, SET, Stopped, answered, attempt, read_input
from medidense.package.loaded import Package
from medidense.values import LIMITS, Manifest, Marker, Prediction, Refused, Volume
from medidense.values.covariates import NumericCovariate

Row = Mapping[str, object]
"""Column -> text, number, bytes, or None for an empty cell."""

IMAGE, DICOM, MASK, MASK_DICOM = "image", "dicom", "mask", "mask_dicom"
WHOLE_COLUMNS = (IMAGE, DICOM, "series_uid", "lesion_id")
LESION_COLUMNS = (MASK, MASK_DICOM, "segment", "frame")
BAD_ROW = "BAD_ROW"
NUMBER, TEXT = "number", "text"


def request_columns(manifest: Manifest) -> dict[str, str]:
    """Each column of a request that this package pays heed to -> ``text`` or ``number``.

    All may be left out; bytes are ``text`` too, in base64 where they cannot be told as they are.
    """
    lesion = manifest.region == "lesion"
    columns = dict.fromkeys((*WHOLE_COLUMNS, *(LESION_COLUMNS if lesion else ())), TEXT)
    columns |= dict.fromkeys(BALL if lesion else (), NUMBER)
    for encoding in manifest.covariates:
        for one in encoding.covariates:
            columns[one.column] = NUMBER if isinstance(one, NumericCovariate) else TEXT
    return columns


def answer_columns(manifest: Manifest) -> dict[str, str]:
    """Each column of an answer -> ``text`` or ``number``, in order."""
    columns = {"lesion_id": TEXT, **{f"{SCORE}{name}": NUMBER for name in manifest.classes}}
    columns |= {CALIBRATED: NUMBER} if manifest.calibration else {}
    columns |= {"decision": TEXT, **({SET: TEXT} if manifest.sets else {})}
    return columns | {"refused": TEXT, "reason": TEXT}


def served_folder(given: str) -> Path | None:
    """The folder that paths of requests must lie in, links followed; None where none is named.

    Raises UsageError where it is no folder.
    """
    if not given:
        return None
    folder = Path(given).resolve()
    if not folder.is_dir():
        raise UsageError("the folder to serve", "is not a folder", given, "name one that is there")
    return folder


@archives_kept()
def answer_rows(package: Package, rows: Sequence[Row], root: Path | None) -> list[dict[str, object]]:
    """An answer for each row, in order, with the columns of `answer_columns`; a bad row stops no other.

    `image` is a path below `root` (`served_folder`), `dicom` the bytes or the base64 of one DICOM file or of
    a ZIP archive of a series. The lesion is a point (`x_mm` ... `frame`), a `mask` below `root`, or the bytes
    of one in `mask_dicom`; a mask wins. Scores come from `Package.predict`. `refused` holds the code and
    `reason` the sentence where there is no score; neither names a folder of this machine. Numbers that are
    not there are None. Raises PackageError where the package itself does not hold.
    """
    package.networks()  # a package that does not load is an error of the service, never of a row
    reader = _Reader(package, root)
    return [reader.answer(row) for row in rows]


@dataclass(eq=False)
class _Reader:
    """Reads row after row; the image of the row before is at hand, for an image may have several lesions."""

    package: Package
    root: Path | None
    _last: tuple[tuple[str, str], Volume] | None = field(default=None, init=False)

    def answer(self, row: Row) -> dict[str, object]:
        """The answer to one row."""
        manifest = self.package.manifest
        columns = answer_columns(manifest)
        blank: dict[str, object] = {name: "" if kind == TEXT else None for name, kind in columns.items()}
        found = attempt(lambda: self._predict(row))
        own = attempt(lambda: _text(row, "lesion_id"))
        if isinstance(own, str):
            blank["lesion_id"] = own
        if isinstance(found, Stopped):
            return blank | {"refused": found.code, "reason": self._public(found.sentence)}
        told = answered(self.package, found)
        figures: dict[str, object] = {f"{SCORE}{name}": score for name, score in found.scores.items()}
        figures |= {CALIBRATED: told.get("calibrated"), SET: told.get("possible")}
        figures |= {"decision": found.decision}
        return blank | {key: value for key, value in figures.items() if key in blank}

    def _predict(self, row: Row) -> Prediction:
        """The prediction for one row. Raises Refused."""
        with TemporaryDirectory(prefix="medidense-") as made:
            folder = Path(made).resolve()
            try:
                return self._predicted(row, folder)
            except Refused as refused:
                no = refused.refusal
                where, found = (part.replace(f"{folder}/", "") for part in (no.where, no.found))
                raise Refused(no.code, where, found, no.expected, no.next_step) from None

    def _predicted(self, row: Row, folder: Path) -> Prediction:
        """The same; bytes are put into `folder`."""
        mask, marker = self._lesion(row, folder)
        lesions = mask or marker
        if lesions is not None and self.package.manifest.region == "whole":
            found, step = "a lesion", "leave the lesion's columns empty"
            raise Refused(BAD_ROW, "row", found, "a whole image, as this package was made for", step)
        volume = self._volume(row, folder, lesions)
        region = None
        if lesions is not None:
            region = read_region(volume, mask_path=mask, marker=marker, segment=_text(row, "segment"))
        names = [name for encoding in self.package.manifest.covariates for name in encoding.columns]
        beside = {name: row[name] for name in names if name in row}
        return self.package.predict(volume, region, beside or None)

    def _volume(self, row: Row, folder: Path, lesions: object) -> Volume:
        """The image of a row, read once for rows in turn that name the same."""
        path, content = self._place(row, IMAGE), _content(row, DICOM)
        if (path is None) == (content is None):
            found = f"neither {IMAGE} nor {DICOM}" if path is None else f"both {IMAGE} and {DICOM}"
            raise Refused(BAD_ROW, "row", found, "one of the two", f"fill in {IMAGE} or {DICOM}")
        series_uid = _text(row, "series_uid")
        key = (hashlib.sha256(content).hexdigest() if content is not None else str(path), series_uid)
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        self._last = None
        source = path or _written(folder / "dicom", content or b"")
        manifest = self.package.manifest
        volume = read_input(manifest, source, series_uid=series_uid, lesions=lesions, where=source)
        self._last = key, volume
        return volume

    def _lesion(self, row: Row, folder: Path) -> tuple[Path | None, Marker | None]:
        """(mask, marker) of a row, at most one of them. Raises Refused BAD_ROW, NO_ACCESS."""
        path, content = self._place(row, MASK), _content(row, MASK_DICOM)
        if path is not None and content is not None:
            found, step = f"both {MASK} and {MASK_DICOM}", "empty one of them"
            raise Refused(BAD_ROW, "row", found, "one of the two", step)
        mask = path if content is None else _written(folder / MASK_DICOM, content)
        return mask, None if mask is not None else _marker(row)

    def _place(self, row: Row, column: str) -> Path | None:
        """Where a cell leads, links followed, None for an empty one. Refused NO_ACCESS outside `root`.

        What lies outside is refused in the same words whether it is there or not.
        """
        cell = _text(row, column)
        if not cell:
            return None
        if self.root is None:
            step = "set MEDIDENSE_SERVE_ROOT where the model is served, or send the bytes"
            raise Refused("NO_ACCESS", column, "a path", "bytes, for no folder is served", step)
        try:
            real = (self.root / cell).resolve()
            there = real.is_relative_to(self.root) and real.exists()
        except (OSError, RuntimeError, ValueError):
            real, there = self.root.parent, False
        if not there:
            found = "a path that leads outside the folder that is served, or to nothing"
            step = "name a file or folder below it"
            raise Refused("NO_ACCESS", f"{column} {cell!r}", found, "a path below it", step)
        return real

    def _public(self, sentence: str) -> str:
        """A sentence without the folder that is served: paths are those of the requests."""
        if self.root is None or self.root == self.root.parent:
            return sentence
        return sentence.replace(f"{self.root}/", "").replace(str(self.root), ".")


def _marker(row: Row) -> Marker | None:
    """The point of a row in RAS+ mm, by the rules of a cohort's row. Raises Refused BAD_ROW."""
    cells = {name: _text(row, name) for name in (*BALL, "frame", "segment")}
    if not any(cells[name] for name in (*POINT, "segment")):
        return None
    parsed = parse_row("row", Path("/"), 0, {**cells, "subject_id": "any", "label": "any", "image": "."})
    for problem in parsed.problems:
        raise Refused(BAD_ROW, "row", problem.found or "nothing", problem.rule, problem.next_step)
    return None if parsed.sample is None else parsed.sample.marker


def _text(row: Row, column: str) -> str:
    """A cell as text; a number with all its digits. Raises Refused BAD_ROW for what is neither."""
    cell = row.get(column)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, (int, float)):
        whole = math.isfinite(cell) and cell == int(cell)
        return str(int(cell)) if whole else repr(float(cell))
    found, step = type(cell).__name__, "write it as text"
    raise Refused(BAD_ROW, column, found, "text or a number", step)


def _content(row: Row, column: str) -> bytes | None:
    """The bytes of a cell, None for an empty one. Raises Refused BAD_ROW for bad base64, BOMB."""
    cell = row.get(column)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if not isinstance(cell, (str, bytes, bytearray, memoryview)):
        step = "send bytes, or their base64"
        raise Refused(BAD_ROW, column, type(cell).__name__, "bytes or base64", step)
    if len(cell) > LIMITS.decoded_bytes * (4 / 3 if isinstance(cell, str) else 1):
        step = f"serve a folder and give a path in {IMAGE}"
        raise Refused("BOMB", column, f"{len(cell)} bytes", f"at most {LIMITS.decoded_bytes} bytes", step)
    if not isinstance(cell, str):
        return bytes(cell) or None
    try:
        return base64.b64decode("".join(cell.split()), validate=True) or None
    except (binascii.Error, ValueError):
        found, step = "text that is no base64", "encode the file's bytes with base64"
        raise Refused(BAD_ROW, column, found, "base64", step) from None


def _written(target: Path, content: bytes) -> Path:
    """A file with these bytes, in a folder of this row's own."""
    target.write_bytes(content)
    return target
