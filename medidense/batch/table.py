"""What does scores.csv hold? It is made anew from the ledger each time: nothing can stand in it twice."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from medidense import durable
from medidense.package import CALIBRATED, SCORE, SET
from medidense.values import Manifest, Score

BEFORE = ("input", "study_uid", "series_uid", "lesion_id", "status", "reason_code", "reason")
AFTER = ("decision", "model_name", "model_version", "model_sha256", "seconds")


def write_scores(target: Path, scores: Iterator[Score], manifest: Manifest, digest: str) -> None:
    """Write the table (mode 0600), whole or not at all. A row is held in memory at a time."""
    with durable.replacing(target) as draft, draft.open("wb") as stream:
        stream.writelines(_lines(scores, manifest, digest))


def is_written(target: Path, scores: Iterator[Score], manifest: Manifest, digest: str) -> bool:
    """True when the file at `target` holds exactly this table already."""
    if not target.is_file():
        return False
    wanted = hashlib.sha256()
    for line in _lines(scores, manifest, digest):
        wanted.update(line)
    return wanted.hexdigest() == durable.sha256_file(target)


def _lines(scores: Iterable[Score], manifest: Manifest, digest: str) -> Iterator[bytes]:
    """The header and a line for each score, as UTF-8."""
    beside = (*((CALIBRATED,) if manifest.calibration else ()), *((SET,) if manifest.sets else ()))
    yield _line((*BEFORE, *(SCORE + name for name in manifest.classes), *beside, *AFTER))
    model = (manifest.name, manifest.version, digest)
    for score in scores:
        figures = [f"{score.scores[name]:.9f}" if score.scores else "" for name in manifest.classes]
        before = [getattr(score, column) for column in BEFORE]
        extra = {CALIBRATED: _figure(score.calibrated), SET: score.possible}
        figures += [extra[column] for column in beside]
        yield _line((*before, *figures, score.decision, *model, f"{score.seconds:.3f}"))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.9f}"


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")
