"""What a rule below chance says, and how classes are called."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medidense.pages import RunContents
from medidense.pages.performance import BELOW, baselines_section, curves_section, decisions_section
from medidense.pages.subgroups import subgroups_section
from medidense.values import Baseline, Estimate


@pytest.mark.parametrize(("high", "told"), [(0.274, True), (0.4999, True), (0.5, False), (None, False)])
def test_a_rule_below_chance_is_told_with_its_reason(
    made: Callable[..., RunContents], high: float | None, told: bool
) -> None:
    low = Baseline("volume and intensity", Estimate(0.137, 0.024, high), Estimate(0.863, 0.7, 0.95))
    other = Baseline("volume alone", Estimate(0.6, 0.5, 0.7), Estimate(0.3, 0.2, 0.4))
    contents = made()
    evaluation = replace(contents.evaluation, baselines=(other, low))
    section = baselines_section(replace(contents, evaluation=evaluation))
    assert (f"Below 0.5: volume and intensity. {BELOW}" in section) is told
    assert (f"{low.network_minus_baseline.text()}; says nothing, see below" in section) is told
    assert section.count("see below") == told


def test_classes_whose_names_are_numbers_are_said_to_be_classes(made: Callable[..., RunContents]) -> None:
    contents = made("binary", ("0", "1"))
    section = decisions_section(contents)
    assert "Decided for class 1 from a score of 0.5 on" in section
    assert "<th>class 0</th><th>class 1</th>" in section
    assert "<td>class 1</td>" in section
    assert "class 0: " in subgroups_section(contents)
    words = decisions_section(made())
    assert "Decided for malignant from" in words
    assert "class malignant" not in words


def test_the_caption_of_calibration_says_how_groups_are_cut(made: Callable[..., RunContents]) -> None:
    assert "span more than 0.3 they are cut" in curves_section(made())
