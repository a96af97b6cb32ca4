"""The parts of a fold add up to the cohort."""

import re
from collections.abc import Callable
from dataclasses import replace

from medidense.pages import RunContents
from medidense.pages.flow import flow_section

LEFT_OUT = "left out: no label, subject not trained on"


def test_rows_without_a_label_are_in_the_table_of_folds(made: Callable[..., RunContents]) -> None:
    contents = made("binary", ("0", "1"))
    folds = tuple(replace(fold, unused=3) for fold in contents.flow.folds)
    section = flow_section(replace(contents, flow=replace(contents.flow, unlabelled=9, folds=folds)))
    assert "trained on where their subject is, never tested" in section
    head, first = re.findall("<tr>(.*?)</tr>", section.rpartition("<table>")[2])[:2]
    column = re.findall("<th>(.*?)</th>", head).index(LEFT_OUT)
    assert re.findall("<td>(.*?)</td>", first)[column] == "3"
    assert "<th>tested: class 0</th>" in head
    assert "<td>class 1</td>" in section


def test_a_cohort_with_all_labels_has_no_such_column(made: Callable[..., RunContents]) -> None:
    assert LEFT_OUT not in flow_section(made())


def test_rows_without_a_label_that_cannot_be_counted_are_a_step_all_the_same(
    made: Callable[..., RunContents],
) -> None:
    contents = made()
    unknown = flow_section(replace(contents, flow=replace(contents.flow, unlabelled=None)))
    assert "<b>an unknown number</b> without a label" in unknown
    assert "without a label" not in flow_section(contents)
