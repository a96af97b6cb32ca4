"""Groups of like score, by hand, and which questions there are."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes

from medidense.pages import RunContents
from medidense.pages import reliability as reliability_module
from medidense.pages.precision_recall import precision_recall_png
from medidense.pages.questions import Question, questions
from medidense.pages.reliability import WIDEST, Point, reliability, reliability_png
from medidense.stats import wilson


def test_groups_by_hand() -> None:
    score = np.repeat([0.2, 0.25, 0.7, 0.75], 5)
    truth = np.array([False] * 8 + [True] * 2 + [True] * 9 + [False])
    low, high = reliability(Question("x", truth, score))
    assert low == Point(pytest.approx(0.225), 0.2, *wilson(2, 10), 10)
    assert high == Point(pytest.approx(0.725), 0.9, *wilson(9, 10), 10)


def test_a_group_is_cut_where_its_mean_would_be_a_score_that_nothing_has() -> None:
    score = np.array([0.12] * 9 + [0.13] + [0.9] * 4 + [0.96])
    points = reliability(Question("x", score > 0.5, score))
    assert [(point.samples, point.share) for point in points] == [(10, 0.0), (5, 1.0)]
    assert [point.mean for point in points] == pytest.approx([0.121, 0.912])
    spread = np.sort(np.random.default_rng(0).uniform(size=31))
    points = reliability(Question("x", spread > 0.5, spread))
    assert sum(point.samples for point in points) == 31
    place = 0
    for point in points:
        own = spread[place : place + point.samples]
        assert own[-1] - own[0] <= WIDEST
        assert point.mean == pytest.approx(own.mean())
        place += point.samples


def test_few_samples_are_one_group() -> None:
    assert len(reliability(Question("x", np.array([True, False]), np.array([0.2, 0.4])))) == 1


def test_the_questions_of_each_kind(made: Callable[..., RunContents]) -> None:
    assert [one.name for one in questions(made().predictions)] == ["malignant"]
    assert [one.name for one in questions(made("classes").predictions)] == [
        "a vs rest",
        "b vs rest",
        "c vs rest",
    ]
    several = made("multi_label").predictions
    first = questions(several)[0]
    assert first.truth.tolist() == [known == 1 for known in several.label[:, 0].tolist() if known >= 0]


def test_a_curve_follows_the_scores(made: Callable[..., RunContents]) -> None:
    table = made().predictions
    turned = made("multi_label").predictions
    for draw in (precision_recall_png, reliability_png):
        assert draw(table) == draw(table)
        assert draw(table) != draw(turned)


def test_no_line_runs_through_a_point_of_few(
    made: Callable[..., RunContents], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten samples low, five in the middle, ten high: no line between them, and hollow points of 3 and 2."""
    score = np.array([0.1] * 10 + [0.5] * 5 + [0.9] * 10)
    table = made().predictions
    truth = (score > 0.4).astype(np.int64)
    few = replace(
        table,
        samples=table.samples[:25],
        subjects=table.subjects[:25],
        fold=table.fold[:25],
        label=truth,
        scores=np.stack([1 - score, score], axis=1),
    )
    lines: list[tuple[list[float], list[float]]] = []
    monkeypatch.setattr(reliability_module, "legend", lambda axes, _: lines.extend(drawn(axes)))

    def drawn(axes: Axes) -> list[tuple[list[float], list[float]]]:
        return [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()]

    reliability_png(few)
    assert [len(across) for across, _ in lines] == [2, 4, 2, 2, 2, 2, 2]
    assert np.isnan(lines[1][1]).tolist() == [False, True, True, False]
    assert lines[-1][0] == pytest.approx([0.5, 0.5])
