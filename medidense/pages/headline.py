"""How good, how sure, on whom and against what, in words that need no statistics?"""

from medidense.pages.contents import RunContents
from medidense.pages.controls import TONE, controls
from medidense.pages.markup import Html, tag
from medidense.values import Baseline, Estimate, Evaluation
from medidense.values.doubts import control_doubts, size_doubt
from medidense.values.evaluation import CHANCE
from medidense.values.wording import class_words, count


def headline(contents: RunContents) -> Html:
    """The box on top: the figure, what it means, the floor, and what follows from both."""
    evaluation = contents.evaluation
    found = doubts(contents)
    mood = {True: " failed" if found else " passed", False: " failed", None: ""}[believable(contents)]
    sentences = [meaning(contents), against_floor(contents.floor), *found, *at_operating_point(contents)]
    sentences.append(by_subject(contents))
    subjects, samples = count(evaluation.subjects, "subject"), count(evaluation.samples, "sample")
    on_whom = f"On {subjects} with {samples}: {evaluation.auroc_definition}."
    return tag(
        "div",
        tag("span", f"AUROC {evaluation.auroc.text()}", kind="big"),
        tag("p", on_whom),
        *(tag("p", sentence) for sentence in sentences if sentence),
        kind=f"verdict{mood}",
    )


def doubts(contents: RunContents) -> list[str]:
    """What is on the page further down and takes from the figure: size, and checks that found something."""
    evaluation = contents.evaluation
    told = {one.title for one in evaluation.controls}
    others = (one for one in controls(contents) if TONE[one.outcome] == "bad" and one.name not in told)
    said = [size_doubt(evaluation.auroc, evaluation.matched), *control_doubts(evaluation.controls)]
    said += [f"Check {one.name}: {one.outcome}. {one.said}" for one in others]
    return [sentence for sentence in said if sentence]


def believable(contents: RunContents) -> bool | None:
    """True where the interval lies above chance and the floor is beaten; False where either is not so.

    None where no interval, or no floor, can be had.
    """
    low, floor = contents.evaluation.auroc.low, contents.floor
    beaten = None if floor is None else floor.network_minus_baseline.low
    if low is None or beaten is None:
        return None
    return low > CHANCE and beaten > 0


def meaning(contents: RunContents) -> str:
    """The AUROC as a share of pairs (Hanley and McNeil 1982, Radiology 143:29-36); whether it is chance."""
    evaluation = contents.evaluation
    area = evaluation.auroc
    if area.value is None:
        return f"The area under the curve is not defined: {_missing(evaluation)}."
    share = f"{100 * area.value:.0f} of 100"
    if evaluation.kind == "multi_label":
        said = (
            f"Of two samples, one with a label and one without it, the one with it has the higher score in "
            f"{share} pairs, on average over the labels."
        )
    elif contents.binary:
        said = f"{_pair(evaluation)} has the higher score in {share} pairs; guessing gives 50."
    else:
        said = (
            f"Of two samples, one of a class and one of another, the one of the class has the higher score "
            f"in {share} pairs, on average over the classes."
        )
    return f"{said} {_chance(area, _turned_by(contents))}".strip()


def _missing(evaluation: Evaluation) -> str:
    """Which classes no tested sample is of; of several labels, that none has samples of both kinds."""
    if evaluation.kind == "multi_label":
        return "of no label are there tested samples that show it and others that do not"
    absent = [name for name, number in evaluation.class_counts.items() if not number]
    return f"no tested sample is of {'class' if len(absent) == 1 else 'the classes'} {', '.join(absent)}"


def _pair(evaluation: Evaluation) -> str:
    """Two samples, and the one of them that is positive."""
    positive = evaluation.positive
    other = next(name for name in evaluation.classes if name != positive)
    words = class_words(positive), class_words(other)
    if words == (positive, other):
        return f"Of two samples, one {positive} and one {other}, the {positive} one"
    return f"Of two samples, one of {words[0]} and one of {words[1]}, the one of {words[0]}"


def _chance(area: Estimate, turned_by: str) -> str:
    """On which side of chance the interval lies; nothing where it lies above."""
    if area.low is None or area.high is None:
        return "No interval can be given."
    if area.low > CHANCE:
        return ""
    if area.high < CHANCE:
        return f"The interval lies below 0.5: the scores rank the wrong way round. Check {turned_by}."
    return "The interval reaches 0.5: these results do not show that it is better than guessing."


def _turned_by(contents: RunContents) -> str:
    """What may be the wrong way round where scores rank so."""
    if contents.evaluation.kind == "ordinal":
        return "the labels and the order of the grades"
    return "the labels and the positive class" if contents.binary else "the labels"


def against_floor(floor: Baseline | None) -> str:
    """What the best rule without a network reaches, and whether the network is better."""
    if floor is None or floor.auroc.value is None:
        return "No rule without a network could be computed, so there is no floor to compare with."
    gap = floor.network_minus_baseline
    said = f"The best rule without a network, {floor.name}, reaches {floor.auroc.text()}."
    if gap.low is None or gap.high is None:
        return f"{said} The difference has no interval."
    verdict = "The network is better"
    if gap.high < 0:
        verdict = "The network is worse"
    elif gap.low <= 0:
        verdict = "The network is not shown to be better"
    if floor.below_chance:
        said += " That is below 0.5, so that a difference from it says nothing."
    return f"{said} {verdict}: network minus rule {gap.text()}, on the same folds."


def at_operating_point(contents: RunContents) -> list[str]:
    """Sensitivity and specificity with the score that decides; of grades, kappa."""
    evaluation = contents.evaluation
    found = evaluation.metrics
    if evaluation.kind == "ordinal" and "quadratic_kappa" in found:
        return [f"Grades decided: quadratic kappa {found['quadratic_kappa'].text()}."]
    if not contents.binary:
        return []
    return [
        f"Decided from a score of {evaluation.operating_point:.3g} on: sensitivity "
        f"{found['sensitivity'].text()}, specificity {found['specificity'].text()}."
    ]


def by_subject(contents: RunContents) -> str:
    """The AUROC with a subject as a row; empty where it is the same, or not defined."""
    found = contents.evaluation.per_subject
    if found is None or found.auroc.value is None:
        return ""
    return f"By subject, of whom {found.several} have several samples: AUROC {found.auroc.text()}."
