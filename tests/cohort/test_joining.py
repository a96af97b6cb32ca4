"""Subjects that share a copy are one; what shares none stays apart."""

from medidense.cohort import contradicted_rows, joined_subjects
from medidense.values import Leak


def leak(first: int, second: int, *, kind: str = "near", two_labels: bool = False) -> Leak:
    """A pair of rows, each named as `cohort` of this file names it."""
    names = ((f"s{first}",), (f"s{second}",))
    return Leak(kind, (first, second), ("", ""), names, 0.0, True, two_labels)


class Named:
    """As much of a cohort as joining looks at: samples s2, s3, ... under the given subjects."""

    def __init__(self, *subjects: str) -> None:
        self.subjects = tuple(sorted(set(subjects)))
        self._subject_of = {f"s{row}": subject for row, subject in enumerate(subjects, start=2)}

    def by_name(self) -> dict[str, "Named.Sample"]:
        return {name: Named.Sample(subject) for name, subject in self._subject_of.items()}

    class Sample:
        def __init__(self, subject_id: str) -> None:
            self.subject_id = subject_id


def test_sharing_passes_on_and_the_first_by_name_stands_for_all() -> None:
    cohort = Named("d", "c", "b", "a", "e")  # rows 2 to 6
    joined = joined_subjects(cohort, [leak(2, 3), leak(3, 4, kind="exact")])
    assert joined == {"a": "a", "b": "b", "c": "b", "d": "b", "e": "e"}


def test_nothing_shared_joins_nothing() -> None:
    assert joined_subjects(Named("a", "b"), []) == {"a": "a", "b": "b"}


def test_only_exact_copies_contradict_each_other() -> None:
    leaks = [leak(2, 3, two_labels=True), leak(4, 5, kind="exact", two_labels=True), leak(6, 7, kind="exact")]
    assert contradicted_rows(leaks) == {4, 5}
