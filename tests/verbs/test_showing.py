"""Which samples are shown."""

import numpy as np

from medidense.values import Predictions
from medidense.verbs.showing import decisions, surest


def table(scores: list[list[float]], labels: list[int], classes: tuple[str, ...]) -> Predictions:
    n = len(labels)
    return Predictions(
        classes=classes,
        positive=classes[-1],
        samples=tuple(f"{row:02d}" for row in range(n)),
        subjects=tuple(f"S{row}" for row in range(n)),
        fold=np.zeros(n, dtype=np.int64),
        label=np.array(labels),
        scores=np.array(scores),
    )


def test_the_surest_of_each_kind_by_hand() -> None:
    positive = [0.9, 0.6, 0.7, 0.2, 0.1, 0.8]
    predictions = table([[1 - p, p] for p in positive], [1, 1, 1, 1, 0, 0], ("0", "1"))
    assert surest(predictions, 0.5) == [
        ("TP", 0, 0),
        ("TP", 1, 2),
        ("TN", 0, 4),
        ("FP", 0, 5),
        ("FN", 0, 3),
        ("hardest", 0, 1),
    ]


def test_the_operating_point_decides_with_two_classes() -> None:
    predictions = table([[0.7, 0.3], [0.8, 0.2]], [1, 0], ("0", "1"))
    assert decisions(predictions, 0.3).tolist() == [1, 0]
    assert decisions(predictions, 0.5).tolist() == [0, 0]


def test_the_top_decides_with_more() -> None:
    predictions = table([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]], [1, 2], ("a", "b", "c"))
    assert decisions(predictions, 0.5).tolist() == [1, 0]
    assert [kind for kind, _, _ in surest(predictions, 0.5)] == ["right", "wrong"]


def test_of_several_labels_the_positive_one_is_shown_where_it_is_known() -> None:
    predictions = Predictions(
        classes=("cyst", "mass"),
        positive="mass",
        samples=("a", "b", "c", "d"),
        subjects=("P", "Q", "R", "S"),
        fold=np.zeros(4, dtype=np.int64),
        label=np.array([[1, -1], [0, 1], [-1, 0], [1, 1]]),
        scores=np.array([[0.1, 0.99], [0.9, 0.7], [0.9, 0.2], [0.9, 0.3]]),
        kind="multi_label",
    )
    assert surest(predictions, 0.5) == [("TP", 0, 1), ("TN", 0, 2), ("FN", 0, 3)]


def test_the_first_of_both_lists_are_shown_each_row_once() -> None:
    positive = [0.99, 0.98, 0.97, 0.96, 0.51, 0.52, 0.05, 0.04, 0.45, 0.53, 0.30]
    labels = [0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1]
    predictions = table([[1 - p, p] for p in positive], labels, ("0", "1"))
    picks = surest(predictions, 0.5)
    assert [pick for pick in picks if pick[0] == "FP"] == [("FP", rank, rank) for rank in range(4)]
    assert [pick for pick in picks if pick[0] == "FN"] == [("FN", 0, 10), ("FN", 1, 8)]
    assert [pick for pick in picks if pick[0] == "hardest"] == [("hardest", 0, 4)]
    rows = [row for _, _, row in picks]
    assert len(set(rows)) == len(rows)
