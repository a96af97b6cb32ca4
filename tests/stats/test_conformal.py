import numpy as np
import pytest

from medidense.stats import SubjectDraws, wilson
from medidense.stats.conformal import least_scores, prediction_sets, set_figures
from medidense.values import Predictions
from medidense.values.calibration import possible


def cohort(n: int, seed: int = 0, gap: float = 1.2) -> Predictions:
    generator = np.random.default_rng(seed)
    label = (generator.random(n) < 0.3).astype(np.int64)
    score = 1 / (1 + np.exp(-(gap * (2 * label - 1) + generator.normal(0, 1, n))))
    names = tuple(f"{row:05d}" for row in range(n))
    scores = np.stack([1 - score, score], axis=1)
    return Predictions(("benign", "malignant"), "malignant", names, names, np.arange(n) % 5, label, scores)


def test_least_scores_by_hand() -> None:
    # ten of class 0: of 11 ranks the ceil(11 * 0.8) = 9th from the top; two of class 1 are too few for 0.8
    score = np.array([0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.5, 0.1])
    label = np.array([0] * 10 + [1] * 2)
    assert least_scores(label, np.stack([score, 1 - score], axis=1), 0.8) == (0.3, 0.0)


def test_every_class_is_covered_as_promised_on_samples_that_set_nothing() -> None:
    shares = []
    for trial in range(200):
        fitted, fresh = cohort(200, trial), cohort(400, 1000 + trial)
        inside = fresh.scores >= np.array(least_scores(fitted.label, fitted.scores, 0.8))
        hit = inside[np.arange(400), fresh.label]
        shares.append([hit[fresh.label == side].mean() for side in (0, 1)])
    for side, own in enumerate((140, 60)):
        assert 0.8 - 0.01 <= np.mean(shares, axis=0)[side] <= 0.8 + 1 / (own + 1) + 0.01


def test_cross_fitted_sets_hold_their_coverage_and_are_counted() -> None:
    table = cohort(1000)
    found = prediction_sets(table, table, 0.9, SubjectDraws.of(table.subjects, 300, 0))
    figures = found.figures
    for name in ("coverage", "coverage_benign", "coverage_malignant"):
        assert figures[name].value == pytest.approx(0.9, abs=0.03)
        assert figures[name].low < figures[name].value < figures[name].high
    right = wrong = single = 0
    for fold in range(5):
        others = table.fold != fold
        least = least_scores(table.label[others], table.scores[others], 0.9)
        for row in np.flatnonzero(~others):
            held = possible(table.classes, table.scores[row], least)
            single += len(held) == 1
            right += held == (table.classes[table.label[row]],)
            wrong += not held
    assert figures["single"].value == pytest.approx(single / 1000)
    assert figures["single_right"].value == pytest.approx(right / single)
    assert figures["empty"].value == pytest.approx(wrong / 1000)
    assert [count for _, count, _ in found.folds] == [200] * 5
    assert np.mean([share for *_, share in found.folds]) == pytest.approx(figures["coverage"].value)


def test_a_folds_own_scores_set_nothing_of_its_sets() -> None:
    table = cohort(100)
    scores = table.scores.copy()
    scores[table.fold == 0] = 0.5  # would move every threshold that they had a part in
    moved = Predictions(**{**vars(table), "scores": scores})
    draws = SubjectDraws.of(table.subjects, 200, 0)
    rows = {name for name, fold in zip(table.samples, table.fold, strict=True) if fold == 0}
    mixed = prediction_sets(moved.take(rows), table, 0.9, SubjectDraws.of(tuple(rows), 200, 0))
    alone = prediction_sets(moved, moved, 0.9, draws)
    assert mixed.folds[0] == alone.folds[0]


def test_shares_of_sets_are_wilsons_where_a_subject_is_a_row() -> None:
    table = cohort(40)
    inside = np.ones((40, 2), dtype=bool)
    inside[:9, 0] = table.label[:9] == 0  # nine sets of the true class alone
    inside[:9, 1] = table.label[:9] == 1
    found = set_figures(table, inside, SubjectDraws.of(table.subjects, 200, 0))
    figures = {name: (one.value, one.low, one.high) for name, one in found.items()}
    assert figures["coverage"] == (1.0, *wilson(40, 40))
    assert figures["single"] == (9 / 40, *wilson(9, 40))
    assert figures["single_right"] == (1.0, *wilson(9, 9))
    assert figures["empty"] == (0.0, *wilson(0, 40))
    pairs = SubjectDraws.of([str(row // 2) for row in range(40)], 200, 0)
    assert set_figures(table, inside, pairs)["coverage"].low == wilson(20, 20)[0]
    assert set_figures(table, inside, pairs)["single"].low != wilson(9, 40)[0]
