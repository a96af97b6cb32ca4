"""Which samples were decided wrong with most confidence, and which were the hardest to decide?"""

from dataclasses import asdict, dataclass

from medidense.pages.contents import Overlay, RunContents
from medidense.pages.markup import Html, figure, join, picture, table, tag
from medidense.stats import HARDEST, decided_classes, hardest, surest_wrong
from medidense.values import Predictions
from medidense.values.wording import class_words

EACH = 8
"""Samples of a list."""

KINDS = {
    "TP": "rightly called positive",
    "TN": "rightly called negative",
    "FP": "wrongly called positive",
    "FN": "missed",
    "right": "decided right",
    "wrong": "decided wrong",
    HARDEST: "hard to decide",
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
    decided, scores = decided_classes(predictions, point), predictions.scores
    wrong, near = surest_wrong(predictions, point), hardest(predictions, point)

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

    first = [tuple(map(case, rows[:EACH].tolist())) for rows in (wrong, near)]
    return Cases(len(wrong), len(decided), *first)


def _question(predictions: Predictions) -> Predictions:
    return predictions.one_label(predictions.positive) if predictions.multi_label else predictions


def mistakes_section(contents: RunContents) -> Html:
    """Both lists, each row with its picture where the run has one, and the other pictures."""
    found = cases(contents)
    album = {one.sample: one for one in contents.shown if one.content}
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
        parts += [tag("h3", "Most confidently wrong"), _list(found.confident, album)]
    parts.append(tag("h3", "Hardest to decide: nearest to where the decision changes"))
    parts.append(_list(found.hardest, album))
    return join([*parts, _pictures(contents, tuple(album.values()))])


def _list(found: tuple[Case, ...], album: dict[str, Overlay]) -> Html:
    """A row a sample. A picture stands in one place: what is shown is taken from the `album`."""
    head = ["sample", "subject", "fold", "truth", "decided", "its score", "score of the truth"]
    pictured = any(one.sample in album for one in found)
    head += ["where the network looks"] * pictured
    rows: list[tuple[object, ...]] = [tuple(head)]
    rows += [
        (
            one.sample,
            one.subject,
            one.fold,
            class_words(one.truth),
            class_words(one.decided),
            f"{one.score_decided:.3f}",
            f"{one.score_truth:.3f}",
            *[_look(one, album)] * pictured,
        )
        for one in found
    ]
    return table(rows, "small looks")


def _look(one: Case, album: dict[str, Overlay]) -> Html:
    """The picture of a row, if it has one that stands nowhere yet."""
    shown = album.pop(one.sample, None)
    if shown is None or shown.content is None:
        return Html("")
    return picture(shown.content, f"saliency of {one.sample}", "jpeg")


def _pictures(contents: RunContents, others: tuple[Overlay, ...]) -> Html:
    """How the pictures were made, and those that stand beside no row: wrong ones first."""
    if not contents.shown:
        return Html("")
    intro = (
        "Grad-CAM for the class decided, by the model that never saw the subject; empty: no evidence. The "
        "first rows of both lists have theirs beside them."
    )
    order = ("FP", "FN", "wrong", HARDEST, "TP", "TN", "right")
    drawn = sorted(others, key=lambda one: order.index(one.kind))
    parts = [tag("h3", "Where the network looks"), tag("p", intro, kind="note")]
    if contents.withheld:
        parts.append(tag("p", contents.withheld, kind="blank"))
    return join([*parts, tag("div", *(_picture(one) for one in drawn), kind="pair")])


def _picture(one: Overlay) -> Html:
    caption = f"{KINDS[one.kind]}: {one.sample}"
    return figure(one.content or b"", f"saliency of {one.sample}", caption, "jpeg")
