"""Who gets which nodules and labels."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from medidense.errors import UsageError
from medidense.phantoms import PhantomOptions
from medidense.phantoms.subjects import LABELS, plan_subjects


def rows(seed: int, shuffle: bool = False) -> list[tuple[str, float, str]]:
    """Kind, diameter and label of every nodule."""
    plan = plan_subjects(PhantomOptions(seed=seed, shuffle_labels=shuffle))
    return [row for s in plan for row in zip(s.kinds, s.diameters_mm, s.labels, strict=True)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_kinds_are_balanced_and_size_says_nothing(seed):
    nodules = rows(seed)
    assert Counter(kind for kind, _, _ in nodules) == {"smooth": 24, "spiculated": 24}
    assert all(label == LABELS[kind] for kind, _, label in nodules)
    assert roc_auc_score(
        [k == "spiculated" for k, _, _ in nodules], [d for _, d, _ in nodules]
    ) == pytest.approx(0.5, abs=0.05)
    assert all(12 <= diameter <= 17 for _, diameter, _ in nodules)


def test_a_third_has_two_nodules_and_a_third_is_nifti():
    plan = plan_subjects(PhantomOptions())
    assert [s.subject_id for s in plan[:2]] == ["S01", "S02"]
    assert sum(len(s.kinds) == 2 for s in plan) == 12
    assert sum(s.nifti for s in plan) == 12
    assert {label for s in plan if s.nifti for label in s.labels} == {"benign", "malignant"}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_shuffled_labels_are_true_by_half_and_move_by_subject(seed):
    nodules = rows(seed, shuffle=True)
    hits = sum(label == LABELS[kind] for kind, _, label in nodules)
    assert 23 <= hits <= 25
    assert Counter(label for _, _, label in nodules) == {"benign": 24, "malignant": 24}
    true, shuffled = (
        plan_subjects(PhantomOptions(seed=seed)),
        plan_subjects(PhantomOptions(seed=seed, shuffle_labels=True)),
    )
    assert [(s.kinds, s.diameters_mm, s.nifti) for s in true] == [
        (s.kinds, s.diameters_mm, s.nifti) for s in shuffled
    ]
    assert Counter(s.labels for s in true) == Counter(s.labels for s in shuffled)


def test_other_seeds_other_subjects():
    assert rows(0) == rows(0)
    assert rows(0) != rows(1)


def test_too_few_subjects_are_refused():
    with pytest.raises(UsageError, match="at least 6"):
        PhantomOptions(subjects=5)
