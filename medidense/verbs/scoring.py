"""Score fresh scans with a package."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medidense.batch import listed_for, score_inputs
from medidense.errors import UsageError
from medidense.io import archives_kept
from medidense.package import load_package
from medidense.verbs.progress import Progress, counting, quiet


@dataclass(frozen=True)
class ScoreResult:
    """Counts of rows by status; `unmatched` names listed lesions whose image was not among the inputs."""

    out: Path
    csv: Path
    found: int
    scored: int
    refused: int
    failed: int
    unmatched: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The fields, paths as text."""
        return {
            "out": str(self.out),
            "csv": str(self.csv),
            "found": self.found,
            "scored": self.scored,
            "refused": self.refused,
            "failed": self.failed,
            "unmatched": list(self.unmatched),
        }


@archives_kept()
def score(
    package: Path,
    inputs: Sequence[Path],
    *,
    lesions: Path | None = None,
    out: Path,
    progress: Progress = quiet,
) -> ScoreResult:
    """Score every series under `inputs` and write ``out/scores.csv`` (mode 0600).

    `lesions` is a CSV of lesions, found by image or series UID; a package made for lesions refuses a series
    without one (NO_REGION). It holds the covariates that the package takes, too (NO_COVARIATE); for a package
    of whole images a row then names no lesion. The same command goes on where it was stopped and re-scores
    nothing. Raises PackageError, CohortError for the list, NothingFoundError, LockedError, WriteError,
    Interrupted.
    """
    missing = [path for path in inputs if not Path(path).exists()]
    if missing:
        raise UsageError(str(missing[0]), "the input does not exist", "", "check the path")
    loaded = load_package(Path(package))
    listed = None if lesions is None else listed_for(loaded, Path(lesions))
    paths = [Path(path) for path in inputs]
    done = score_inputs(loaded, paths, listed, Path(out), counting(progress, "score"))
    return ScoreResult(
        out=Path(out),
        csv=done.csv,
        found=done.found,
        scored=done.scored,
        refused=done.refused,
        failed=done.failed,
        unmatched=done.unmatched,
    )
