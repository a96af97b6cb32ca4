"""What scoring one lesion of one series gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Score:
    """One row of scores.csv: a (series, lesion), or an input that was refused or failed as a whole.

    `status` is ``scored``, ``refused`` or ``failed`` (in the ledger of a cohort also ``compared``: an image
    that nothing is scored in); `reason_code` and `reason` are empty where scored; `scores` holds a
    probability for each class; `decision` is the class decided at the operating point; `calibrated` is the
    calibrated probability of the positive class and `possible` the prediction set, where there are such.
    """

    input: str
    study_uid: str = ""
    series_uid: str = ""
    lesion_id: str = ""
    status: str = "scored"
    reason_code: str = ""
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    decision: str = ""
    calibrated: float | None = None
    possible: str = ""
    seconds: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    """What else was measured, by the name of the field of `SampleFacts`; of a cohort's rows alone."""


@dataclass(frozen=True)
class Prediction:
    """What a package says of one image: a probability for each class, and the class decided.

    `decision` is the positive class where its probability reaches the operating point (two classes), else
    the other one; with more than two classes it is the most probable, of grades the middle one. Of several
    labels it names all that reach the operating point, with a semicolon between, or is a dash.

    Where the package has them, `calibrated` holds calibrated probabilities of the classes, and `possible` the
    classes that the true one can be with the coverage the package states; other than one class means: ask a
    human. None where the package has none.
    """

    scores: Mapping[str, float]
    decision: str
    calibrated: Mapping[str, float] | None = None
    possible: tuple[str, ...] | None = None
