"""Are scores probabilities, which thresholds are there, and does deciding by them do any good?"""

from medidense.pages.canvas import GREY, blank, colour, legend, name_axes, png
from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, figure, join, table, tag
from medidense.values import Evaluation
from medidense.values.wording import class_words

WHERE_USED = (
    "PPV and NPV where it is used are by Bayes' rule. Where each subject has one sample, or no draw of "
    "subjects moves them, their interval is that of the likelihood ratio (MOVER-R), else the bootstrap's."
)
"""Of predictive values at a stated prevalence."""

FIGURES = ("slope", "intercept", "ece", "brier", "log_loss")


def calibration_section(contents: RunContents) -> Html:
    """Slope, intercept and the rest, as given and cross-fitted; empty where there are none."""
    found = contents.evaluation.calibration
    if found is None or not found.figures:
        return Html("")
    rows: list[tuple[object, ...]] = [("scores", *(name.replace("_", " ") for name in FIGURES))]
    rows += [(name, *(getattr(one, item).text() for item in FIGURES)) for name, one in found.figures.items()]
    words = (
        "Perfect: slope 1, intercept 0, ECE 0. Slope below 1: the scores are too extreme; intercept below 0: "
        "too high on the whole. ECE grows with fewer samples by itself, and has no interval. "
    )
    if found.raw_alone:
        words += "Of the raw scores alone: there are no other folds to fit a calibration on."
    else:
        words += "Cross-fitted: each fold by the out-of-fold scores of the others."
    return join([table(rows, "words small"), tag("p", words, kind="note")])


def operating_points_section(contents: RunContents) -> Html:
    """A row a rule: its threshold, and what decisions are worth on rows that did not choose it."""
    points = contents.evaluation.operating_points
    if not points:
        return Html("")
    names = ("sensitivity", "specificity", "ppv", "npv")
    rows: list[tuple[object, ...]] = [("rule", "threshold", *names, "at a prevalence of")]
    for one in points:
        rule = one.name.replace("_", " ") + ("" if one.target is None else f" {one.target:g}")
        said = [one.metrics[name].text() if name in one.metrics else "" for name in names]
        rule += " (used)" if one.used else ""
        rows.append((rule, f"{one.threshold:.3f}", *said, f"{one.prevalence:.3f}"))
        if one.deployment_prevalence is not None:
            there = [one.deployment[name].text() if name in one.deployment else "" for name in names]
            rows.append(("the same where it is used", "", *there, f"{one.deployment_prevalence:.3f}"))
    words = (
        "The threshold comes from all out-of-fold scores, for further subjects; the figures are of each fold "
        "decided at the threshold from the other folds."
    )
    if [one.name for one in points] == ["fixed"]:
        words = (
            "The threshold of the raw score was set before any result; there are no other folds to choose on."
        )
    if any(one.deployment_prevalence is not None for one in points):
        words += f" {WHERE_USED}"
    return join([table(rows, "words small"), tag("p", words, kind="note")])


def decision_curve_section(contents: RunContents) -> Html:
    """Net benefit against treating all and none; empty where there is no curve."""
    if contents.evaluation.decision_curve is None:
        return Html("")
    words = "Above both other lines deciding by the score does more good than treating all or none."
    return tag("div", figure(decision_curve_png(contents.evaluation), "decision curve", words), kind="pair")


def decision_curve_png(evaluation: Evaluation) -> bytes:
    """Net benefit over threshold (Vickers and Elkin 2006, Med Decis Making 26:565), as PNG bytes."""
    curve = evaluation.decision_curve
    picture, axes = blank(height=5.2)
    if curve is not None:
        axes.plot(curve.thresholds, curve.treat_all, color=GREY, linewidth=2, label="treat all")
        axes.plot(curve.thresholds, curve.treat_none, color="black", linestyle=":", label="treat none")
        axes.plot(
            curve.thresholds, curve.model, color=colour(0), linewidth=3, label=f"by score ({curve.scores})"
        )
        known = [
            (at, low, high)
            for at, low, high in zip(curve.thresholds, curve.low, curve.high, strict=True)
            if low is not None and high is not None
        ]
        if known:
            across, low_line, high_line = zip(*known, strict=True)
            axes.fill_between(across, low_line, high_line, color=colour(0), alpha=0.15)
        top = max((*curve.model, *curve.treat_all, 0.01))
        axes.set_ylim(-0.25 * top, 1.15 * top)
    name_axes(axes, "Decision curve", "threshold probability", "net benefit per sample")
    legend(axes, "best")
    return png(picture)


def prediction_sets_section(contents: RunContents) -> Html:
    """How often a set of classes holds the true one, and how often it says one class alone."""
    sets = contents.evaluation.prediction_sets
    if sets is None:
        return Html("")
    rows: list[tuple[object, ...]] = [("figure", "value")]
    rows += [(_share(name), estimate.text()) for name, estimate in sets.figures.items()]
    words = (
        f"Sets of classes made to hold the true one in {sets.target:g} of samples, class by class; a set of "
        "more or fewer than one class is for a human to decide. Each fold's sets are by the other folds."
    )
    return join([table(rows, "words"), tag("p", words, kind="note")])


def _share(name: str) -> str:
    """What a figure of prediction sets is called.

    >>> _share("coverage_1"), _share("single_right")
    ('coverage, class 1', 'single right')
    """
    what, _, which = name.partition("_")
    return f"coverage, {class_words(which)}" if what == "coverage" and which else name.replace("_", " ")
