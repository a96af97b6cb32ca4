"""The rules at their edges, and what the sentences must hold."""

import pytest

from medidense.stats import HiddenRows, background_result, not_run, shuffle_result
from medidense.values import BACKGROUND, Estimate

CHANCE = Estimate(0.5, 0.45, 0.55)


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ((0.50, 0.42, 0.58), "passed"),
        ((0.55, 0.48, 0.62), "passed"),
        ((0.551, 0.48, 0.62), "found"),  # the mean is too far off, though shuffles scatter about chance
        ((0.54, 0.501, 0.58), "found"),
        ((0.44, 0.40, 0.499), "found"),  # below chance: labels tell in the wrong direction
    ],
)
def test_shuffled_labels(limits, outcome):
    found = shuffle_result(Estimate(*limits), 0.93, tested=100, shuffles=50)
    assert found.outcome == outcome
    assert "0.930" in found.said
    assert "50 times" in found.said
    assert ("look for" in found.said) == (outcome == "found")


def test_one_shuffle_of_a_retrained_network_is_judged_by_its_interval():
    found = shuffle_result(Estimate(0.56, 0.46, 0.66), 0.9, tested=50, shuffles=1, retrained=True)
    assert found.outcome == "passed"
    assert found.title == "label shuffle, retrained"
    assert "once" in found.said


@pytest.mark.parametrize(
    ("limits", "outcome", "wide"),
    [
        ((0.55, 0.45, 0.65), "passed", False),
        ((0.61, 0.50, 0.72), "passed", True),
        ((0.55, 0.51, 0.60), "passed", False),  # certain, and small
        ((0.56, 0.51, 0.61), "found", False),
        ((0.80, 0.70, 0.90), "found", False),
        ((0.30, 0.20, 0.40), "passed", False),
    ],
)
def test_background_only(limits, outcome, wide):
    found = background_result(Estimate(*limits), CHANCE, {"volume": 0.8, "odd": None}, HiddenRows(90, 100))
    assert found.outcome == outcome
    assert ("do not exclude" in found.said) == wide
    assert "90 of 100 samples" in found.said
    assert "volume 0.800" in found.said
    assert "odd" not in found.said
    assert ("Ask whether" in found.said) == (outcome == "found")


def test_what_shuffled_labels_reach_too_is_not_found():
    limits, scattered = Estimate(0.78, 0.62, 0.92), Estimate(0.5, 0.21, 0.79)
    found = background_result(limits, scattered, {}, HiddenRows(30, 30))
    assert found.outcome == "passed"
    assert "Shuffled labels give 0.210-0.790" in found.said
    assert background_result(limits, CHANCE, {}, HiddenRows(30, 30)).outcome == "found"


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (0, "on 90 of 100 samples."),
        (30, "on 90 of 100 samples (60 hidden by mask, 30 by diameter)."),
        (90, "on 90 of 100 samples (hidden by diameter)."),
    ],
)
def test_what_told_where_the_lesions_are_is_said(points, words):
    found = background_result(Estimate(0.8, 0.7, 0.9), CHANCE, {}, HiddenRows(90, 100, points))
    assert words in found.said
    assert (found.samples, found.tested, found.points) == (90, 100, points)
    assert ("beyond its stated diameter" in found.said) == (points > 0)
    assert "stated diameter" not in background_result(CHANCE, CHANCE, {}, HiddenRows(90, 100, points)).said


def test_what_has_no_area_was_not_run():
    assert shuffle_result(Estimate(None), None, tested=3, shuffles=50).outcome == "not run"
    assert background_result(Estimate(0.5), CHANCE, {}, HiddenRows(3, 3)).outcome == "not run"
    assert not_run(BACKGROUND, "why").line == "not run. why"
