"""What becomes of training samples that have a copy in the test part."""

from collections.abc import Callable

import pytest

from medidense.cohort import settle_leaks
from medidense.errors import CohortError
from medidense.values import Cohort, Crossing, Fold, Leak, Splits

LABELS = "xyxyxyx"


@pytest.fixture
def cohort(cohort_of: Callable[..., Cohort]) -> Cohort:
    """Samples 0.png to 6.png, each a subject of its own, labels in turns."""
    return cohort_of(*((str(n), label) for n, label in enumerate(LABELS)))


def splits(cohort: Cohort, *folds: tuple[str, str, str]) -> Splits:
    """Folds from the numbers of train, validation and test samples."""
    subject_of = {sample.name: sample.subject_id for sample in cohort.samples}
    made = [
        Fold(index, *(tuple(f"{n}.png" for n in part) for part in parts), subject_of)
        for index, parts in enumerate(folds)
    ]
    return Splits(tuple(made), cohort.digest)


def leak(a: int, b: int, kind: str = "exact", distance: float = 0.0, *, two_labels: bool = False) -> Leak:
    rows, images = (a + 2, b + 2), (f"{a}.png", f"{b}.png")
    return Leak(kind, rows, images, ((images[0],), (images[1],)), distance, True, two_labels)


def test_refuse_stops_at_an_exact_copy_and_counts_near_ones(cohort: Cohort) -> None:
    cut = splits(cohort, ("0123", "", "45"))
    with pytest.raises(CohortError, match=r"found row 2: 0\.png and row 6: 4\.png"):
        settle_leaks(cohort, cut, [leak(0, 4)], "refuse")
    same, crossings = settle_leaks(
        cohort, cut, [leak(0, 4, "near", 0.05), leak(1, 2, "near", 0.02)], "refuse"
    )
    assert same == cut
    assert crossings == (Crossing(0, "0.png", "4.png", "near", 0.05, False),)


def test_the_training_side_is_dropped_in_each_fold(cohort: Cohort) -> None:
    cut = splits(cohort, ("235", "46", "01"), ("124", "06", "35"), ("0123", "", "4"))
    pairs = [leak(0, 3), leak(0, 4, "near", 0.01), leak(3, 4, "near", 0.04)]
    thinner, crossings = settle_leaks(cohort, cut, pairs, "drop_from_train")
    assert [(one.fold, one.sample, one.twin, one.kind) for one in crossings] == [
        (0, "3.png", "0.png", "exact"),
        (0, "4.png", "0.png", "near"),
        (1, "0.png", "3.png", "exact"),
        (1, "4.png", "3.png", "near"),
        (2, "0.png", "4.png", "near"),
        (2, "3.png", "4.png", "near"),
    ]
    assert all(one.dropped for one in crossings)
    assert [fold.test for fold in thinner.folds] == [fold.test for fold in cut.folds]
    assert [fold.dropped for fold in thinner.folds] == [
        ("3.png", "4.png"),
        ("0.png", "4.png"),
        ("0.png", "3.png"),
    ]
    assert [fold.train for fold in thinner.folds] == [
        ("2.png", "5.png"),
        ("1.png", "2.png"),
        ("1.png", "2.png"),
    ]


def test_every_sample_of_a_copied_image_is_dropped_and_the_nearest_twin_named(cohort: Cohort) -> None:
    cut = splits(cohort, ("0123", "", "45"))
    far = leak(0, 4, "near", 0.09)
    both = Leak("near", (2, 7), ("0.png", "5.png"), (("0.png", "1.png"), ("5.png",)), 0.02, True, False)
    thinner, crossings = settle_leaks(cohort, cut, [far, both], "drop_from_train")
    assert [(one.sample, one.twin, one.distance) for one in crossings] == [
        ("0.png", "5.png", 0.02),
        ("1.png", "5.png", 0.02),
    ]
    assert thinner.folds[0].train == ("2.png", "3.png")


def test_two_labels_are_refused_unless_a_test_part_keeps_them_apart(cohort: Cohort) -> None:
    pair = leak(0, 4, two_labels=True)
    apart = splits(cohort, ("0123", "", "45"))
    assert settle_leaks(cohort, apart, [pair], "drop_from_train")[0].folds[0].dropped == ("0.png",)
    for together in (("01234", "", "5"), ("0123", "4", "5"), ("123", "", "045")):
        with pytest.raises(CohortError, match=r"row 2: 0\.png and row 6: 4\.png"):
            settle_leaks(cohort, splits(cohort, together), [pair], "drop_from_train")
    with pytest.raises(CohortError):
        settle_leaks(
            cohort, splits(cohort, ("0123", "", "45"), ("0145", "", "23")), [pair], "drop_from_train"
        )


def test_a_part_that_dropping_empties_is_refused(cohort: Cohort) -> None:
    pairs = [leak(1, 4), leak(3, 4)]
    with pytest.raises(CohortError, match=r"fold 0: .* no sample of class y, 2 samples dropped"):
        settle_leaks(cohort, splits(cohort, ("0123", "", "45")), pairs, "drop_from_train")
    with pytest.raises(CohortError, match="found no validation part"):
        settle_leaks(cohort, splits(cohort, ("0125", "3", "4")), pairs, "drop_from_train")


def test_no_copies_change_nothing(cohort: Cohort) -> None:
    cut = splits(cohort, ("0123", "", "45"))
    assert settle_leaks(cohort, cut, [], "drop_from_train") == (cut, ())
    assert settle_leaks(cohort, cut, [leak(0, 1)], "drop_from_train") == (cut, ())
