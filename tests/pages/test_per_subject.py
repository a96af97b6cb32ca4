"""Samples and subjects side by side on the page."""

from collections.abc import Callable
from dataclasses import replace

from medidense.pages import RunContents, report_html, report_numbers
from medidense.pages.headline import by_subject
from medidense.pages.per_subject import SAME, per_subject_section


def test_both_columns_stand_on_the_page(made: Callable[..., RunContents]) -> None:
    contents = made()
    found = contents.evaluation.per_subject
    section = per_subject_section(contents)
    assert found.auroc.text() in section
    assert contents.evaluation.auroc.text() in section
    assert found.auroc_delong.text() in section
    assert "24 of 24 subjects have several samples" in section
    assert "A subject is malignant where any of its samples is" in section
    assert section in report_html(contents)
    assert by_subject(contents) in report_html(contents)
    assert report_numbers(contents)["evaluation"]["per_subject"]["auroc"]["value"] == found.auroc.value


def test_who_is_left_out_is_said(made: Callable[..., RunContents]) -> None:
    contents = made("classes")
    left = contents.evaluation.per_subject.left_out
    assert left
    assert f"of different classes: {left} subjects" in per_subject_section(contents)


def test_one_sample_each_is_one_line(made: Callable[..., RunContents]) -> None:
    contents = made()
    evaluation = replace(contents.evaluation, per_subject=None)
    same = replace(contents, evaluation=replace(evaluation, subjects=evaluation.samples))
    assert SAME in per_subject_section(same)
    assert "<table" not in per_subject_section(same)
    assert by_subject(same) == ""
