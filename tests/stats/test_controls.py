"""Where there is nothing to find areas lie about one half; where a subject gives itself away they do not."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from medidense.stats import (
    FoldFeatures,
    FoldScores,
    Truth,
    fold_area,
    fold_estimate,
    shuffle_estimate,
    shuffled_areas,
    shuffled_rows,
    true_scores,
)
from medidense.stats.bounds import area_limits

SUBJECTS = ("A", "B", "A", "C", "C", "C", "D", "E", "E")


def world(seed=0, subjects=120, features=20, signal=0.0):
    """Two folds of features of two lesions a subject, and labels that `signal` moves."""
    random = np.random.default_rng(seed)
    of = tuple(f"S{number // 2:03d}" for number in range(2 * subjects))
    label = random.permutation(np.arange(2 * subjects) % 2)
    table = random.normal(size=(2 * subjects, features)) + signal * label[:, None]
    half = np.arange(2 * subjects) < subjects
    parts = [np.flatnonzero(half), np.flatnonzero(~half)]
    folds = [FoldFeatures(train, test, table[train], table[test]) for test, train in (parts, reversed(parts))]
    return Truth(label, of, 2, 1), folds


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffle_gives_each_row_the_label_of_one_row(seed):
    assert sorted(shuffled_rows(SUBJECTS, seed)) == list(range(len(SUBJECTS)))


def test_subjects_of_one_size_swap_their_labels_as_a_whole():
    subjects = tuple("AABBCCDD")
    seen = set()
    for seed in range(30):
        source = shuffled_rows(subjects, seed)
        came = [{subjects[row] for row in source[start : start + 2]} for start in range(0, 8, 2)]
        assert all(len(each) == 1 for each in came)
        seen.add(tuple(sorted(source[:2])))
    assert len(seen) == 4  # every subject's labels come to the first one


def test_labels_move_where_no_two_subjects_have_equally_many_rows():
    subjects = tuple("A" * 1 + "B" * 2 + "C" * 3 + "D" * 4)
    moved = [np.mean(shuffled_rows(subjects, seed) != np.arange(10)) for seed in range(40)]
    assert np.mean(moved) > 0.6


def test_what_is_dealt_are_the_same_labels():
    truth = Truth(np.arange(9) % 3, SUBJECTS, 3, 0)
    assert sorted(truth.dealt(4).label) == sorted(truth.label)
    several = Truth(np.array([[1, -1], [0, 1]] * 4 + [[0, 0]]), SUBJECTS, 2, 0)
    assert sorted(map(tuple, several.dealt(4).label)) == sorted(map(tuple, several.label))


def test_true_labels_are_found_and_shuffled_ones_are_not():
    truth, folds = world(signal=0.6)
    assert fold_area(truth, true_scores(truth, folds)) > 0.9
    areas = shuffled_areas(truth, folds, 40, seed=0)
    found = shuffle_estimate(areas)
    assert len(areas) == 40
    assert found.low < 0.5 < found.high
    assert abs(found.value - 0.5) < 0.03


def test_a_subject_in_both_parts_is_found_by_shuffled_labels():
    """Features that name the subject: where its other lesion trains, dealing labels by subject tells."""
    random = np.random.default_rng(0)
    name = np.repeat(random.normal(size=(40, 60)), 2, axis=0)
    subjects = tuple(f"S{number // 2:02d}" for number in range(80))
    label = np.repeat(np.arange(40) % 2, 2)
    parts = np.arange(0, 80, 2), np.arange(1, 80, 2)
    folds = [FoldFeatures(train, test, name[train], name[test]) for train, test in (parts, parts[::-1])]
    assert shuffle_estimate(shuffled_areas(Truth(label, subjects, 2, 1), folds, 30, seed=0)).low > 0.9


def test_all_shuffles_in_one_solution_are_each_by_itself():
    truth, folds = world(seed=3)
    together = shuffled_areas(truth, folds, 5, seed=11)
    alone = [fold_area(one, true_scores(one, folds)) for one in map(truth.dealt, range(11, 16))]
    np.testing.assert_allclose(together, alone, atol=1e-9)


def test_an_area_is_the_mean_of_the_folds_and_not_of_the_pool():
    label, shifted = np.array([0, 1, 0, 1]), np.array([[0.1], [0.2], [5.1], [5.2]])
    truth = Truth(label, tuple("ABCD"), 2, 1)
    scores = np.concatenate([-shifted, shifted], axis=1)
    folds = [FoldScores(np.array([0, 1]), scores[:2]), FoldScores(np.array([2, 3]), scores[2:])]
    assert fold_area(truth, folds) == 1.0
    assert roc_auc_score(label, shifted[:, 0]) == 0.75
    single = FoldScores(np.array([0]), scores[:1])
    assert fold_area(truth, [*folds, single]) == 1.0
    assert fold_area(truth, [single]) is None


def test_the_interval_resamples_subjects():
    """Every subject's rows copied ten times: as many subjects, the same interval."""
    random = np.random.default_rng(5)
    label, score = random.integers(0, 2, size=60), random.normal(size=60)
    score += label

    def interval(copies):
        truth = Truth(np.repeat(label, copies), tuple(np.repeat([f"S{n}" for n in range(60)], copies)), 2, 1)
        values = np.repeat(np.stack([-score, score], axis=1), copies, axis=0)
        parts = np.split(np.arange(60 * copies), 2)
        return fold_estimate(truth, [FoldScores(part, values[part]) for part in parts], 400, 0)

    once, often = interval(1), interval(10)
    assert (once.value, once.low, once.high) == pytest.approx((often.value, often.low, often.high))
    assert once.low < once.value < once.high
    assert 0.2 < once.high - once.low < 0.4


@pytest.mark.filterwarnings("error")
def test_draws_in_which_no_fold_has_both_classes_are_left_out():
    label, parts = np.array([0, 1, 0, 1]), (np.array([0, 1]), np.array([2, 3]))
    scores = np.array([[0.0, 1.0], [1.0, 0.0]])
    truth = Truth(label, tuple("ABCD"), 2, 1)
    turned = [FoldScores(parts[0], scores), FoldScores(parts[1], 1 - scores)]
    found = fold_estimate(truth, turned, 200, 0)
    assert (found.value, found.low, found.high) == (0.5, None, None)  # too few draws know an area


@pytest.mark.parametrize("copies", [1, 3])
def test_folds_without_an_error_have_newcombes_interval_over_subjects(copies):
    label, parts = np.repeat(np.arange(40) % 2, copies), np.split(np.arange(40 * copies), [24 * copies])
    truth = Truth(label, tuple(np.repeat([f"S{n}" for n in range(40)], copies)), 2, 1)
    right = [FoldScores(part, np.eye(2)[label[part]]) for part in parts]
    found = fold_estimate(truth, right, 200, 0)
    assert (found.value, found.low, found.high) == (1.0, *area_limits(1.0, [12, 8], [12, 8]))
    wrong = fold_estimate(truth, [FoldScores(one.test, 1 - one.scores) for one in right], 200, 0)
    assert (wrong.value, wrong.high) == (0.0, pytest.approx(1 - found.low))


def test_more_classes_and_several_labels():
    random = np.random.default_rng(1)
    label = np.arange(90) % 3
    table = random.normal(size=(90, 5)) + 2 * np.eye(3, 5)[label]
    parts = np.arange(45), np.arange(45, 90)
    folds = [FoldFeatures(train, test, table[train], table[test]) for train, test in (parts, parts[::-1])]
    subjects = tuple(f"S{number}" for number in range(90))
    truth = Truth(label, subjects, 3, 0)
    assert fold_area(truth, true_scores(truth, folds)) > 0.85
    cells = np.stack([label == 0, label == 1], axis=1).astype(np.int64)
    cells[::7, 0] = -1
    several = Truth(cells, subjects, 2, 0)
    assert fold_area(several, true_scores(several, folds)) > 0.85
    assert fold_estimate(several, true_scores(several, folds), 100, 0).low > 0.7
    assert shuffle_estimate(shuffled_areas(several, folds, 30, 0)).value == pytest.approx(0.5, abs=0.05)
    assert several.targets(np.array([0, 1, 3]))[0, 0] == pytest.approx(0.5)  # a cell not known: the mean


def test_a_part_of_the_rows():
    _, folds = world(subjects=10)
    known = np.arange(20) % 2 == 0
    part = folds[0].among(known)
    assert set(part.train) | set(part.test) == set(np.flatnonzero(known))
    np.testing.assert_array_equal(part.test_features, folds[0].test_features[known[folds[0].test]])
