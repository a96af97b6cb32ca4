"""Does this cohort hold, before anything trains?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from medidense import durable
from medidense.cohort import (
    Fingerprint,
    ImageFacts,
    check_images,
    contradicted_rows,
    find_leaks,
    fingerprint,
    joined_subjects,
    leak_problems,
    read_cohort,
)
from medidense.errors import CohortError
from medidense.io import archives_kept, read_table
from medidense.values import Cohort, Kind, Leak
from medidense.values.wording import count
from medidense.verbs.beside import check_beside
from medidense.verbs.progress import Progress, counting, quiet


@dataclass(frozen=True)
class CheckResult:
    """A cohort that holds, in figures. `leaks` are near copies under two subjects: a warning.

    Of several labels at once (`kind` ``multi_label``) `class_counts` are the rows that show each, `without`
    those known not to.
    """

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
    kind: Kind = "classes"
    without: Mapping[str, int] = field(default_factory=dict)
    joined: str = ""
    """Where the table with copies under one subject was written; the figures are that table's then."""

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


@archives_kept()
def check(
    cohort: Path, *, join: Path | None = None, overwrite: bool = False, progress: Progress = quiet
) -> CheckResult:
    """Read the table, open every image and every lesion, and report every problem of every row together.

    Raises CohortError, a line for each problem; one of them is an exact copy of an image under two subjects,
    or with two labels. Near copies stand in the result.

    Where patients are not known, `join` writes the table once more, beside the first: subjects whose images
    are copies, exact or near, become the first of them, and of an exact copy with two labels both rows are
    left out. The figures are those of that table. Raises OutputExistsError, UsageError for another folder.
    """
    if join is not None:
        check_beside(Path(cohort), Path(join), overwrite=overwrite)
    table = read_cohort(Path(cohort))
    facts = check_images(table, counting(progress, "check images", len(table.samples)))
    leaks = find_leaks(table, facts)
    if join is not None:
        _write_joined(table, leaks, Path(cohort), Path(join))
        table, facts = _joined(Path(join), facts)
        leaks = find_leaks(table, facts)
    if copies := leak_problems(table, leaks):
        raise CohortError.several(copies)
    found = fingerprint(table, facts)
    return CheckResult(
        cohort=table.name,
        samples=len(table.samples),
        subjects=len(table.subjects),
        class_counts=found.class_counts,
        region=table.region,
        dims=found.dims,
        images=len({sample.image_path for sample in table.samples}),
        modality=found.modality,
        digest=table.digest,
        notes=_notes(found),
        leaks=leaks,
        kind="multi_label" if table.multi_label else "classes",
        without=found.without,
        joined="" if join is None else str(join),
    )


def _write_joined(table: Cohort, leaks: Sequence[Leak], cohort: Path, out: Path) -> None:
    """The rows as typed, but for the subjects that copies join and the rows that contradict each other."""
    stands_for, without = joined_subjects(table, leaks), contradicted_rows(leaks)
    subject_of = {sample.row: stands_for[sample.subject_id] for sample in table.samples}
    typed = read_table(cohort)
    rows = [
        list({**row.cells, "subject_id": subject_of[row.line]}.values())
        for row in typed.rows
        if row.line in subject_of and row.line not in without
    ]
    durable.write_csv(out, typed.columns, rows)


def _joined(out: Path, facts: Sequence[ImageFacts]) -> tuple[Cohort, tuple[ImageFacts, ...]]:
    """The table that was written, and what is known of its images already."""
    table, known = read_cohort(out), {fact.sample: fact for fact in facts}
    return table, tuple(known[sample.name] for sample in table.samples)


def _notes(found: Fingerprint) -> tuple[str, ...]:
    """What a careful reader would say of the numbers."""
    notes = []
    if found.without:
        absent = ", ".join(f"{name} {number}" for name, number in found.without.items())
        notes.append(f"several labels at once, each shown so often; known not to be there: {absent}")
    rarest, what = min([*found.class_counts.values(), *found.without.values()]), "class"
    if found.without:
        what = "side of a label"
    if rarest < 20:
        notes.append(f"the rarest {what} has {count(rarest, 'sample')}: expect a wide interval")
    if found.subjects < 30:
        notes.append(f"{count(found.subjects, 'subject')}: intervals over subjects are rough below 30")
    if len(found.classes) > 2 and not found.without and all(name.isdecimal() for name in found.classes):
        notes.append("the labels are numbers: where they are grades in order, set labels.kind to ordinal")
    return tuple(notes)
