"""Is a picture in the cohort twice, where one of the two could be trained on and the other tested?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from medidense.cohort.images import ImageFacts
from medidense.cohort.perceptual import near_pairs
from medidense.errors import Problem
from medidense.values import Cohort, Leak, Sample

SHOWN = 20
"""Pairs that are told one by one; of more the number is told."""

SAME_PLACE = 0.5
"""Voxels by which centre and size of one lesion may differ between two rows."""

SUBJECTS, LABELS = "under two subject_ids", "with two labels"
CURE = "give both rows one subject_id (medidense check --join does), or drop one of them"

Row = tuple[Sample, ImageFacts]


@dataclass(frozen=True)
class _Image:
    """One image of the cohort and the rows that lie in it, all of one subject."""

    subject: str
    rows: tuple[Row, ...]

    @property
    def facts(self) -> ImageFacts:
        """What is known of the image; the same for all its rows."""
        return self.rows[0][1]

    @property
    def names(self) -> tuple[str, ...]:
        """Every sample in it."""
        return tuple(sample.name for sample, _ in self.rows)


def find_leaks(cohort: Cohort, facts: Sequence[ImageFacts]) -> tuple[Leak, ...]:
    """Every pair of images that are copies, exact ones first, each kind in the order of the rows.

    `facts` are those of `check_images`. Two images are exact copies when their digests are equal; such a
    pair counts under two subjects, or where one lesion (one whole image) has two labels in it. Near copies
    count between two subjects alone. Many lesions of one image under one subject are no leak.
    """
    images = _images(cohort, facts)
    by_digest: dict[str, list[_Image]] = defaultdict(list)
    for image in images:
        by_digest[image.facts.digest].append(image)
    exact = [leak for copies in by_digest.values() for leak in _exact(copies, whole=cohort.region == "whole")]
    different = list(by_digest.values())
    near = [
        _leak(a, b, distance=distance)
        for i, j, distance in near_pairs([copies[0].facts.look for copies in different])
        for a in different[i]
        for b in different[j]
        if a.subject != b.subject
    ]
    return (*sorted(exact, key=lambda leak: leak.rows), *sorted(near, key=lambda leak: leak.rows))


def leak_problems(cohort: Cohort, leaks: Sequence[Leak]) -> list[Problem]:
    """A line for each exact pair, of more than `SHOWN` the number of the others."""
    exact = [leak for leak in leaks if leak.kind == "exact"]
    problems = [_problem(cohort, leak) for leak in exact[:SHOWN]]
    if len(exact) > SHOWN:
        rule = "the same image in two rows"
        problems.append(Problem(cohort.name, rule, f"{len(exact) - SHOWN} more pairs", CURE))
    return problems


def _problem(cohort: Cohort, leak: Leak) -> Problem:
    """One exact pair, both rows named."""
    both = [words for words, said in ((SUBJECTS, leak.two_subjects), (LABELS, leak.two_labels)) if said]
    step = "correct the label, or drop one of them"
    if leak.two_subjects:
        step = f"{CURE}, or (published splits) set the recipe key leakage to drop_from_train"
    if leak.two_subjects and leak.two_labels:
        step = "drop one of them, or give both rows one subject_id and one label"
    return Problem(cohort.name, f"the same image {' and '.join(both)}", " and ".join(leak.named), step)


def _images(cohort: Cohort, facts: Sequence[ImageFacts]) -> list[_Image]:
    """The rows by the file or series they lie in, in the order of their first rows."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for sample, fact in zip(cohort.samples, facts, strict=True):
        groups[str(sample.image_path), sample.series_uid, sample.subject_id].append((sample, fact))
    return [_Image(subject, tuple(rows)) for (_, _, subject), rows in groups.items()]


def _exact(copies: Sequence[_Image], *, whole: bool) -> Iterator[Leak]:
    """The pairs among images of one digest that count; two rows of one image may name one lesion too."""
    for image in copies:
        yield from (_leak(image, image, at) for at in _contradictions(image, image, whole=whole))
    for a, b in combinations(copies, 2):
        at = _contradictions(a, b, whole=whole)
        if a.subject != b.subject:
            yield _leak(a, b, at[0] if at else None)
        else:
            yield from (_leak(a, b, rows) for rows in at)


def _contradictions(a: _Image, b: _Image, *, whole: bool) -> list[tuple[Sample, Sample]]:
    """Rows of two copies that speak of one lesion, or of the whole image, and label it differently."""
    pairs = combinations(a.rows, 2) if a is b else ((first, second) for first in a.rows for second in b.rows)
    return [
        (first, second)
        for (first, of_first), (second, of_second) in pairs
        if first.contradicts(second) and (whole or _same_lesion(of_first, of_second))
    ]


def _same_lesion(first: ImageFacts, second: ImageFacts) -> bool:
    """True for lesions whose boxes lie within `SAME_PLACE` of each other."""
    if first.lesion is None or second.lesion is None:
        return False
    return all(abs(x - y) <= SAME_PLACE for x, y in zip(first.lesion, second.lesion, strict=True))


def _leak(
    a: _Image, b: _Image, rows: tuple[Sample, Sample] | None = None, distance: float | None = None
) -> Leak:
    """The value; `rows` are those with two labels, else the first row of each image is named."""
    named = sorted(rows or (a.rows[0][0], b.rows[0][0]), key=lambda sample: sample.row)
    return Leak(
        kind="exact" if distance is None else "near",
        rows=(named[0].row, named[1].row),
        images=(named[0].image, named[1].image),
        samples=(a.names, b.names),
        distance=0.0 if distance is None else round(distance, 4),
        two_subjects=a.subject != b.subject,
        two_labels=rows is not None,
    )
