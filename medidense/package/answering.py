"""From what was given to what a row says: the image that can be scored, the answer, or why there is none.

A batch and a served model answer through here, so that both say the same of the same scan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from medidense.io import read_volume
from medidense.package.loaded import Package
from medidense.package.neighbours import check_neighbours
from medidense.package.plausible import require_region
from medidense.values import APART, NOTHING, Manifest, Prediction, Refused, Score, Volume

Answer = TypeVar("Answer")

SCORE = "score_"
"""Prefix of the column that holds a class's probability."""

CALIBRATED, SET = "calibrated_score", "set"
"""Columns of the calibrated probability of the positive class, and of the classes that stay possible, where
the package has them."""


@dataclass(frozen=True)
class Stopped:
    """Why there is no answer: `status` is ``refused`` or ``failed``."""

    status: str
    code: str
    sentence: str

    def told(self) -> dict[str, Any]:
        """What a row says of it, by the names of `medidense.values.Score`."""
        return {"status": self.status, "reason_code": self.code, "reason": self.sentence}


def attempt(work: Callable[[], Answer]) -> Answer | Stopped:
    """The answer, or why there is none. The one broad except of the package: an item may not stop a night.

    Of an unforeseen error only the type is told: its words may hold what identifies a patient.
    """
    try:
        return work()
    except Refused as refused:
        return Stopped("refused", refused.refusal.code, refused.refusal.sentence)
    except Exception as error:
        sentence = f"INTERNAL: an error of medidense ({type(error).__name__}); medidense explain shows more"
        return Stopped("failed", "INTERNAL", sentence)


def read_input(
    manifest: Manifest, source: Path | Sequence[Path], *, series_uid: str, lesions: object, where: object
) -> Volume:
    """The volume of an input that can be scored at all; nothing is read for a series without its lesion.

    `lesions` is None where no lesion is given; `source` is what `read_volume` takes. Raises Refused
    NO_REGION, DAMAGED_PIXELS for compressed pixels that look like noise, or what reading refuses.
    """
    require_region(manifest, lesions, str(where))
    volume = read_volume(source, series_uid=series_uid)
    check_neighbours(volume, where)
    return volume


def answered(package: Package, answer: Prediction) -> dict[str, Any]:
    """What a row says of a scored lesion, by the names of `medidense.values.Score`."""
    found: dict[str, Any] = {"scores": answer.scores, "decision": answer.decision}
    if answer.calibrated is not None:
        found["calibrated"] = answer.calibrated[package.manifest.positive]
    if answer.possible is not None:
        found["possible"] = APART.join(answer.possible) or NOTHING
    return found


def lasting(scores: Sequence[Score]) -> list[Score]:
    """What must not differ between two runs, in one order."""
    return sorted((replace(score, seconds=0.0) for score in scores), key=lambda score: score.lesion_id)
