"""The words on top follow from the numbers."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medidense.pages import RunContents
from medidense.pages.headline import against_floor, believable, headline, meaning
from medidense.values import Baseline, ControlResult, Estimate, Leakage, Matched


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
    beaten = rival("volume alone", 0.5, 0.2, 0.1, 0.3)
    assert believable(with_figures(made(), Estimate(0.61, 0.49, 0.72), beaten)) is False


@pytest.mark.parametrize(
    ("kind", "counts", "words"),
    [
        ("binary", {"benign": 0, "malignant": 48}, "no tested sample is of class benign."),
        ("classes", {"a": 24, "b": 24, "c": 0}, "no tested sample is of class c."),
        ("ordinal", {"a": 48, "b": 0, "c": 0}, "no tested sample is of the classes b, c."),
        (
            "multi_label",
            {"a": 48, "b": 0, "c": 0},
            "of no label are there tested samples that show it and others that do not.",
        ),
    ],
)
def test_an_area_that_is_not_defined_names_the_class_that_is_missing(
    made: Callable[..., RunContents], kind: str, counts: dict[str, int], words: str
) -> None:
    contents = with_figures(made(kind), Estimate(None))
    lacking = replace(contents, evaluation=replace(contents.evaluation, class_counts=counts))
    assert meaning(lacking) == f"The area under the curve is not defined: {words}"


def test_what_takes_from_the_figure_stands_in_the_box_and_changes_its_colour(
    made: Callable[..., RunContents],
) -> None:
    beaten = rival("volume alone", 0.5, 0.2, 0.1, 0.3)
    contents = with_figures(made(), Estimate(0.93, 0.91, 0.95), beaten)
    bare = replace(contents.evaluation, matched=None, controls=())
    assert '"verdict passed"' in headline(replace(contents, evaluation=bare))
    matched = Matched(69, 110, 0.2, Estimate(0.68, 0.59, 0.77), Estimate(0.5, 0.4, 0.6))
    control = ControlResult("background only", "found", "words", auroc=Estimate(0.78, 0.74, 0.82))
    for field, said in (
        ({"matched": matched}, f"Matched in size: {matched.auroc.text()}."),
        ({"controls": (control,)}, f"AUROC {control.auroc.text()} (control background only: found)."),
        ({"leakage": Leakage("refuse", 0, 2)}, "Check copies of test images: found. "),
    ):
        box = headline(replace(contents, evaluation=replace(bare, **field)))
        assert said in box
        assert '"verdict failed"' in box
    assert headline(replace(contents, evaluation=replace(bare, controls=(control,)))).count("found") == 1


def test_a_floor_below_chance_is_none(made: Callable[..., RunContents]) -> None:
    low = Baseline("a regression", Estimate(0.14, 0.02, 0.27), Estimate(0.86, 0.7, 0.9))
    assert "a difference from it says nothing" in against_floor(low)
    assert "says nothing" not in against_floor(replace(low, auroc=Estimate(0.45, 0.3, 0.6)))


def test_a_class_whose_name_is_a_number_reads_as_a_class(made: Callable[..., RunContents]) -> None:
    said = meaning(with_figures(made("binary", ("0", "1")), Estimate(0.93, 0.91, 0.95)))
    assert said.startswith(
        "Of two samples, one of class 1 and one of class 0, the one of class 1 has the higher"
    )


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
