"""A subject as a row: the figures against scikit-learn, and when there are none."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from medidense.stats import evaluate_predictions
from medidense.values import Predictions
from medidense.values.recipe import EvaluationRules

RULES = EvaluationRules(bootstrap=200)
WIDTH, SUBJECTS = 3, 60


def cohort(kind: str = "classes", classes: tuple[str, ...] = ("0", "1"), width: int = WIDTH) -> Predictions:
    draw = np.random.default_rng(2)
    n = width * SUBJECTS
    subject = np.arange(n) // width
    names = tuple(f"s{row:03d}" for row in range(n))
    who = tuple(f"p{row:03d}" for row in subject)
    if kind == "multi_label":
        label, scores = draw.integers(-1, 2, (n, len(classes))), draw.uniform(size=(n, len(classes)))
    else:
        label = (draw.uniform(size=n) < 0.3).astype(np.int64) * draw.integers(1, len(classes), n)
        if kind == "classes" and len(classes) > 2:  # most subjects have one class
            label = np.where(draw.uniform(size=n) < 0.1, 0, subject // 4 % len(classes))
        scores = draw.dirichlet(np.ones(len(classes)), n)
        scores[np.arange(n), label] += 0.5
        scores /= scores.sum(axis=1, keepdims=True)
    return Predictions(classes, classes[-1], names, who, subject % 4, label, scores, kind)  # type: ignore[arg-type]


def test_two_classes_by_subject() -> None:
    table = cohort()
    rules = EvaluationRules(bootstrap=200, operating_rule="youden")
    whole = evaluate_predictions(table, [], rules, cohort_digest="ab")
    found = whole.per_subject
    truth = table.label.reshape(-1, WIDTH).max(axis=1)
    score = table.scores[:, 1].reshape(-1, WIDTH).max(axis=1)
    assert (found.subjects, found.several, found.left_out) == (SUBJECTS, SUBJECTS, 0)
    assert found.class_counts == {"0": int((truth == 0).sum()), "1": int((truth == 1).sum())}
    assert found.auroc.value == pytest.approx(roc_auc_score(truth, score))
    assert found.metrics["auprc"].value == pytest.approx(average_precision_score(truth, score))
    assert found.auroc_delong.value == pytest.approx(found.auroc.value)
    assert found.auroc_delong.low == pytest.approx(found.auroc.low, abs=0.05)
    assert found.samples_auroc.value == 0.5  # all have three
    # each fold at the threshold of the others: the same decisions as of the samples
    assert np.array(whole.confusion).sum() == len(table.samples)
    assert not {"brier", "log_loss"} & set(found.metrics)
    assert json.loads(json.dumps(whole.to_json()))["per_subject"]["auroc"]["value"] == found.auroc.value


def test_the_samples_threshold_decides() -> None:
    table = cohort()
    found = evaluate_predictions(table, [], RULES, cohort_digest="ab").per_subject
    truth = table.label.reshape(-1, WIDTH).max(axis=1)
    called = table.scores[:, 1].reshape(-1, WIDTH).max(axis=1) >= RULES.operating_point
    (tn, fp), (fn, tp) = confusion_matrix(truth, called)
    assert found.metrics["sensitivity"].value == pytest.approx(tp / (tp + fn))
    assert found.metrics["specificity"].value == pytest.approx(tn / (tn + fp))


def test_one_sample_each_has_no_second_table() -> None:
    whole = evaluate_predictions(cohort(width=1), [], RULES, cohort_digest="ab")
    assert whole.per_subject is None
    assert whole.side_by_side() == ()


def test_a_rule_that_counts_samples_is_seen_to() -> None:
    table = cohort()
    first = [row for row, who in enumerate(table.subjects) if int(who[1:]) % 2 == 0 or row % WIDTH == 0]
    part = table.take({table.samples[row] for row in first})
    rows = dict.fromkeys(part.subjects, 0)
    truth = dict.fromkeys(part.subjects, 0)
    for who, label in zip(part.subjects, part.label, strict=True):
        rows[who] += 1
        truth[who] = max(truth[who], int(label))
    found = evaluate_predictions(part, [], RULES, cohort_digest="ab").per_subject
    assert found.several == SUBJECTS // 2
    assert found.samples_auroc.value == pytest.approx(roc_auc_score([*truth.values()], [*rows.values()]))
    assert found.samples_auroc.value > 0.5


@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("ordinal", {"quadratic_kappa", "mean_absolute_error", "sensitivity"}),
        ("classes", {"auprc", "sensitivity"}),
        ("multi_label", {"auprc", "sensitivity"}),
    ],
)
def test_other_kinds_have_their_figures(kind: str, figures: set[str]) -> None:
    whole = evaluate_predictions(cohort(kind, ("a", "b", "c")), [], RULES, cohort_digest="ab")
    found = whole.per_subject
    assert figures <= set(found.metrics)
    assert found.auroc.low < found.auroc.value < found.auroc.high
    assert (found.left_out > 0) == (kind == "classes")
    assert found.subjects + found.left_out == SUBJECTS
    assert (found.auroc_delong, found.samples_auroc) == (None, None)
    assert set(found.labels) == ({"a", "b", "c"} if kind == "multi_label" else set())
    names = [row[0] for row in whole.side_by_side()]
    assert names[:2] == ["rows", "AUROC"]
    assert ("AUROC of b" in names) == (kind == "multi_label")


def test_nobody_left_has_counts_alone() -> None:
    table = cohort("classes", ("a", "b", "c"))
    label = np.tile([0, 1, 2], SUBJECTS)
    mixed = Predictions(
        table.classes, "c", table.samples, table.subjects, table.fold, label, table.scores, "classes"
    )
    found = evaluate_predictions(mixed, [], RULES, cohort_digest="ab").per_subject
    assert (found.subjects, found.left_out, found.auroc.value) == (0, SUBJECTS, None)
