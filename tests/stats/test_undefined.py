"""A mean over classes or labels that has no value: which of them is it, and why?"""

import numpy as np
import pytest
from sklearn.metrics import precision_score

from medidense.stats import Decisions, evaluate_predictions
from medidense.stats.undefined import undefined_classes, undefined_labels
from medidense.values import Evaluation, Predictions
from medidense.values.recipe import EvaluationRules

NAMES = ("a", "b", "c")
OVER = "(macro means over every class)."


def decisions(label: list[int], decided: list[int], classes: int = 3, positive: int = 1) -> Decisions:
    return Decisions(
        np.array(label), np.array(decided), np.full((len(label), classes), 1 / classes), positive
    )


def evaluated(label: object, scores: object, kind: str, subjects: tuple[str, ...]) -> Evaluation:
    table = Predictions(
        classes=NAMES[: np.shape(scores)[1]],
        positive="b",
        samples=tuple(f"s{row}" for row in range(len(subjects))),
        subjects=subjects,
        fold=np.arange(len(subjects)) % 2,
        label=np.array(label),
        scores=np.array(scores, dtype=np.float64),
        kind=kind,  # type: ignore[arg-type]
    )
    return evaluate_predictions(table, (), EvaluationRules(bootstrap=200), cohort_digest="0")


@pytest.mark.parametrize(
    ("label", "decided", "notes"),
    [
        ([0, 1, 2], [0, 1, 2], []),
        ([0, 1, 2], [0, 1, 1], ["Not defined, as no row is decided for c: PPV"]),
        (
            [0, 1, 2],
            [0, 0, 0],
            ["no row is decided for b, c: PPV", "every row is decided for a: NPV", "a: MCC"],
        ),
        ([0, 1, 1], [0, 1, 2], ["no row is of c: AUROC, AUPRC, sensitivity and balanced accuracy"]),
        ([0, 1, 1], [0, 1, 1], ["no row is of c: AUROC", "decided for c: PPV", "of, or decided for, c: F1"]),
        ([1, 1], [0, 2], ["no row is of a, c", "every row is of b: specificity", "decided for b: PPV"]),
    ],
)
def test_a_macro_mean_names_its_class(label: list[int], decided: list[int], notes: list[str]) -> None:
    found = undefined_classes(decisions(label, decided), NAMES)
    assert len(found) == len(notes)
    assert all(part in note for part, note in zip(notes, found, strict=True))
    assert undefined_classes(decisions([0, 1], [0, 0], 2), NAMES[:2]) == ()


def test_a_label_that_is_never_or_always_decided_is_named() -> None:
    mixed, never, always = (decisions([0, 1, 1], called, 2) for called in ([0, 1, 0], [0, 0, 0], [1, 1, 1]))
    assert undefined_labels({"a": mixed}) == ()
    found = undefined_labels({"a": mixed, "b": never, "c": always})
    assert [note.partition(" (")[0] for note in found] == [
        "Not defined, as no row is decided to show b: PPV and MCC",
        "Not defined, as every row is decided to show c: NPV and MCC",
    ]


def test_no_mean_is_taken_over_fewer_classes_as_scikit_learn_can() -> None:
    scores = np.eye(3)[[0, 1, 0, 1, 0, 1]] * 0.85 + 0.05
    label = [0, 1, 2, 0, 1, 2]
    found = evaluated(label, scores, "classes", tuple("PQRSTU"))
    assert found.metrics["ppv"].value is None
    assert found.metrics["sensitivity"].value is not None
    assert "Not defined, as no row is decided for c: PPV " + OVER in found.notes
    others = precision_score(label, scores.argmax(axis=1), average="macro", zero_division=np.nan)
    assert others == pytest.approx(1 / 3)  # of two classes alone


def test_means_over_labels_say_which_label_has_no_figure_by_subject_too() -> None:
    label = [[1, 1], [0, 0], [1, 1], [0, 0], [1, -1], [0, 1]]
    scores = [[0.9, 0.1], [0.1, 0.2], [0.8, 0.3], [0.2, 0.1], [0.7, 0.9], [0.6, 0.1]]
    found = evaluated(label, scores, "multi_label", ("P", "Q", "R", "S", "T", "T"))
    assert found.metrics["ppv"].value is None
    assert found.metrics["sensitivity"].value is not None
    notes = [note for note in found.notes if "no row is decided to show b: PPV and MCC" in note]
    assert len(notes) == 1, "said once where it holds by subject as well"
    assert any("a figure that one of them lacks has no mean" in note for note in found.notes)
    assert found.per_subject is not None
    assert found.per_subject.notes == tuple(notes)


def test_a_class_that_is_lost_by_subject_alone_is_said_of_the_subjects() -> None:
    label = [0, 1, 2, 0, 1, 2, 2]
    scores = np.eye(3)[[0, 1, 2, 0, 1, 0, 0]] * 0.85 + 0.05
    found = evaluated(label, scores, "classes", ("P", "Q", "R", "S", "T", "R", "R"))
    assert found.metrics["ppv"].value is not None
    assert found.per_subject is not None
    assert found.per_subject.metrics["ppv"].value is None
    assert "By subject: Not defined, as no row is decided for c: PPV " + OVER in found.notes
