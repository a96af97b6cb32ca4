"""What does a run know of what reporting checklists ask, and what of it do the authors add?"""

from collections.abc import Sequence
from typing import NamedTuple

from medidense.pages.contents import RunContents
from medidense.pages.controls import parts_apart
from medidense.pages.mistakes import cases
from medidense.values import UNKNOWN_GROUP, Evaluation, Subgroup
from medidense.values.wording import class_counts, class_words, count

DEMOGRAPHY = ("sex", "age", "site", "scanner")
"""Subgroups that say who the subjects are, and where they were examined."""

CLUSTERS = ("site", "scanner")


class Answer(NamedTuple):
    """What the run says, and what of the question is left to the authors; nothing said: all of it."""

    said: str = ""
    left: str = ""


def answers(contents: RunContents) -> dict[str, Answer]:
    """What the run knows, by the names that `checklist_items` uses."""
    return _data(contents) | _subjects(contents) | _model(contents) | _use(contents) | _results(contents)


def _data(contents: RunContents) -> dict[str, Answer]:
    recipe, evaluation = contents.recipe, contents.evaluation
    labels, extra = recipe.labels, recipe.input.covariates
    preprocessing = (
        f"{recipe.input.dims}D, region {recipe.input.region}, "
        f"spacing {_numbers(recipe.input.spacing_mm)} mm, size {_numbers(recipe.input.size)}, "
        f"intensities by {recipe.input.intensity.rule}; see the recipe."
    )
    if extra:
        preprocessing += " Covariates: numbers standardised by the training part, words as 0 or 1 each."
    predictors = "The image" + (f", and {', '.join(extra.columns)}." if extra else " alone.")
    rows = "All rows of the table." if evaluation.rows == "all" else f"Rows of {evaluation.rows}."
    return {
        "preprocessing": Answer(preprocessing),
        "prepared": Answer(
            f"One recipe for all rows. {preprocessing}",
            "quality checks before, and whether alike in all groups",
        ),
        "subsets": Answer(rows, "how the rows of the table were chosen"),
        "missing": _missing(contents),
        "modality": Answer(f"Modality {recipe.input.modality}.", "scanners and protocols")
        if recipe.input.modality
        else Answer(),
        "label": Answer(
            f"A column of the table ({labels.kind}: {', '.join(map(class_words, evaluation.classes))}).",
            "what it rests on and who read it",
        ),
        "predictors": Answer(predictors, "why these"),
        "measured": Answer(predictors, "how and when they were measured"),
    }


def _numbers(values: Sequence[float] | None) -> str:
    return "not set" if values is None else " x ".join(f"{value:g}" for value in values)


def _missing(contents: RunContents) -> Answer:
    """Labels, and cells of covariates."""
    unlabelled, extra = contents.flow.unlabelled, contents.recipe.input.covariates
    left = "what was missing before the table was made, and why"
    said = ["Every row has a label."]
    if unlabelled is None:
        said, left = [], f"how many rows have no label; {left}"
    elif unlabelled:
        said = [
            f"{count(unlabelled, 'row')} without a label: trained on where their subject is, never tested."
        ]
    if contents.evaluation.kind == "multi_label":
        said = ["A label that is not known counts neither in training nor in its figures."]
    if extra:
        said.append(
            "An empty cell of a covariate enters as the mean, or as no word, with a mark that says so."
        )
        known = [(name, contents.empty_cells[name]) for name in extra.columns if name in contents.empty_cells]
        said += [f"Empty cells: {', '.join(f'{name} {number}' for name, number in known)}."] * bool(known)
        others = [name for name in extra.columns if name not in contents.empty_cells]
        left = f"how many cells of {', '.join(others)} are empty; {left}" if others else left
    return Answer(" ".join(said), left)


def _subjects(contents: RunContents) -> dict[str, Answer]:
    """Who took part, and in which part."""
    flow, evaluation = contents.flow, contents.evaluation
    split = contents.ran.facts.get("split", "")
    tested = f"{count(flow.tested.subjects, 'subject')}, {count(flow.tested.samples, 'sample')} tested"
    everybody = (
        f"{count(flow.cohort.subjects, 'subject')}, {count(flow.cohort.samples, 'sample')} in the table"
    )
    totals = f"{class_counts(evaluation.class_counts)}; by fold in the flow."
    people = [_part(evaluation.subgroups, name) for name in DEMOGRAPHY]
    groups = [said for said in people if said]
    differences = Answer("None: one cohort, cut by subject.")
    if not split.startswith("kfold"):
        differences = Answer("One cohort, cut as the split says.", "how the parts of the cut differ")
    return {
        "split": Answer(split),
        "disjoint": Answer(f"By subject. {' '.join(one.said for one in parts_apart(contents))}"),
        "differences": differences,
        "size": Answer(f"{tested}.", "how the size was planned, and whether it suffices"),
        "flow": Answer(
            f"{everybody}; {tested}; see the flow of participants.",
            "who was screened before the table was made",
        ),
        "events": Answer(f"{tested}: {totals}"),
        "people": Answer(
            " ".join([totals, *groups]),
            "further characteristics, and their differences between the parts"
            if groups
            else "demography and disease",
        ),
    }


def _part(parts: Sequence[Subgroup], by: str) -> str:
    """The subjects of each group of one kind in words; empty where there are none."""
    found = [f"{part.group} {part.subjects}" for part in parts if part.by == by]
    return f"Subjects by {by}: {', '.join(found)}." if found else ""


def _model(contents: RunContents) -> dict[str, Answer]:
    recipe, ran = contents.recipe, contents.ran.facts
    training, start = recipe.training, recipe.start
    chosen = "The last weights of a fixed number of epochs; the test part chooses nothing."
    if training.early_stopping:
        chosen = "The best epoch on a validation part cut from the training side."
    network = f"Deep learning: {recipe.network.name}, {recipe.input.dims}D input."
    trained = (
        f"{training.epochs} epochs, batches of {training.batch_size}, {training.optimizer}, "
        f"learning rate {training.learning_rate:g}, loss {training.loss}; see the recipe."
    )
    figures = "mean over mirror images" if recipe.prediction.flips else "none"
    if contents.evaluation.repeats:
        figures = "mean over the repeats" + (" and mirror images" if recipe.prediction.flips else "")
    return {
        "network": Answer(network, "its layers"),
        "building": Answer(
            f"{network} {trained} {chosen} Validated inside: {ran.get('split', 'see the flow')}. The recipe "
            "has a reason for every key."
        ),
        "software": Answer(
            "; ".join(f"{key} {ran[key]}" for key in ("medidense", "torch", "code") if ran.get(key))
        ),
        "start": Answer(
            "Random weights."
            if start is None
            else "Weights trained before, named by their digest in the recipe."
        ),
        "training": Answer(trained),
        "choosing": Answer(chosen),
        "ensemble": Answer(f"In these figures: {figures}. A package averages the folds' networks."),
        "imbalance": Answer(
            f"Sampling {training.sampling}, class weights {training.class_weights}; the recipe says why. "
            + _recalibrated(contents.evaluation)
        ),
    }


def _use(contents: RunContents) -> dict[str, Answer]:
    """What the run is for, what it gives out, and what others can have of it."""
    code = contents.ran.facts.get("code", "")
    return {
        "purpose": Answer("Development, tested within the cohort by cross-validation.", "the question"),
        "output": _output(contents),
        "whole": Answer(
            "The package of medidense export: weights, recipe and self-test.",
            "where it can be had, on which terms",
        ),
        "recipe": Answer(
            "The recipe with a reason for every key, on this page.", "the protocol of the study"
        ),
        "code": Answer(f"Code {code}." if code else "", "where it can be had"),
        "availability": Answer(f"Code {code}." if code else "", "where software, model and data can be had"),
        "saliency": Answer("Grad-CAM of telling samples; no reader has checked it.", "a check of the maps")
        if contents.shown
        else Answer(),
    }


def _recalibrated(evaluation: Evaluation) -> str:
    """Whether the scores are made probabilities."""
    found = evaluation.calibration
    if found is None or found.method is None:
        return "The scores are not recalibrated."
    return f"Recalibrated by {found.method}, each fold by the scores of the others."


def _output(contents: RunContents) -> Answer:
    """What comes out, and from where on it is acted on."""
    evaluation = contents.evaluation
    said, left = ["A score a class."], ""
    if contents.binary:
        positive = class_words(evaluation.positive)
        rule = "set before any result"
        if evaluation.operating_rule == "fixed":
            left = "why this threshold"
        else:
            rule = f"by {evaluation.operating_rule}, from the scores of the other folds"
        said.append(f"Decided for {positive} from {evaluation.operating_point:.3g} on, {rule}.")
    if evaluation.operating_points:
        names = ", ".join(point.name for point in evaluation.operating_points)
        said.append(f"Operating points shown: {names}.")
    if evaluation.prediction_sets is not None:
        said.append(f"Sets of classes for a coverage of {evaluation.prediction_sets.target:g}.")
    return Answer(" ".join(said), left)


def _measures(evaluation: Evaluation) -> Answer:
    """Which figures there are, and with what the network is compared."""
    found = ["AUROC"] * (evaluation.auroc.value is not None)
    found += [name.replace("_", " ") for name, one in evaluation.metrics.items() if one.value is not None]
    if evaluation.calibration is not None:
        figures = evaluation.calibration.figures.values()
        parts = {"slope": "slope", "intercept": "intercept", "ece": "error"}
        known = [
            word
            for name, word in parts.items()
            if any(getattr(one, name).value is not None for one in figures)
        ]
        found += [f"calibration {', '.join(known)}"] * bool(known)
    if evaluation.decision_curve is not None:
        found.append("net benefit")
    sets = evaluation.prediction_sets
    if sets is not None and sets.figures["coverage"].value is not None:
        found.append("coverage of prediction sets")
    said = f"{', '.join(found)}." if found else ""
    rivals = [one for one in evaluation.baselines if one.network_minus_baseline.value is not None]
    if not rivals:
        return Answer(said, "what the network is compared with")
    others = "rules without a network" if any(not one.uses_network for one in rivals) else "other networks"
    return Answer(f"{said} Compared with {others}, paired.".strip())


def _parts(evaluation: Evaluation) -> str:
    """On which parts there are figures as well."""
    said = []
    names = dict.fromkeys(part.by.replace("_", " ") for part in _with_area(evaluation))
    if names:
        said.append(f"Subgroups by {', '.join(names)}.")
    if evaluation.matched is not None and evaluation.matched.auroc.value is not None:
        said.append(f"AUROC of rows matched in size {evaluation.matched.auroc.text()}.")
    return " ".join(said)


def _with_area(evaluation: Evaluation) -> list[Subgroup]:
    """The subgroups that have an AUROC; of the others there are counts alone."""
    return [part for part in evaluation.subgroups if part.auroc.value is not None]


def _clusters(evaluation: Evaluation) -> str:
    """Of how many sites and scanners there are figures; one alone differs from nothing."""
    said = []
    for by in CLUSTERS:
        own = [part for part in evaluation.subgroups if part.by == by and part.group != UNKNOWN_GROUP]
        known = sum(part.auroc.value is not None for part in own)
        said += [f"{known} of {count(len(own), by)}"] * (known > 1)
    return f"AUROC of {' and '.join(said)}, among the subgroups." if said else ""


def _results(contents: RunContents) -> dict[str, Answer]:
    evaluation = contents.evaluation
    wrong, parts = cases(contents), _parts(evaluation)
    headline = f"AUROC {evaluation.auroc.text()}, {evaluation.auroc_definition}."
    if evaluation.auroc.value is None:
        headline = ""
    sure = ("sensitivity", "specificity", "balanced_accuracy", "quadratic_kappa")
    found = [
        f"{name.replace('_', ' ')} {evaluation.metrics[name].text()}"
        for name in sure
        if name in evaluation.metrics and evaluation.metrics[name].value is not None
    ]
    people = any(part.by in ("sex", "age") for part in _with_area(evaluation))
    return {
        "measures": _measures(evaluation),
        "robust": Answer(parts, "whether other choices and data change the result"),
        "interval": Answer(evaluation.interval),
        "headline": Answer(headline),
        "subgroups": Answer(
            f"{headline} {parts}".strip(), "" if people else "subgroups by sex, age and the like"
        ),
        "clusters": Answer(_clusters(evaluation), "what the differences mean"),
        "decisions": Answer("; ".join(found)),
        "failures": Answer(
            f"{wrong.wrong} of {wrong.samples} decided wrong; the surest of them are listed.",
            "what they have in common",
        ),
        "notes": Answer(" ".join(evaluation.notes), "the limits of the study and their effect"),
    }
