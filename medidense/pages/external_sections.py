"""What stands in each part of the page of a package on another cohort?"""

from collections.abc import Mapping

from medidense.pages.deployment import FIGURES, WHERE_USED
from medidense.pages.drift import NAMES
from medidense.pages.external_contents import ExternalContents
from medidense.pages.markup import Html, confusion, figure, join, pairs, table, tag
from medidense.pages.performance import WORDS
from medidense.values import Estimate, NamedPoint
from medidense.values.wording import class_counts, class_words, count

Pictures = Mapping[str, bytes]

CAPTIONS = {
    "roc": "Each threshold's hits over its false alarms; the dot is the package's own.",
    "precision_recall": "Matters most where the class is rare.",
    "calibration": "Above the dotted line the truth is more frequent than said.",
    "calibration_frozen": "The same for the probabilities that the package hands on.",
    "scores": "The less the classes overlap, the better.",
    "decision_curve": "Above both other lines the score does more good than treating all or none.",
}


def flow_steps(contents: ExternalContents, _: Pictures) -> Html:
    """Who came in, who was refused and why, what was compared, and who was scored."""
    turnout, overlap = contents.external.turnout, contents.external.overlap
    steps = [(f"{count(turnout.subjects, 'subject')}, {count(turnout.rows, 'row')}", "in the cohort")]
    steps += [(str(turnout.unlabelled), "without a label: left out")] if turnout.unlabelled else []
    met = f"of subjects of the training: refused ({overlap.subjects_by_id} known by ID, "
    steps.append((count(overlap.rows, "row"), f"{met}{overlap.subjects_by_image} by an image)"))
    others = {code: number for code, number in turnout.refused.items() if code != "TRAINING_SUBJECT"}
    steps += [(count(number, "row"), f"refused: {code}") for code, number in others.items()]
    last = f"{count(turnout.scored_subjects, 'subject')}, {count(turnout.scored, 'sample')}"
    steps.append((last, "scored by the frozen package"))
    compared = {True: "compared with those of the training", False: "not compared"}
    words = (
        f"Subject IDs were {compared[overlap.subjects_compared]}; images were "
        f"{compared[overlap.images_compared]}, voxel by voxel: a copy that was resampled or cropped is not "
        "found."
    )
    if overlap.unlabelled:
        words += (
            f" So were those of {count(overlap.unlabelled, 'row')} without a label, of the same subjects."
        )
    counts = contents.external.evaluation.class_counts
    classes = [("class", "samples"), *((class_words(name), number) for name, number in counts.items())]
    return join(
        [
            tag(
                "ol",
                *(tag("li", join([tag("b", number), f" {said}"])) for number, said in steps),
                kind="steps",
            ),
            tag("p", words),
            *(tag("p", why, kind="blank") for why in overlap.why),
            table(classes),
        ]
    )


def beside_training(contents: ExternalContents, _: Pictures) -> Html:
    """Figures here and of the training, with the difference."""
    rows = [("figure", "here", "out of fold in training", "here minus training")]
    rows += [
        (
            NAMES.get(one.name, one.name),
            one.here.text(),
            one.training.text(),
            "-" if one.difference.value is None else one.difference.text(),
        )
        for one in contents.external.beside
    ]
    words = (
        "Training: out-of-fold scores of single folds' models, calibrated and decided by the other folds; a "
        "package averages these models. The difference is between different subjects, its interval from both "
        "(square-and-add). The expected calibration error grows with fewer samples by itself: it has neither "
        "an interval nor a difference."
    )
    return join([table(rows, "words small"), tag("p", words, kind="note")])


def untrained_rules(contents: ExternalContents, _: Pictures) -> Html:
    """Rules without a network that need no training, with the paired difference."""
    rules = contents.external.evaluation.baselines
    if not rules:
        return tag("p", "No rule without a network could be computed for this cohort.", kind="blank")
    rows = [("compared with", "its AUROC here", "network minus it, paired")]
    rows += [(one.name, one.auroc.text(), one.network_minus_baseline.text()) for one in rules]
    words = (
        "A single figure is its own score, turned the way that does better on these very rows (which way is "
        "said below): that favours the rule. An interval that reaches 0 means: not shown to be better."
    )
    return join([table(rows, "words"), tag("p", words, kind="note")])


def score_figures(contents: ExternalContents, pictures: Pictures) -> Html:
    """ROC, precision and recall, and the scores by class."""
    wanted = ("roc", "precision_recall", "scores")
    return tag("div", *(figure(pictures[name], name, CAPTIONS[name]) for name in wanted), kind="pair")


def frozen_calibration(contents: ExternalContents, pictures: Pictures) -> Html:
    """Raw and frozen scores as probabilities; empty where they are none."""
    found, ratios = contents.external.evaluation.calibration, contents.external.observed_expected
    drawn = [
        figure(pictures[name], name, CAPTIONS[name])
        for name in ("calibration", "calibration_frozen")
        if name in pictures
    ]
    if found is None:
        return tag("div", *drawn, kind="pair")
    rows: list[tuple[object, ...]] = [
        ("scores", "observed / expected", *(one.replace("_", " ") for one in FIGURES))
    ]
    rows += [
        (
            name,
            ratios[name].text() if name in ratios else "",
            *(getattr(one, item).text() for item in FIGURES),
        )
        for name, one in found.figures.items()
    ]
    words = (
        "Perfect: observed / expected 1, slope 1, intercept 0, ECE 0. Frozen: calibrated by what the package "
        "carries from its training; nothing here is fitted on this cohort."
    )
    return join([tag("div", *drawn, kind="pair"), table(rows, "words small"), tag("p", words, kind="note")])


def frozen_decisions(contents: ExternalContents, _: Pictures) -> Html:
    """Decisions at the point that the package brought along."""
    evaluation = contents.external.evaluation
    rows = [("figure", "value", "what it is")]
    rows += [
        (name.replace("_", " "), one.text(), WORDS.get(name, "")) for name, one in evaluation.metrics.items()
    ]
    how = f"From a score of {evaluation.operating_point:.4g} on, which the package brought along "
    rule = evaluation.operating_rule.replace("_", " ")
    how += f"({'set before its training' if rule == 'fixed' else f'chosen in its training by {rule}'})."
    if evaluation.kind == "ordinal":
        how = "The middle of the scores decides the grade."
    elif evaluation.kind == "classes" and len(evaluation.classes) > 2:
        how = "The class with the highest score is decided for."
    parts: list[object] = [tag("p", how)]
    if evaluation.confusion:
        parts += [confusion(evaluation.classes, evaluation.confusion)]
        parts += [tag("p", "A row for each true class, a column for each decided one.", kind="note")]
    for one in evaluation.operating_points[:1]:
        if one.deployment_prevalence is not None:
            told = ", ".join(f"{name.upper()} {estimate.text()}" for name, estimate in one.deployment.items())
            parts.append(tag("p", f"At a prevalence of {one.deployment_prevalence:g}: {told}. {WHERE_USED}"))
    if evaluation.labels:
        head: list[tuple[object, ...]] = [("label", "shown", "subjects", "AUROC", "AUPRC")]
        each = [
            (one.name, f"{one.positives} of {one.samples}", one.subjects, one.auroc.text(), one.auprc.text())
            for one in evaluation.labels
        ]
        parts.append(table([*head, *each], "words"))
    return join([*parts, table(rows, "words"), _other_points(contents)])


def _other_points(contents: ExternalContents) -> Html:
    """What decisions would be worth at the other thresholds that the package carries; empty without any."""
    training: dict[str, NamedPoint] = {point.name: point for point in contents.manifest.operating_points}
    rows: list[tuple[object, ...]] = [
        (
            "other points of the package",
            "threshold",
            "sensitivity",
            "out of fold",
            "specificity",
            "out of fold",
        )
    ]
    for one in contents.external.evaluation.operating_points[1:]:
        name = one.name.replace("_", " ") + ("" if one.target is None else f" {one.target:g}")
        told = training[one.name]
        rows.append(
            (
                name,
                f"{one.threshold:.3f}",
                one.metrics["sensitivity"].text(),
                Estimate(*told.sensitivity).text(),
                one.metrics["specificity"].text(),
                Estimate(*told.specificity).text(),
            )
        )
    return table(rows, "words small") if len(rows) > 1 else Html("")


def net_benefit(contents: ExternalContents, pictures: Pictures) -> Html:
    """The decision curve; empty where there is none."""
    if "decision_curve" not in pictures:
        return Html("")
    return tag(
        "div", figure(pictures["decision_curve"], "decision curve", CAPTIONS["decision_curve"]), kind="pair"
    )


def frozen_sets(contents: ExternalContents, _: Pictures) -> Html:
    """How often the package's sets hold the true class here."""
    sets = contents.external.evaluation.prediction_sets
    if sets is None:
        return Html("")
    rows: list[tuple[object, ...]] = [("figure", "value")]
    rows += [(name.replace("_", " "), estimate.text()) for name, estimate in sets.figures.items()]
    words = (
        f"Sets of classes made in training to hold the true one in {sets.target:g} of samples of a class. "
        "The promise is for subjects like those of the training; measured here is what it comes to elsewhere."
    )
    return join([table(rows, "words"), tag("p", words, kind="note")])


def recalibrated(contents: ExternalContents, _: Pictures) -> Html:
    """What this cohort itself would change; apart from all else."""
    found = contents.external.recalibration
    if not found:
        return Html("")
    rows: list[tuple[object, ...]] = [
        ("by", "slope", "intercept", *(f"{one.replace('_', ' ')} after it" for one in FIGURES))
    ]
    for one in found:
        after = ["not known"] * len(FIGURES)
        if one.figures is not None:
            after = [getattr(one.figures, name).text() for name in FIGURES]
        rows.append((one.name, f"{one.slope:.3f}", f"{one.intercept:.3f}", *after))
    words = (
        "FITTED ON THIS COHORT, and on its labels: no other figure of this page uses it. Slope and intercept "
        "(of the log odds that the package hands on) are of all rows; the figures after it are cross-fitted, "
        "each part of the subjects changed by what the others say. To be believed it needs new subjects."
    )
    return join([tag("p", words), table(rows, "words small")])


def provenance(contents: ExternalContents, _: Pictures) -> Html:
    """The command, and what was run on what."""
    return join([tag("pre", contents.command), pairs(facts_of(contents))])


def facts_of(contents: ExternalContents) -> dict[str, str]:
    """What was run on what."""
    external, training = contents.external, contents.manifest.training
    classes = class_counts(training.class_counts)
    size = f"{count(training.subjects, 'subject')}, {count(training.samples, 'sample')}"
    return {
        "package": external.package,
        "sha256 of its manifest": external.package_digest,
        "models": str(len(contents.manifest.models)),
        "trained on": f"{size} ({classes})",
        "by": training.code_version,
        "cohort": f"{contents.cohort_name}.csv, sha256 of its rows {external.evaluation.cohort_digest}",
    }
