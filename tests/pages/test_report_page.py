"""One page, of every kind of run, that needs nothing beside it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from medidense.pages import RunContents, report_html, report_numbers
from medidense.pages.report_page import SECTIONS

KINDS = ("binary", "classes", "ordinal", "multi_label")
HOSTILE = "<script>alert(1)</script>&"
VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Collects the titles, and every tag that is not closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.titles: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["h2"]:
            self.titles.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_whole_page_that_asks_for_nothing_and_runs_nothing(
    made: Callable[..., RunContents], kind: str
) -> None:
    contents = made(kind)
    page = report_html(contents)
    reader = read(page)
    bodies = [(title, section(contents)) for title, section in SECTIONS]
    assert reader.titles == [title for title, body in bodies if body]
    if kind == "binary":
        assert len(reader.titles) == len(SECTIONS)
    assert contents.evaluation.auroc.text() in page
    assert "best rule without a network" in page
    assert page.count("Research software, not a medical device.") >= 2
    assert re.findall(r'(?:src|href)="(?!data:image/(?:png|jpeg);base64,|#s\d)', page) == []
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert not reader.tags & {"script", "link", "iframe", "object"}


def test_what_users_write_is_text(made: Callable[..., RunContents]) -> None:
    contents = made("binary", (HOSTILE, f"z{HOSTILE}"))
    contents = replace(
        contents,
        ran=replace(contents.ran, cohort_name=HOSTILE, command=HOSTILE, facts={HOSTILE: HOSTILE}),
        evaluation=replace(contents.evaluation, notes=(HOSTILE,)),
    )
    page = report_html(contents)
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;") > 20
    read(page)


def test_a_section_without_a_word_is_left_out_with_its_title(
    made: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch
) -> None:
    from medidense.pages import report_page
    from medidense.pages.markup import Html, tag

    two = (("Here", lambda _: tag("p", "words")), ("Gone", lambda _: Html("")))
    monkeypatch.setattr(report_page, "SECTIONS", two)
    assert read(report_html(made())).titles == ["Here"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_json_with_the_figures_of_the_page(
    made: Callable[..., RunContents], kind: str
) -> None:
    contents = made(kind)
    tree = json.loads(json.dumps(report_numbers(contents), allow_nan=False))
    assert tree["evaluation"]["auroc"] == contents.evaluation.auroc.value
    assert tree["flow"]["tested"] == {"samples": 48, "subjects": 24}
    assert {one["outcome"] for one in tree["controls"]} == {"passed", "not run"}
    assert tree["notice"] == "Research software, not a medical device."
