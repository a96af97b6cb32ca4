from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, matthews_corrcoef, roc_auc_score

from medidense.stats.folds import fold_results
from tests.stats.test_conformal import cohort


def test_each_fold_has_all_figures_with_intervals() -> None:
    table = cohort(200)
    decided = (table.scores[:, 1] >= 0.5).astype(np.int64)
    for result in fold_results(table, decided):
        rows = table.fold == result.fold
        truth, score = table.label[rows], table.scores[rows, 1]
        assert result.figures["auroc"].value == pytest.approx(roc_auc_score(truth, score)) == result.auroc
        assert result.figures["auprc"].value == pytest.approx(average_precision_score(truth, score))
        assert result.figures["mcc"].value == pytest.approx(matthews_corrcoef(truth, decided[rows]))
        assert result.figures["auprc"].low < result.figures["auprc"].value < result.figures["auprc"].high


def test_a_fold_of_one_class_has_no_area_and_says_so() -> None:
    table = cohort(50)
    label = np.where(table.fold == 1, 0, table.label)
    result = fold_results(replace(table, label=label), np.zeros(50, dtype=np.int64))[1]
    assert result.figures["auroc"].value is None
    assert result.figures["auprc"].value is None
    assert result.figures["sensitivity"].value is None
    assert result.figures["specificity"].value == 1.0
    assert result.note == "No sample of class malignant: AUROC is not defined."


def test_without_decisions_there_is_the_area_alone() -> None:
    assert all(result.figures == {} for result in fold_results(cohort(50)))
