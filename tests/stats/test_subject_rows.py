"""From samples to subjects: by hand, for each kind of label."""

import numpy as np
import pytest

from medidense.stats.subject_rows import subject_rows
from medidense.values import Predictions, middle_grade


def table(
    classes: tuple[str, ...],
    label: object,
    scores: object,
    subjects: str,
    kind: str = "classes",
    positive: str = "",
) -> Predictions:
    names = tuple(f"s{row:02d}" for row in range(len(subjects)))
    fold = np.array([ord(name) % 2 for name in subjects])
    truth, values = np.array(label, dtype=np.int64), np.array(scores, dtype=np.float64)
    return Predictions(
        classes,
        positive or classes[-1],
        names,
        tuple(subjects),
        fold,
        truth,
        values,
        kind,  # type: ignore[arg-type]
    )


def test_a_subject_is_positive_where_any_sample_is_and_so_is_it_called() -> None:
    score = np.array([0.2, 0.9, 0.4, 0.3, 0.7])
    given = table(("0", "1"), [0, 1, 0, 0, 0], np.stack([1 - score, score], axis=1), "baabc")
    # thresholds differ by fold: what was called of the samples decides, not one number
    found = subject_rows(given, np.array([0, 1, 1, 0, 0]))
    assert found.table.samples == found.table.subjects == ("a", "b", "c")
    assert found.table.label.tolist() == [1, 0, 0]
    assert found.table.scores[:, 1].tolist() == [0.9, 0.3, 0.7]
    assert found.table.scores[:, 0] == pytest.approx([0.1, 0.7, 0.3])
    assert found.decided.tolist() == [1, 0, 0]
    assert found.table.fold.tolist() == [1, 0, 1]
    assert found.left_out == 0
    assert "A subject is class 1 where any" in found.rule


def test_the_positive_class_may_be_the_first() -> None:
    score = np.array([0.8, 0.3])
    given = table(("bad", "good"), [1, 0], np.stack([score, 1 - score], axis=1), "aa", positive="bad")
    found = subject_rows(given, np.array([0, 1]))
    assert (found.table.label.tolist(), found.decided.tolist()) == ([0], [0])
    assert found.table.scores == pytest.approx(np.array([[0.8, 0.2]]))


def test_of_grades_the_highest_counts_in_truth_score_and_decision() -> None:
    draw = np.random.default_rng(0)
    scores = draw.dirichlet(np.ones(4), 60)
    subjects = "".join(chr(ord("a") + row // 3) for row in range(60))
    given = table(tuple("0123"), draw.integers(0, 4, 60), scores, subjects, "ordinal")
    middle = middle_grade(scores)
    found = subject_rows(given, middle)
    assert found.table.label.tolist() == given.label.reshape(20, 3).max(axis=1).tolist()
    assert found.decided.tolist() == middle.reshape(20, 3).max(axis=1).tolist()
    assert found.table.scores.sum(axis=1) == pytest.approx(np.ones(20))
    assert (found.table.scores >= 0).all()
    assert middle_grade(found.table.scores).tolist() == found.decided.tolist()
    above = 1 - scores[:, 0]
    assert 1 - found.table.scores[:, 0] == pytest.approx(above.reshape(20, 3).max(axis=1))


def test_of_classes_without_order_only_subjects_whose_samples_agree_stay() -> None:
    scores = [[0.6, 0.2, 0.2], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]]
    given = table(("x", "y", "z"), [0, 0, 1, 2], scores, "aabb")
    found = subject_rows(given, np.array([0, 1, 2, 2]))
    assert found.table.samples == ("a",)
    assert found.left_out == 1
    assert found.table.scores == pytest.approx(np.array([[0.4, 0.35, 0.25]]))
    assert (found.table.label.tolist(), found.decided.tolist()) == ([0], [0])
    nobody = subject_rows(table(("x", "y", "z"), [0, 1], scores[:2], "aa"), np.array([0, 1]))
    assert (nobody.table.samples, nobody.left_out) == ((), 1)


def test_of_several_labels_the_rows_that_know_one_say_it() -> None:
    label = [[1, -1], [0, 0], [-1, -1], [0, -1]]
    scores = [[0.3, 0.9], [0.6, 0.2], [0.9, 0.8], [0.4, 0.1]]
    found = subject_rows(table(("p", "q"), label, scores, "aabb", "multi_label"), None)
    assert found.table.label.tolist() == [[1, 0], [0, -1]]
    # a's q and b's p come from the one sample that knows them; b's q is known of none
    assert found.table.scores.tolist() == [[0.6, 0.2], [0.4, 0.0]]
    assert found.decided is None
