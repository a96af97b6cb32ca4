"""Every item of both lists stands there, filled or marked."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medidense.pages import RunContents
from medidense.pages.checklist import BLANK, answers, checklist_section
from medidense.pages.checklist_items import CLAIM, TRIPOD


def test_the_items_are_counted_as_theirs() -> None:
    assert [number for number, _, _ in CLAIM] == [str(n + 1) for n in range(44)]
    assert [number for number, _, _ in TRIPOD] == [str(n + 1) for n in range(27)]


@pytest.mark.parametrize("kind", ["binary", "classes", "ordinal", "multi_label"])
def test_what_the_run_knows_is_filled_and_the_rest_is_marked(
    made: Callable[..., RunContents], kind: str
) -> None:
    contents = made(kind)
    found = answers(contents)
    assert {key for _, _, key in (*CLAIM, *TRIPOD) if key} <= found.keys()
    section = checklist_section(contents)
    empty = sum(not found.get(key) for _, _, key in (*CLAIM, *TRIPOD))
    assert section.count(BLANK) == empty > 20
    assert contents.evaluation.auroc.text() in section


def test_what_is_decided_by_and_on_whom_is_said_where_it_is_known(made: Callable[..., RunContents]) -> None:
    contents = made()
    found = answers(contents)
    assert "Recalibrated by platt" in found["imbalance"]
    assert "malignant from 0.5 on, set before any result." in found["output"]
    assert "Operating points shown: fixed, sensitivity, specificity, youden, cost." in found["output"]
    assert "net benefit" in found["measures"]
    assert "24 subjects, 4 folds, 192 rows of their parts checked: 0 subjects in two" in found["disjoint"]
    assert "47 different images compared: 0 exact copies" in found["disjoint"]
    assert found["parts"].startswith("Subgroups by sex, volume. AUROC of rows matched in size 0.")
    assert found["subgroups"].endswith(found["parts"])
    bare = answers(replace(contents, evaluation=replace(contents.evaluation, subgroups=(), matched=None)))
    assert bare["parts"] == ""
    grades = answers(made("ordinal"))
    assert "not recalibrated" in grades["imbalance"]
    assert grades["output"] == "A score a class."
