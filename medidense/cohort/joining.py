"""Which subjects of a cohort are one, as far as copies of their images tell?"""

from collections.abc import Mapping, Sequence

from scipy.cluster.hierarchy import DisjointSet

from medidense.values import Cohort, Leak


def joined_subjects(cohort: Cohort, leaks: Sequence[Leak]) -> Mapping[str, str]:
    """Every subject and the one that stands for it: the first by name of all that share a copy.

    Sharing passes on: where A has a copy of B's image and B one of C's, the three are one.
    """
    by_name = cohort.by_name()
    groups = DisjointSet(cohort.subjects)
    for leak in leaks:
        one, other = (by_name[names[0]].subject_id for names in leak.samples)
        groups.merge(one, other)
    first: dict[str, str] = {}
    for subject in cohort.subjects:
        first.setdefault(groups[subject], subject)
    return {subject: first[groups[subject]] for subject in cohort.subjects}


def contradicted_rows(leaks: Sequence[Leak]) -> frozenset[int]:
    """Lines of the table whose image is there once more, value for value, with another label."""
    return frozenset(row for leak in leaks if leak.kind == "exact" and leak.two_labels for row in leak.rows)
