"""Does this cohort hold, before anything trains?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from medidense.cohort import check_images, find_leaks, fingerprint, leak_problems, read_cohort
from medidense.errors import CohortError
from medidense.io import archives_kept
from medidense.values import Leak
from medidense.values.wording import count
from medidense.verbs.progress import Progress, counting, quiet


@dataclass(frozen=True)
class CheckResult:
    """A cohort that holds, in figures. `leaks` are near copies under two subjects: a warning."""

    cohort: str
    samples: int
    subjects: int
    class_counts: Mapping[str, int]
    region: str
    dims: int
    images: int
    modality: str | None
    digest: str
    notes: tuple[str, ...]
    leaks: tuple[Leak, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


@archives_kept()
def check(cohort: Path, *, progress: Progress = quiet) -> CheckResult:
    """Read the table, open every image and every lesion, and report every problem of every row together.

    Raises CohortError, a line for each problem; one of them is an exact copy of an image under two subjects,
    or with two labels. Near copies stand in the result.
    """
    table = read_cohort(Path(cohort))
    facts = check_images(table, counting(progress, "check images", len(table.samples)))
    leaks = find_leaks(table, facts)
    if copies := leak_problems(table, leaks):
        raise CohortError.several(copies)
    found = fingerprint(table, facts)
    counts = Counter(sample.label for sample in table.samples)
    return CheckResult(
        cohort=table.name,
        samples=len(table.samples),
        subjects=len(table.subjects),
        class_counts={name: counts[name] for name in table.classes},
        region=table.region,
        dims=found.dims,
        images=len({sample.image_path for sample in table.samples}),
        modality=found.modality,
        digest=table.digest,
        notes=_notes(counts, len(table.subjects)),
        leaks=leaks,
    )


def _notes(counts: Counter[str | None], subjects: int) -> tuple[str, ...]:
    """What a careful reader would say of the numbers."""
    notes = []
    rarest = min(counts.values())
    if rarest < 20:
        notes.append(f"the rarest class has {count(rarest, 'sample')}: expect a wide interval")
    if subjects < 30:
        notes.append(f"{count(subjects, 'subject')}: intervals over subjects are rough below 30")
    return tuple(notes)
