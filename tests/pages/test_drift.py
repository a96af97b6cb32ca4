"""Drift in words: each side of an interval has its own."""

import pytest

from medidense.pages.drift import auroc_words, drift_words, side_of
from medidense.values import Estimate
from medidense.values.external import Beside

SURE = {-1: Estimate(0.5, 0.4, 0.6), 0: Estimate(1.0, 0.9, 1.1), 1: Estimate(1.5, 1.4, 1.6)}


def test_the_side_of_a_level() -> None:
    assert [side_of(SURE[side], 1) for side in (-1, 0, 1)] == [-1, 0, 1]
    assert side_of(Estimate(0.5), 1) is None


@pytest.mark.parametrize(
    ("side", "level", "spread"),
    [(-1, "too high on the whole", "too extreme"), (1, "too low on the whole", "too timid")],
)
def test_level_and_spread_are_said(side: int, level: str, spread: str) -> None:
    moved = Estimate(0.3 * side, 0.3 * side - 0.1, 0.3 * side + 0.1)
    figures = {"slope": Beside("slope", SURE[side], SURE[0], moved)}
    said = " ".join(drift_words(figures, SURE[side]))
    assert level in said
    assert spread in said
    assert "A change against training is shown in: calibration slope." in said


def test_a_change_of_decisions_is_said_as_well() -> None:
    lower = Beside("sensitivity", Estimate(0.77), Estimate(0.9), Estimate(-0.13, -0.25, -0.01))
    same = Beside("specificity", Estimate(0.83), Estimate(0.83), Estimate(0.0, -0.1, 0.1))
    said = drift_words({"sensitivity": lower, "specificity": same}, None)
    assert said == ["A change against training is shown in: sensitivity."]


def test_nothing_shown_is_said_too() -> None:
    figures = {"slope": Beside("slope", SURE[0], SURE[0], Estimate(0.0, -0.1, 0.1))}
    said = " ".join(drift_words(figures, SURE[0]))
    assert said.count("not shown") == 2
    assert "No change of calibration or decisions against training is shown." in said
    assert drift_words({}, None) == []


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (Estimate(-0.1, -0.2, -0.05), "it is lower here"),
        (Estimate(0.1, 0.05, 0.2), "it is higher here"),
        (Estimate(0.0, -0.1, 0.1), "no difference is shown"),
        (Estimate(0.0), "no interval"),
    ],
)
def test_the_auroc_against_training(gap: Estimate, words: str) -> None:
    assert words in auroc_words(Beside("auroc", SURE[0], SURE[0], gap))


def test_an_auroc_that_is_missing_is_missing_on_its_own_side() -> None:
    known, none = Estimate(0.9, 0.8, 0.95), Estimate(None)
    assert auroc_words(Beside("auroc", known, none, none)) == "The training states no AUROC to compare with."
    here = auroc_words(Beside("auroc", none, known, none))
    assert here == f"Out of fold in training it was {known.text()}; here there is none to compare with it."
