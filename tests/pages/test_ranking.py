import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medidense.pages import ranking as ranking_module
from medidense.pages import roc_png, scores_png
from medidense.stats import evaluate_predictions
from medidense.values import Evaluation, Predictions
from medidense.values.recipe import EvaluationRules

N = 40


def example(
    classes: tuple[str, ...] = ("benign", "malignant"), folds: int = 4
) -> tuple[Predictions, Evaluation]:
    generator, index = np.random.default_rng(0), np.arange(N)
    label = index % len(classes)
    scores = generator.dirichlet(np.ones(len(classes)), N)
    scores[index, label] += 0.7
    scores /= scores.sum(axis=1, keepdims=True)
    names = tuple(f"{row:02d}" for row in index)
    table = Predictions(classes, classes[-1], names, names, index * folds // N, label, scores)
    return table, evaluate_predictions(table, [], EvaluationRules(bootstrap=200), cohort_digest="ab" * 32)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    assert image.format == "PNG"
    return image


@pytest.mark.parametrize("classes", [("benign", "malignant"), ("a", "b", "c")])
def test_figures_are_png_of_fair_size_and_equal_each_time(classes: tuple[str, ...]) -> None:
    table, evaluation = example(classes)
    for draw in (roc_png, scores_png):
        content = draw(table, evaluation)
        assert min(opened(content).size) > 600
        assert content == draw(table, evaluation)


def written(monkeypatch: pytest.MonkeyPatch, draw: object, *values: object) -> str:
    """Every word of a figure."""
    seen: list[str] = []
    real = ranking_module.png

    def listening(figure: object) -> bytes:
        content = real(figure)  # type: ignore[arg-type]
        texts = figure.findobj(lambda artist: hasattr(artist, "get_text"))  # type: ignore[attr-defined]
        seen.extend(text.get_text() for text in texts)
        return content

    monkeypatch.setattr(ranking_module, "png", listening)
    draw(*values)  # type: ignore[operator]
    return "\n".join(seen)


def test_the_interval_the_subjects_and_the_small_print_stand_in_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, evaluation = example()
    words = written(monkeypatch, roc_png, table, evaluation)
    assert evaluation.auroc.text() in words
    assert "over 40 subjects" in words
    assert "Research software, not a medical device." in words
    assert "operating point 0.5" in words


def test_one_test_part_is_not_said_to_be_pooled_out_of_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    one, several = example(folds=1), example()
    assert len(one[1].folds) == 1
    curve, scores = written(monkeypatch, roc_png, *one), written(monkeypatch, scores_png, *one)
    assert "over 40 subjects, on the test part" in curve
    assert "the test part" in curve.splitlines(), "the legend"
    assert "Scores on the test part by true class" in scores
    for word in ("fold", "pooled"):
        assert word not in (curve + scores).lower()
    curve, scores = written(monkeypatch, roc_png, *several), written(monkeypatch, scores_png, *several)
    for words in ("over 40 subjects, pooled out of fold", "all folds pooled", "each fold"):
        assert words in curve
    assert "Out-of-fold scores by true class" in scores
    frozen = one[0], replace(one[1], folds=())
    curve, scores = written(monkeypatch, roc_png, *frozen), written(monkeypatch, scores_png, *frozen)
    assert "a frozen package" in curve
    assert "this cohort" in curve
    assert "Scores of a frozen package by true class" in scores


def test_scores_name_each_class_with_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    words = written(monkeypatch, scores_png, *example())
    assert "class benign: 20 samples" in words
    assert "class malignant: 20 samples" in words


def test_a_fold_or_a_cohort_of_one_class_is_drawn_all_the_same() -> None:
    table, _ = example()
    one = Predictions(
        table.classes,
        table.positive,
        table.samples,
        table.subjects,
        table.fold,
        np.zeros(N, dtype=np.int64),
        table.scores,
    )
    evaluation = evaluate_predictions(one, [], EvaluationRules(bootstrap=200), cohort_digest="ab" * 32)
    opened(roc_png(one, evaluation))
    opened(scores_png(one, evaluation))


def test_several_labels_have_a_curve_each_over_the_rows_in_which_they_are_known() -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(-1, 2, (N, 3))
    label[:, 1] = np.minimum(label[:, 1], 0)
    names = tuple(f"{row:02d}" for row in range(N))
    scores = generator.uniform(size=(N, 3))
    classes = ("cyst", "flat", "mass")
    table = Predictions(classes, "mass", names, names, np.arange(N) // 10, label, scores, "multi_label")
    evaluation = evaluate_predictions(table, [], EvaluationRules(bootstrap=200), cohort_digest="ab" * 32)
    content = roc_png(table, evaluation)
    assert min(opened(content).size) > 600
    known = np.where(label < 0, 1 - scores, scores)
    other = Predictions(classes, "mass", names, names, np.arange(N) // 10, label, known, "multi_label")
    assert roc_png(other, evaluation) == content
    assert scores_png(other, evaluation) == scores_png(table, evaluation)
    moved = Predictions(classes, "mass", names, names, np.arange(N) // 10, label, 1 - scores, "multi_label")
    assert roc_png(moved, evaluation) != content
