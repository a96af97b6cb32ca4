"""Which rows of another cohort may a package be evaluated on, and what came of each?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from medidense.batch import COMPARED, NO_PART, STEP, TRAINING_SUBJECT
from medidense.errors import CohortError, Problem, UsageError, WriteError
from medidense.package import Package, TrainingDigest
from medidense.track import pseudonym_key
from medidense.values import Cohort, Refusal, Sample, SampleFacts, Score
from medidense.values.external import Overlap, Turnout
from medidense.values.wording import count

BY_ID, BY_IMAGE = "a subject_id of the training", "a subject with an image of the training"
NO_FIGURE = float("nan")
SHOWN = 5
"""Rows that are told one by one."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that has no part in the figures: ``refused`` or ``failed``, by which code, in a sentence."""

    sample: Sample
    status: str
    code: str
    reason: str


@dataclass
class Gathered:
    """What is kept of the scored rows, a few numbers each, and the rows that have no score."""

    samples: list[Sample] = field(default_factory=list)
    scores: list[tuple[float, ...]] = field(default_factory=list)
    facts: list[SampleFacts] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def require_fit(package: Package, table: Cohort) -> None:
    """Raise CohortError for a cohort of another kind, and for labels that are none of the package's."""
    about = package.manifest
    several = about.kind == "multi_label"
    if table.multi_label != several:
        found = "columns label_<name>" if table.multi_label else "one column label"
        rule = f"the package tells {'several labels at once' if several else 'one class of several'}"
        raise CohortError(table.name, rule, found, "evaluate it on a cohort with labels of that kind")
    known = ", ".join(about.classes)
    if several and set(table.classes) != set(about.classes):
        found = ", ".join(f"label_{name}" for name in table.classes)
        raise CohortError(table.name, f"the labels of the package are {known}", found, "name the columns so")
    strange: dict[str, list[Sample]] = {}
    for sample in table.samples if not several else ():
        if sample.label is not None and sample.label not in about.classes:
            strange.setdefault(sample.label, []).append(sample)
    if strange:
        step = "write the package's class, or empty the cell: rows without a label are left out"
        raise CohortError.several(
            [
                Problem(
                    f"{table.name} row {rows[0].row}",
                    f"the classes of the package are {known}; {count(len(rows), 'row')} with another label",
                    repr(label),
                    step,
                )
                for label, rows in strange.items()
            ]
        )
    if about.region == "lesion" and all(
        one.mask_path is None and one.marker is None for one in table.samples
    ):
        step = "add a mask, or x_mm, y_mm, z_mm, diameter_mm, frame"
        raise CohortError(table.name, "the package scores lesions, and no row names one", "", step)


def comparable(digest: TrainingDigest | None) -> tuple[bytes | None, Overlap]:
    """The key that subjects can be compared under, None where there is none, and what can be compared."""
    if digest is None:
        why = "The package is of a version that keeps no digest of its training: export it again."
        return None, Overlap(False, False, 0, 0, 0, (f"Neither subjects nor images were compared. {why}",))
    notes, key = [], None
    if digest.subjects is None:
        notes.append("Subjects were not compared: the package holds images alone.")
    else:
        try:
            key = pseudonym_key()
        except (UsageError, WriteError) as error:
            notes.append(f"Subjects were not compared: {error.lines[0]}")
        if key is not None and not digest.made_with(key):
            key = None
            notes.append(
                "Subjects were not compared by their IDs: the package was exported under another user's key. "
                "A subject whose images are other ones than in training would not be found."
            )
    if digest.images is None:
        notes.append("Images were not compared: the package holds none, its run kept no prints.csv.")
    return key, Overlap(key is not None, digest.images is not None, 0, 0, 0, tuple(notes))


def met_by_id(digest: TrainingDigest | None, key: bytes | None, samples: Iterable[Sample]) -> set[str]:
    """The subjects of these rows whose IDs are among those of the training."""
    if digest is None or key is None:
        return set()
    return {name for name in {one.subject_id for one in samples} if digest.has_subject(key, name)}


def unlabelled_of(table: Cohort, fresh: Iterable[Sample]) -> list[Sample]:
    """The rows without a label of these rows' subjects: their images may be of the training."""
    subjects = {sample.subject_id for sample in fresh}
    return [one for one in table.samples if not one.labelled and one.subject_id in subjects]


def with_unlabelled(overlap: Overlap, compared: Iterable[tuple[Sample, Score]], met: set[str]) -> Overlap:
    """The overlap with what came of the images of rows without a label; a note of those not read.

    Subjects that are in `met` are refused anyway: nothing of theirs is missing.
    """
    rows, unread = 0, []
    for sample, score in compared:
        if score.status == COMPARED or score.reason_code == TRAINING_SUBJECT:
            rows += 1
        elif sample.subject_id not in met:
            unread.append(f"row {sample.row} {score.reason_code}")
    if not unread:
        return replace(overlap, unlabelled=rows)
    told = ", ".join(unread[:SHOWN]) + (", ..." if len(unread) > SHOWN else "")
    note = (
        f"The images of {count(len(unread), 'row')} without a label could not be read and were not compared, "
        f"though others of their subjects are scored: {told}."
    )
    return replace(overlap, unlabelled=rows, why=(*overlap.why, note))


def refused_subject(sample: Sample, found: str) -> RefusedRow:
    """A row of a subject that had a part in the training."""
    said = Refusal(TRAINING_SUBJECT, sample.image, found, NO_PART, STEP).sentence
    return RefusedRow(sample, "refused", TRAINING_SUBJECT, said)


def gather(rows: Iterable[tuple[Sample, Score]], met: set[str], classes: Sequence[str]) -> Gathered:
    """The scored rows of subjects that are not in `met`, and why there is nothing of the others."""
    found = Gathered()
    for sample, score in rows:
        if sample.subject_id in met:
            found.refused.append(refused_subject(sample, BY_IMAGE))
        elif score.status != "scored":
            found.refused.append(RefusedRow(sample, score.status, score.reason_code, score.reason))
        else:
            found.samples.append(sample)
            found.scores.append(tuple(score.scores[name] for name in classes))
            found.facts.append(_facts(sample, score))
    return found


def turnout(table: Cohort, gathered: Gathered) -> Turnout:
    """From the rows of the table to those that were scored."""
    codes = Counter(one.code for one in gathered.refused)
    return Turnout(
        rows=len(table.samples),
        subjects=len(table.subjects),
        unlabelled=sum(not sample.labelled for sample in table.samples),
        refused=dict(sorted(codes.items())),
        scored=len(gathered.samples),
        scored_subjects=len({sample.subject_id for sample in gathered.samples}),
    )


def _facts(sample: Sample, score: Score) -> SampleFacts:
    """What the rules without a network and the subgroups are given; nothing else is measured here."""
    figures = score.figures
    return SampleFacts(
        sample=sample.name,
        subject_id=sample.subject_id,
        volume_mm3=figures.get("volume_mm3"),
        mean_intensity=figures.get("mean_intensity"),
        modality="",
        intensity_p01=NO_FIGURE,
        intensity_p50=NO_FIGURE,
        intensity_p99=NO_FIGURE,
        slice_mm=figures.get("slice_mm"),
    )
