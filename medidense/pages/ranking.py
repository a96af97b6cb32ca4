"""How well do the scores of tested samples tell the classes apart, as pictures?"""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from medidense.pages.canvas import GREY, blank, colour, legend, name_axes, png
from medidense.values import Evaluation, Predictions
from medidense.values.wording import class_words, count


def roc_png(predictions: Predictions, evaluation: Evaluation) -> bytes:
    """The receiver operating characteristic of all scores as PNG bytes: pooled where there are several folds.

    With two classes: the curve, where there are several folds each one's own in grey, and the decision at the
    operating point; with more, a curve for each class against the rest; of several labels one for each. The
    interval stands in the title.
    """
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.5)
    if predictions.multi_label:
        for index, name in enumerate(predictions.classes):
            question = predictions.one_label(name)
            _line(axes, question.label == 1, question.scores[:, 1], name, colour(index))
    elif len(predictions.classes) == 2:
        _binary_curves(axes, predictions, evaluation)
    else:
        for index, name in enumerate(predictions.classes):
            _curve(
                axes,
                predictions,
                index,
                np.ones(len(predictions.label), dtype=bool),
                f"{class_words(name)} vs rest",
            )
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    title = (
        f"AUROC {evaluation.auroc.text()}\nover {evaluation.subjects} subjects, {_words(evaluation).title}"
    )
    name_axes(axes, title, "1 - specificity", "sensitivity")
    legend(axes, "lower right", title=_against(evaluation))
    return png(figure)


def scores_png(predictions: Predictions, evaluation: Evaluation) -> bytes:
    """The distribution of the positive class's score within each true class, as PNG bytes.

    With two classes the operating point is drawn; the interval of the AUROC stands in the title. Of several
    labels it is the positive one's, over the rows in which it is known.
    """
    area = evaluation.auroc
    if predictions.multi_label:
        area = next(label.auroc for label in evaluation.labels if label.name == predictions.positive)
        predictions = predictions.one_label(predictions.positive)
    figure, axes = blank(height=5.2)
    score = predictions.scores[:, predictions.positive_index]
    bins = [step / 25 for step in range(26)]
    for index, name in enumerate(predictions.classes):
        own = score[predictions.label == index]
        if len(own):
            share, shade = np.full(len(own), 100 / len(own)), colour(index)
            text = f"class {name}: {count(len(own), 'sample')}"
            hatch = "//" if index % 2 else ""
            axes.hist(own, bins, weights=share, histtype="stepfilled", alpha=0.3, color=shade, hatch=hatch)
            axes.hist(own, bins, weights=share, histtype="step", linewidth=2, color=shade, label=text)
    if len(predictions.classes) == 2:
        point = evaluation.operating_point
        axes.axvline(point, color="black", linestyle="--", label=f"operating point {point:.3g}")
    title = f"{_words(evaluation).scores} by true class\nAUROC {area.text()}"
    name_axes(axes, title, f"score of class {predictions.positive}", "share of the class, %")
    axes.set_xlim(0, 1)
    legend(axes, "best")
    return png(figure)


class Words(NamedTuple):
    """What the scores are: in the title of their curve, in its legend, in the title of their distribution."""

    title: str
    curve: str
    scores: str


def _words(evaluation: Evaluation) -> Words:
    """By how many test parts there are: none is of a frozen package."""
    if not evaluation.folds:
        return Words("a frozen package", "this cohort", "Scores of a frozen package")
    if len(evaluation.folds) == 1:
        return Words("on the test part", "the test part", "Scores on the test part")
    return Words("pooled out of fold", "all folds pooled", "Out-of-fold scores")


def _binary_curves(axes: Axes, predictions: Predictions, evaluation: Evaluation) -> None:
    """Folds in grey, the curve of all, and where the operating point lies on it."""
    several = len(evaluation.folds) > 1 and not evaluation.repeats  # a fold's own scores are not these means
    folds = evaluation.folds if several else ()
    for number, fold in enumerate(folds):
        if fold.auroc is not None:
            label = "each fold" if number == 0 else ""
            _curve(axes, predictions, predictions.positive_index, predictions.fold == fold.fold, label, True)
    everyone = np.ones(len(predictions.label), dtype=bool)
    curve = "mean of the repeats" if evaluation.repeats else _words(evaluation).curve
    _curve(axes, predictions, predictions.positive_index, everyone, curve)
    hit, spared = evaluation.metrics["sensitivity"].value, evaluation.metrics["specificity"].value
    if hit is not None and spared is not None:
        text = f"operating point {evaluation.operating_point:.3g}: sens. {hit:.2f}, spec. {spared:.2f}"
        axes.plot(1 - spared, hit, "o", color="black", markersize=9, label=text, zorder=5)


def _curve(
    axes: Axes,
    predictions: Predictions,
    column: int,
    rows: NDArray[np.bool_],
    label: str,
    faint: bool = False,
) -> None:
    """One curve of one class against the rest, where both sides have samples."""
    truth = predictions.label[rows] == column
    shade = GREY if faint else colour(0 if len(predictions.classes) == 2 else column)
    _line(axes, truth, predictions.scores[rows, column], label, shade, 1.0 if faint else 3.0)


def _line(
    axes: Axes,
    truth: NDArray[np.bool_],
    score: NDArray[np.float64],
    label: str,
    shade: str,
    width: float = 3.0,
) -> None:
    """The curve of one score, where both sides have samples."""
    if truth.all() or not truth.any():
        return
    false_alarms, hits, _ = roc_curve(truth, score, drop_intermediate=False)
    axes.plot(false_alarms, hits, label=label or None, color=shade, linewidth=width)


def _against(evaluation: Evaluation) -> str:
    """The baselines in words, for the legend's head."""
    lines = [
        f"{baseline.name.replace('logistic regression on', 'log. regression:')}: {baseline.auroc.value:.3f}"
        for baseline in evaluation.baselines
        if baseline.auroc.value is not None
    ]
    return "\n".join(["AUROC to compare with:", *lines]) if lines else ""
