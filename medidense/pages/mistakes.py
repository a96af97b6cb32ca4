"""Which samples were decided wrong with most confidence, and which were the hardest to decide?"""

from dataclasses import asdict, dataclass

import numpy as np

from medidense.pages.contents import Overlay, RunContents
from medidense.pages.markup import Html, figure, join, table, tag
from medidense.stats import decided_classes
from medidense.values import Predictions

EACH = 8
"""Samples of a list."""

KINDS = {
    "TP": "rightly called positive",
    "TN": "rightly called negative",
    "FP": "wrongly called positive",
    "FN": "missed",
    "right": "decided right",
    "wrong": "decided wrong",
}


@dataclass(frozen=True)
class Case:
    """One out-of-fold sample: pseudonyms, the truth, what was decided, and the score of both."""

    sample: str
    subject: str
    fold: int
    truth: str
    decided: str
    score_decided: float
    score_truth: float


@dataclass(frozen=True)
class Cases:
    """`wrong` of all samples were decided wrong; the lists hold at most `EACH` of them."""

    wrong: int
    samples: int
    confident: tuple[Case, ...]
    """Decided wrong, the highest score of the decided class first."""
    hardest: tuple[Case, ...]
    """The smallest distance from the score to where the decision changes first, right or wrong."""

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


def cases(contents: RunContents) -> Cases:
    """The lists for a run; of several labels at once they speak of the positive one."""
    predictions, point = _question(contents.predictions), contents.evaluation.operating_point
    decided, rows = decided_classes(predictions, point), np.arange(len(predictions.label))
    scores = predictions.scores
    sure = scores[rows, decided]
    wrong = np.flatnonzero(decided != predictions.label)
    if scores.shape[1] == 2 and predictions.kind == "classes":
        margin = np.abs(scores[:, predictions.positive_index] - point)
    else:
        top = np.sort(scores, axis=1)
        margin = top[:, -1] - top[:, -2]

    def case(row: int) -> Case:
        truth = int(predictions.label[row])
        return Case(
            predictions.samples[row],
            predictions.subjects[row],
            int(predictions.fold[row]),
            predictions.classes[truth],
            predictions.classes[decided[row]],
            round(float(scores[row, decided[row]]), 4),
            round(float(scores[row, truth]), 4),
        )

    confident = sorted(wrong.tolist(), key=lambda row: (-sure[row], row))[:EACH]
    hardest = np.argsort(margin, kind="stable")[:EACH].tolist()
    return Cases(len(wrong), len(rows), tuple(map(case, confident)), tuple(map(case, hardest)))


def _question(predictions: Predictions) -> Predictions:
    return predictions.one_label(predictions.positive) if predictions.multi_label else predictions


def mistakes_section(contents: RunContents) -> Html:
    """Both lists, and the saliency pictures that the run has."""
    found = cases(contents)
    parts = [
        tag("p", f"{found.wrong} of {found.samples} tested samples were decided wrong. Names are pseudonyms.")
    ]
    if contents.evaluation.kind == "multi_label":
        parts.append(
            tag("p", f"These lists speak of the label {contents.predictions.positive}.", kind="note")
        )
    if contents.evaluation.operating_rule != "fixed":
        parts.append(tag("p", "Decided at the one threshold for further subjects.", kind="note"))
    if found.confident:
        parts += [tag("h3", "Most confidently wrong"), _list(found.confident)]
    parts += [tag("h3", "Hardest to decide: nearest to where the decision changes"), _list(found.hardest)]
    return join([*parts, _pictures(contents)])


def _list(found: tuple[Case, ...]) -> Html:
    rows: list[tuple[object, ...]] = [
        ("sample", "subject", "fold", "truth", "decided", "score of the decided", "score of the truth")
    ]
    rows += [
        (
            one.sample,
            one.subject,
            one.fold,
            one.truth,
            one.decided,
            f"{one.score_decided:.3f}",
            f"{one.score_truth:.3f}",
        )
        for one in found
    ]
    return table(rows, "small")


def _pictures(contents: RunContents) -> Html:
    """The surest wrong ones first. Each by the model that never saw the subject."""
    if not contents.shown:
        return Html("")
    intro = "Grad-CAM for the class decided, by the model that never saw the subject; empty: no evidence."
    order = ("FP", "FN", "wrong", "TP", "TN", "right")
    drawn = sorted(contents.shown, key=lambda one: order.index(one.kind))
    parts = [tag("h3", "Where the network looks"), tag("p", intro, kind="note")]
    if contents.withheld:
        parts.append(tag("p", contents.withheld, kind="blank"))
    return join([*parts, tag("div", *(_picture(one) for one in drawn if one.content), kind="pair")])


def _picture(one: Overlay) -> Html:
    caption = f"{KINDS[one.kind]}: {one.sample}"
    return figure(one.content or b"", f"saliency of {one.sample}", caption, "jpeg")
