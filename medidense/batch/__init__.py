"""Score many scans: each ends in a row, nothing twice, nothing lost by a crash."""

from medidense.batch.lesions import Lesion, Lesions, read_lesions
from medidense.batch.listed import listed_for
from medidense.batch.scoring import BatchResult, score_inputs

__all__ = ["BatchResult", "Lesion", "Lesions", "listed_for", "read_lesions", "score_inputs"]
