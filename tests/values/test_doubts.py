"""A figure that is size, and a control that found something, are told; others are not."""

from dataclasses import asdict, replace

import pytest

from medidense.values import ControlResult, Estimate, Matched
from medidense.values.doubts import control_doubts, size_doubt

ALL = Estimate(0.93, 0.907, 0.957)
PAIRS = Matched(69, 110, 0.2, Estimate(0.682, 0.591, 0.769), Estimate(0.508, 0.416, 0.602))


@pytest.mark.parametrize(("high", "told"), [(0.769, True), (0.9069, True), (0.907, False), (None, False)])
def test_size_is_told_where_the_intervals_lie_apart(high: float | None, told: bool) -> None:
    found = replace(PAIRS, auroc=Estimate(0.682, 0.591, high))
    said = f"Matched in size: {found.auroc.text()}. Much of the figure is size."
    assert size_doubt(ALL, found) == (said if told else "")


def test_without_pairs_or_an_interval_nothing_is_told() -> None:
    assert size_doubt(ALL, None) == size_doubt(Estimate(0.93), PAIRS) == ""


def test_pairs_come_back_from_json() -> None:
    assert Matched.from_json(asdict(PAIRS)) == PAIRS


def test_each_control_that_found_something_has_its_figure() -> None:
    area = Estimate(0.782, 0.738, 0.823)
    passed = ControlResult("label shuffle", "passed", "", auroc=Estimate(0.5))
    found = ControlResult("background only", "found", "", retrained=True, auroc=area)
    said = (
        f"With the lesion hidden the classes are told apart all the same: AUROC {area.text()} "
        "(control background only, retrained: found)."
    )
    assert control_doubts([passed, found, replace(passed, outcome="not run")]) == (said,)
