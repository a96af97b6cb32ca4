"""Score many scans: each ends in a row, nothing twice, nothing lost by a crash."""

from medidense.batch.cohort_scoring import (
    COMPARED,
    NO_PART,
    STEP,
    TRAINING_SUBJECT,
    ScoredCohort,
    scored_cohort,
)
from medidense.batch.lesions import Lesion, Lesions, read_lesions
from medidense.batch.listed import listed_for
from medidense.batch.scoring import LEDGER, BatchResult, score_inputs

__all__ = [
    "COMPARED",
    "LEDGER",
    "NO_PART",
    "STEP",
    "TRAINING_SUBJECT",
    "BatchResult",
    "Lesion",
    "Lesions",
    "ScoredCohort",
    "listed_for",
    "read_lesions",
    "score_inputs",
    "scored_cohort",
]
