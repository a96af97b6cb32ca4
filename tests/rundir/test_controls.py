"""controls.json counts for the scores that it was made from, and for no others."""

import numpy as np
import pytest

from medidense.rundir import read_controls, read_features, write_controls, write_features
from medidense.values import ControlResult, Estimate

ONE = ControlResult("label shuffle", "passed", "said", auroc=Estimate(0.5, 0.4, 0.6), shuffles=50)


@pytest.fixture
def files(tmp_path):
    scores = tmp_path / "predictions.csv"
    scores.write_text("sample,fold\n")
    return tmp_path / "controls.json", scores


def test_there_and_back(files):
    target, scores = files
    write_controls([ONE], target, scores)
    assert read_controls(target, scores) == (ONE,)


def test_controls_of_other_scores_are_none(files):
    target, scores = files
    write_controls([ONE], target, scores)
    scores.write_text("sample,fold\nA,0\n")
    assert read_controls(target, scores) == ()


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"scores": 1, "controls": []}'])
def test_a_file_that_is_missing_or_torn_counts_as_none(files, text):
    target, scores = files
    if text is not None:
        target.write_text(text)
    assert read_controls(target, scores) == ()


def test_features_come_back_under_their_key_alone(tmp_path):
    target, features = tmp_path / "control_whole.safetensors", np.arange(6.0).reshape(2, 3)
    assert read_features(target, "key") is None
    write_features(features, target, "key")
    np.testing.assert_array_equal(read_features(target, "key"), features)
    assert read_features(target, "other") is None
    target.write_bytes(target.read_bytes()[:-3])
    assert read_features(target, "key") is None
