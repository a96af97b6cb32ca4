"""What came of one input: an answer, or why there is none?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from medidense.package import Package
from medidense.values import APART, NOTHING, Prediction, Refused, Score

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Stopped:
    """Why there is no answer."""

    status: str
    code: str
    sentence: str

    def told(self) -> dict[str, Any]:
        """What a row says of it."""
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


def answered(package: Package, answer: Prediction) -> dict[str, Any]:
    """What a row says of a scored lesion."""
    found: dict[str, Any] = {"scores": answer.scores, "decision": answer.decision}
    if answer.calibrated is not None:
        found["calibrated"] = answer.calibrated[package.manifest.positive]
    if answer.possible is not None:
        found["possible"] = APART.join(answer.possible) or NOTHING
    return found


def lasting(scores: Sequence[Score]) -> list[Score]:
    """What must not differ between two runs, in one order."""
    return sorted((replace(score, seconds=0.0) for score in scores), key=lambda score: score.lesion_id)
