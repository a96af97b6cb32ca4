import numpy as np
from sklearn.linear_model import LogisticRegression

from medidense.stats import regression_scores


def test_it_is_a_logistic_regression_on_standardised_features():
    draw = np.random.default_rng(0)
    features, labels = draw.normal(5, 3, (40, 2)), np.arange(40) % 2
    features[:, 0] += 4 * labels
    mean, sd = features.mean(0), features.std(0)
    plain = LogisticRegression(max_iter=1000).fit((features - mean) / sd, labels)
    found = regression_scores(features, labels, features[:5], 2)
    np.testing.assert_allclose(found, plain.predict_proba((features[:5] - mean) / sd), atol=1e-12)


def test_a_class_that_is_not_there_has_no_share():
    features = np.arange(6.0)[:, None]
    found = regression_scores(features, np.array([0, 0, 0, 2, 2, 2]), features, 3)
    assert not found[:, 1].any()
    np.testing.assert_allclose(found.sum(1), 1)
    assert regression_scores(features, np.full(6, 1), features[:2], 2).tolist() == [[0, 1], [0, 1]]


def test_several_labels_are_asked_one_by_one_over_the_rows_that_know_them():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(30, 2))
    labels = np.stack([np.arange(30) % 2, np.arange(30) % 3 // 2, np.ones(30), np.full(30, -1)], axis=1)
    labels = labels.astype(np.int64)
    labels[:6, 1] = -1
    found = regression_scores(features, labels, features[:5], 4)
    np.testing.assert_array_equal(
        found[:, 0], regression_scores(features, labels[:, 0], features[:5], 2)[:, 1]
    )
    np.testing.assert_array_equal(
        found[:, 1], regression_scores(features[6:], labels[6:, 1], features[:5], 2)[:, 1]
    )
    assert found[:, 2:].tolist() == [[1.0, 0.5]] * 5
