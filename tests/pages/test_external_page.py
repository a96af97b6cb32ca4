"""The page of a package on another cohort: figures stand beside those of training, what is fitted apart."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from medidense.pages import ExternalContents, RunContents, external_figures, external_html, external_numbers
from medidense.stats import evaluate_frozen
from medidense.values import Calibration, Manifest, NamedPoint, SampleFacts, SetRule, Span, TrainingFacts
from medidense.values.external import ExternalEvaluation, Overlap, Turnout
from medidense.values.recipe import EvaluationRules

HOSTILE = "<script>alert(1)</script>&"
Make = Callable[..., ExternalContents]


OTHER = NamedPoint(
    name="specificity", target=0.9, threshold=0.625, sensitivity=(0.777, 0.7, 0.8), specificity=(0.9, 0.8, 1)
)


@pytest.fixture
def outside(made: Callable[..., RunContents]) -> Make:
    """``outside("ordinal")``: a package of that kind on another cohort."""

    def make(kind: str = "binary", name: str = "lung") -> ExternalContents:
        run = made(kind)
        table = replace(run.predictions, fold=np.zeros_like(run.predictions.fold))
        span, classes, plain = Span(low=0, high=1), table.classes, kind in ("binary", "classes")
        known = {"slope": (1.0, 0.8, 1.2), "observed_expected": (1.0, 0.9, 1.1), "ece": (0.02, 0.01, 0.05)}
        training = TrainingFacts(
            cohort_digest="0" * 64,
            code_version="1",
            samples=90,
            subjects=60,
            class_counts={"benign": 60},
            modality=None,
            dims=2,
            p01=span,
            p50=span,
            p99=span,
            auroc=0.97,
            auroc_ci95=(0.96, 0.98),
            out_of_fold=known,
        )
        method = Calibration(method="platt" if kind == "binary" else "temperature", slope=3.0)
        manifest = Manifest(
            name=name,
            version="1",
            region="lesion",
            kind=table.kind,
            classes=classes,
            positive=classes[-1],
            operating_point=0.4,
            operating_rule="youden" if kind == "binary" else "fixed",
            calibration=method if plain else None,
            sets=SetRule(coverage=0.9, least=(0.2,) * len(classes)) if plain else None,
            operating_points=(OTHER,) if kind == "binary" else (),
            models=("fold_0.safetensors",),
            threads=1,
            training=training,
            files={},
        )
        facts = [
            SampleFacts(one, subject, 100.0 + row, 40.0, "", 0.0, 0.0, 0.0)
            for row, (one, subject) in enumerate(zip(table.samples, table.subjects, strict=True))
        ]
        rules = EvaluationRules(bootstrap=200, deployment_prevalence=0.1)
        found = evaluate_frozen(table, facts, {}, manifest, rules, "ab")
        external = ExternalEvaluation(
            evaluation=found.evaluation,
            package=f"{name} 1",
            package_digest="cd" * 32,
            overlap=Overlap(True, False, 2, 0, 5, ("Images were not compared: the package holds none.",)),
            turnout=Turnout(60, 30, 3, {"TRAINING_SUBJECT": 5, "CONSTANT": 4}, 48, 24),
            beside=found.beside,
            observed_expected=found.observed_expected,
            recalibration=found.recalibration,
        )
        return ExternalContents(external, table, manifest, run.recipe, "elsewhere", "medidense evaluate lung")

    return make


class Tags(HTMLParser):
    """Every element that opens and closes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def shown(contents: ExternalContents) -> Tags:
    return Tags(external_html(contents, external_figures(contents)))


def test_a_reviewer_sees_the_figure_beside_that_of_training_and_what_was_left_out(outside: Make) -> None:
    contents = outside()
    page, evaluation = shown(contents), contents.external.evaluation
    assert page.open == []
    beside = {one.name: one for one in contents.external.beside}
    for words in (
        f"AUROC {evaluation.auroc.text()}",
        f"here minus there {beside['auroc'].difference.text()}: it is lower here",
        "5 rows of subjects of the training: refused (2 known by ID, 0 by an image)",
        "4 rows refused: CONSTANT",
        "3 without a label: left out",
        "images were not compared",
        "Images were not compared: the package holds none.",
        "From a score of 0.4 on, which the package brought along (chosen in its training by youden)",
        "At a prevalence of 0.1: PPV",
        "that of the likelihood ratio (MOVER-R)",
        f"expected calibration error {beside['ece'].here.value:.3f} 0.020 - ",
        "Per sample and per subject",
        "Research software, not a medical device",
    ):
        assert words in page.text, words


def test_what_is_fitted_here_stands_apart_and_is_marked(outside: Make) -> None:
    contents = outside()
    text = shown(contents).text
    marked = text.index("FITTED ON THIS COHORT")
    for one in contents.external.recalibration:
        assert text.index(f"{one.slope:.3f} {one.intercept:.3f}") > marked
    bare = replace(contents, external=replace(contents.external, recalibration=()))
    assert "FITTED ON THIS COHORT" not in shown(bare).text


@pytest.mark.parametrize("kind", ["binary", "classes", "ordinal", "multi_label"])
def test_each_kind_has_a_page(outside: Make, kind: str) -> None:
    contents = outside(kind)
    page = shown(contents)
    assert page.open == []
    assert "script" not in page.seen
    assert (contents.calibrated is None) == (kind in ("ordinal", "multi_label"))
    assert ("Decision curve" in page.text) == (kind in ("binary", "classes"))


def test_nothing_of_the_users_becomes_markup(outside: Make) -> None:
    page = shown(outside(name=HOSTILE))
    assert "script" not in page.seen
    assert HOSTILE in page.text


def test_the_numbers_are_those_of_the_evaluation(outside: Make) -> None:
    contents = outside()
    numbers = external_numbers(contents)
    assert numbers["auroc"] == contents.external.evaluation.auroc.value
    assert numbers["external"]["overlap"]["rows"] == 5  # type: ignore[index]
    assert numbers["notice"] == "Research software, not a medical device."
    assert any("it is lower here" in sentence for sentence in numbers["in_words"])  # type: ignore[attr-defined]


def test_the_other_points_of_a_package_stand_beside_what_training_says_of_them(outside: Make) -> None:
    contents = outside()
    text = external_html(contents, external_figures(contents))
    (_, other) = contents.external.evaluation.operating_points
    assert "specificity 0.9" in text
    assert "0.625" in text
    assert other.metrics["sensitivity"].text() in text
    assert "0.777 (95% CI 0.700 to 0.800)" in text or "0.777 (95% CI 0.700-0.800)" in text
    assert text.count("At a prevalence of 0.1") == 1
    plain = outside("classes")
    assert "other points of the package" not in external_html(plain, external_figures(plain))
