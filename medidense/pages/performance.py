"""How good are the scores and the decisions, as figures, tables and matrices?"""

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, confusion, figure, join, table, tag
from medidense.pages.precision_recall import precision_recall_png
from medidense.pages.ranking import roc_png, scores_png
from medidense.pages.reliability import CAPTION, reliability_png
from medidense.values import Evaluation
from medidense.values.wording import class_words

WORDS = {
    "sensitivity": "share of the positive that is found",
    "specificity": "share of the negative that is spared",
    "ppv": "of those called positive, the share that is",
    "npv": "of those called negative, the share that is",
    "f1": "harmonic mean of sensitivity and PPV",
    "accuracy": "share decided right",
    "balanced_accuracy": "mean over the classes of the share decided right",
    "brier": "mean squared distance from score to truth; 0 is best",
    "quadratic_kappa": "agreement of grades beyond chance; 1 is best",
    "mean_absolute_error": "mean distance in grades; 0 is best",
    "auprc": "area under precision and recall",
    "mcc": "correlation of decision and truth",
    "log_loss": "mean negative logarithm of the truth's score; 0 is best",
}
"""What a figure is, for those who do not know its name."""

APART = (
    "The fold mean lies above the interval of the pooled AUROC: the folds' networks score on different "
    "levels, and pooling compares scores of different networks. One threshold then fits no fold well."
)

BELOW = (
    "A rule that is fitted anew in each fold falls below 0.5 where there is nothing to learn: a test part "
    "with many positives leaves few to train on, so its scores are low, and pooling over folds turns the "
    "order round. The difference of the network from such a rule says nothing."
)
"""Airola et al. 2011, doi:10.1016/j.csda.2010.11.018."""


def curves_section(contents: RunContents) -> Html:
    """ROC, precision and recall, calibration, and the scores by class."""
    table_of, evaluation = contents.predictions, contents.evaluation
    drawn = [
        (roc_png(table_of, evaluation), "ROC curve", "Each threshold's hits over its false alarms."),
        (precision_recall_png(table_of), "precision and recall", "Matters most where the class is rare."),
        (reliability_png(table_of), "calibration", CAPTION),
        (scores_png(table_of, evaluation), "scores by class", "The less the classes overlap, the better."),
    ]
    return tag("div", *(figure(*item) for item in drawn), kind="pair")


def decisions_section(contents: RunContents) -> Html:
    """The matrix of decisions and every figure with its interval; of several labels one row each."""
    evaluation = contents.evaluation
    rows = [("figure", "value", "what it is")]
    rows += [
        (name.replace("_", " "), estimate.text(), WORDS.get(name, ""))
        for name, estimate in evaluation.metrics.items()
    ]
    parts = [tag("p", _rule(contents))]
    if evaluation.confusion:
        parts += [confusion(evaluation.classes, evaluation.confusion)]
        parts += [tag("p", "A row for each true class, a column for each decided one.", kind="note")]
    if evaluation.labels:
        parts.append(_labels(contents))
    return join([*parts, table(rows, "words")])


def _rule(contents: RunContents) -> str:
    """How a score becomes a decision."""
    evaluation = contents.evaluation
    if evaluation.kind == "multi_label":
        return (
            f"Each label is decided from a score of {evaluation.operating_point:g} on, set before any result."
        )
    if evaluation.kind == "ordinal":
        return "The middle of the scores decides the grade."
    if not contents.binary:
        return "The class with the highest score is decided for."
    positive = class_words(evaluation.positive)
    said = f"Decided for {positive} from a score of {evaluation.operating_point:.3g} on, "
    if evaluation.operating_rule == "fixed":
        return f"{said}set before any result was known."
    return f"{said}by {evaluation.operating_rule}; the figures are of each fold at the others' threshold."


def _labels(contents: RunContents) -> Html:
    rows: list[tuple[object, ...]] = [
        ("label", "shown", "subjects", "AUROC", "AUPRC", "sensitivity", "specificity")
    ]
    for one in contents.evaluation.labels:
        found = [
            one.metrics[name].text() if name in one.metrics else "" for name in ("sensitivity", "specificity")
        ]
        shown = f"{one.positives} of {one.samples}"
        rows.append((one.name, shown, one.subjects, one.auroc.text(), one.auprc.text(), *found))
    return table(rows, "words")


def baselines_section(contents: RunContents) -> Html:
    """Rules without a network, and other rivals, on the same folds, with the paired difference."""
    evaluation = contents.evaluation
    if not evaluation.baselines:
        return tag("p", "No rule without a network could be computed for this cohort.", kind="blank")
    rows = [("compared with", "its AUROC", "network minus it, paired")]
    rows += [
        (
            one.name,
            one.auroc.text(),
            one.network_minus_baseline.text() + ("; says nothing, see below" if one.below_chance else ""),
        )
        for one in evaluation.baselines
    ]
    words = "An interval of the difference that reaches 0 means: not shown to be better."
    if any(one.uses_network for one in evaluation.baselines):
        words += " The floor is the best rule in which no network has a part."
    parts = [table(rows, "words"), tag("p", words, kind="note")]
    if below := [one.name for one in evaluation.baselines if one.below_chance]:
        parts.append(tag("p", f"Below 0.5: {', '.join(below)}. {BELOW}", kind="note"))
    return join(parts)


def folds_section(contents: RunContents) -> Html:
    """Each fold's own AUROC: never the best one alone."""
    evaluation = contents.evaluation
    rows: list[tuple[object, ...]] = [("fold", "samples", "subjects", "AUROC", "note")]
    rows += [
        (
            one.fold,
            one.samples,
            one.subjects,
            "not defined" if one.auroc is None else f"{one.auroc:.3f}",
            one.note,
        )
        for one in evaluation.folds
    ]
    mean = evaluation.auroc_fold_mean
    said = "not defined" if mean is None else f"{mean:.3f}"
    words = f"Mean over the folds {said}. Small test parts scatter widely."
    parts = [table(rows), tag("p", words, kind="note")]
    if _apart(evaluation):
        parts.append(tag("p", APART))
    if evaluation.repeats is not None:
        spread = evaluation.repeats
        each = ", ".join("not defined" if area is None else f"{area:.3f}" for area in spread.auroc)
        tail = (
            ""
            if spread.standard_deviation is None
            else f"; standard deviation {spread.standard_deviation:.3f}"
        )
        parts.append(tag("p", f"AUROC of each repeat of the whole: {each}{tail}."))
    return join(parts)


def _apart(evaluation: Evaluation) -> bool:
    """True where the fold mean lies above the interval of the pooled AUROC."""
    mean, high = evaluation.auroc_fold_mean, evaluation.auroc.high
    return mean is not None and high is not None and mean > high


def notes_section(contents: RunContents) -> Html:
    """How the intervals were made, and what a reader must know beside the numbers."""
    evaluation = contents.evaluation
    return tag("ul", *(tag("li", note) for note in (f"Intervals: {evaluation.interval}.", *evaluation.notes)))
