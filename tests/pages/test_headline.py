"""The words on top follow from the numbers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medidense.pages import RunContents
from medidense.pages.headline import against_floor, believable, headline, meaning
from medidense.values import Baseline, Estimate


def with_figures(contents: RunContents, area: Estimate, *rivals: Baseline) -> RunContents:
    return replace(contents, evaluation=replace(contents.evaluation, auroc=area, baselines=rivals))


def rival(name: str, area: float | None, *gap: float | None) -> Baseline:
    trained = name in ("the same network from random weights", "anything and the scores")
    return Baseline(name, Estimate(area), Estimate(*gap), uses_network=trained)


@pytest.mark.parametrize(
    ("gap", "words", "believed"),
    [
        ((0.1, 0.02, 0.2), "The network is better:", True),
        ((0.1, 0.0, 0.2), "The network is not shown to be better:", False),
        ((-0.1, -0.2, -0.02), "The network is worse:", False),
        ((0.1, None, None), "The difference has no interval.", None),
    ],
)
def test_the_floor_is_beaten_only_where_the_interval_says_so(
    made: Callable[..., RunContents],
    gap: tuple[float | None, ...],
    words: str,
    believed: bool | None,
) -> None:
    contents = with_figures(made(), Estimate(0.8, 0.7, 0.9), rival("volume alone", 0.7, *gap))
    assert words in against_floor(contents.floor)
    assert believable(contents) is believed
    mood = {True: '"verdict passed"', False: '"verdict failed"', None: '"verdict"'}[believed]
    assert mood in headline(contents)


def test_the_floor_is_the_best_rule_without_a_network(made: Callable[..., RunContents]) -> None:
    rivals = (
        rival("volume alone", 0.7, 0.1),
        rival("mean intensity alone", 0.75, 0.1),
        rival("the same network from random weights", 0.9, 0.1),
        rival("anything and the scores", 0.95, 0.1),
        rival("undefined", None, None),
    )
    floor = with_figures(made(), Estimate(0.8, 0.7, 0.9), *rivals).floor
    assert floor is not None
    assert floor.name == "mean intensity alone"
    assert with_figures(made(), Estimate(0.8), *rivals[2:4]).floor is None
    named = with_figures(made(), Estimate(0.8), rival("volume seen by a network of vessels", 0.7, 0.1)).floor
    assert named is not None
    assert "no floor" in against_floor(None)


def test_an_interval_that_reaches_chance_is_told(made: Callable[..., RunContents]) -> None:
    said = meaning(with_figures(made(), Estimate(0.61, 0.49, 0.72)))
    assert "one malignant and one benign" in said
    assert "in 61 of 100 pairs" in said
    assert "do not show that it is better than guessing" in said
    assert "guessing." not in meaning(with_figures(made(), Estimate(0.61, 0.51, 0.72)))
    assert "not defined" in meaning(with_figures(made(), Estimate(None)))
    beaten = rival("volume alone", 0.5, 0.2, 0.1, 0.3)
    assert believable(with_figures(made(), Estimate(0.61, 0.49, 0.72), beaten)) is False


@pytest.mark.parametrize(
    ("kind", "to_check"),
    [
        ("binary", "the labels and the positive class"),
        ("classes", "the labels"),
        ("multi_label", "the labels"),
        ("ordinal", "the labels and the order of the grades"),
    ],
)
def test_an_interval_below_chance_is_no_interval_that_reaches_it(
    made: Callable[..., RunContents], kind: str, to_check: str
) -> None:
    below = with_figures(made(kind), Estimate(0.2, 0.1, 0.3), rival("volume alone", 0.1, 0.1, 0.05, 0.3))
    said = meaning(below)
    assert said.endswith(
        f"The interval lies below 0.5: the scores rank the wrong way round. Check {to_check}."
    )
    assert "reaches" not in said
    assert believable(below) is False
    assert "reaches 0.5" in meaning(with_figures(made(kind), Estimate(0.4, 0.3, 0.5)))
