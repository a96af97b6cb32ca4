"""Which items of the reporting checklists can the run fill, and which must the authors?"""

from collections.abc import Sequence

from medidense.pages.checklist_items import CLAIM, TRIPOD, Item
from medidense.pages.contents import RunContents
from medidense.pages.controls import parts_apart
from medidense.pages.markup import Html, join, table, tag
from medidense.pages.mistakes import cases
from medidense.values import Evaluation
from medidense.values.wording import count

BLANK = "left to the authors"


def checklist_section(contents: RunContents) -> Html:
    """Both checklists, a row an item; what the run does not know is marked."""
    found = answers(contents)
    filled = {name: sum(bool(found.get(key)) for _, _, key in items) for name, items in _lists().items()}
    words = ", ".join(f"{name}: {filled[name]} of {len(items)} items" for name, items in _lists().items())
    intro = (
        f"Filled by the run: {words}. What it knows is a beginning: add to it. The wording is our own and "
        "short; read the originals before you submit."
    )
    parts = [tag("p", intro, kind="note")]
    for name, items in _lists().items():
        parts += [tag("h3", name), _table(items, found)]
    return join(parts)


def _lists() -> dict[str, tuple[Item, ...]]:
    return {"CLAIM 2024": CLAIM, "TRIPOD+AI": TRIPOD}


def _table(items: Sequence[Item], found: dict[str, str]) -> Html:
    rows: list[tuple[object, ...]] = [("item", "asked", "this run")]
    for number, asked, key in items:
        rows.append((number, asked, found.get(key) or tag("span", BLANK, kind="blank")))
    return table(rows, "words small")


def answers(contents: RunContents) -> dict[str, str]:
    """What the run knows, by the names that `checklist_items` uses; an empty one is not known."""
    return _data(contents) | _model(contents) | _results(contents)


def _data(contents: RunContents) -> dict[str, str]:
    flow, recipe, evaluation = contents.flow, contents.recipe, contents.evaluation
    labels = recipe.labels
    totals = ", ".join(f"{name} {number}" for name, number in evaluation.class_counts.items())
    missing = "Every row has a label."
    if flow.unlabelled:
        missing = f"{count(flow.unlabelled, 'row')} without a label: trained on, never tested."
    if evaluation.kind == "multi_label":
        missing = "A label that is not known counts neither in training nor in its figures."
    return {
        "included": f"{flow.refused} rows refused by the check of the table; who entered, the authors say.",
        "preprocessing": f"{recipe.input.dims}D, region {recipe.input.region}, "
        f"spacing {_numbers(recipe.input.spacing_mm)} mm, size {_numbers(recipe.input.size)}, "
        f"intensities by {recipe.input.intensity.rule}; see the recipe.",
        "subsets": "All rows." if evaluation.rows == "all" else f"Rows of {evaluation.rows}.",
        "pseudonyms": "This page names subjects and samples by keyed pseudonyms only.",
        "missing": missing,
        "modality": f"Modality {recipe.input.modality}; scanners and protocols, the authors say."
        if recipe.input.modality
        else "",
        "label": f"In the table ({labels.kind}: {', '.join(evaluation.classes)}); its source, authors.",
        "split": contents.ran.facts.get("split", ""),
        "disjoint": f"By subject. {' '.join(one.said for one in parts_apart(contents))}",
        "size": f"{count(flow.tested.subjects, 'subject')}, {count(flow.tested.samples, 'sample')} tested; "
        "planned size, the authors say.",
        "flow": "See the flow of participants.",
        "classes": f"Classes by fold in the flow; in all {totals}.",
        "predictors": _predictors(contents),
    }


def _numbers(values: Sequence[float] | None) -> str:
    return "not set" if values is None else " x ".join(f"{value:g}" for value in values)


def _predictors(contents: RunContents) -> str:
    extra = contents.recipe.input.covariates
    return "The image" + (f", and {', '.join(extra.columns)}." if extra else " alone.")


def _model(contents: RunContents) -> dict[str, str]:
    recipe = contents.recipe
    training, start = recipe.training, recipe.start
    chosen = "The last weights of a fixed number of epochs; the test part chooses nothing."
    if training.early_stopping:
        chosen = "The best epoch on a validation part cut from the training side."
    ran = contents.ran.facts
    return {
        "network": f"Deep learning: {recipe.network.name}, {recipe.input.dims}D input.",
        "software": "; ".join(f"{key} {ran[key]}" for key in ("medidense", "torch", "code") if key in ran),
        "start": "Random weights."
        if start is None
        else "Weights trained before, named by their digest in the recipe.",
        "training": f"{training.epochs} epochs, batches of {training.batch_size}, {training.optimizer}, "
        f"learning rate {training.learning_rate:g}, loss {training.loss}; see the recipe.",
        "choosing": chosen,
        "ensemble": "Mean over mirror images." if recipe.prediction.flips else "None in these figures.",
        "purpose": "Development, tested within the cohort by cross-validation.",
        "analysis": "See the recipe with its reasons, the split, and the intervals over subjects.",
        "imbalance": f"Sampling {training.sampling}, class weights {training.class_weights}. "
        + _recalibrated(contents.evaluation),
        "output": _output(contents),
        "whole": "The package of medidense export: weights, recipe and self-test.",
        "recipe": "The recipe with a reason for every key, on this page.",
        "code": f"Code {ran.get('code', '')}; data and model, the authors say.",
        "saliency": "Grad-CAM of telling samples; no reader has checked it." if contents.shown else "",
    }


def _recalibrated(evaluation: Evaluation) -> str:
    """Whether the scores are made probabilities."""
    found = evaluation.calibration
    if found is None or found.method is None:
        return "The scores are not recalibrated."
    return f"Recalibrated by {found.method}, each fold by the scores of the others."


def _output(contents: RunContents) -> str:
    """What comes out, and from where on it is acted on."""
    evaluation = contents.evaluation
    said = ["A score a class."]
    if contents.binary:
        rule = "set before any result"
        if evaluation.operating_rule != "fixed":
            rule = f"by {evaluation.operating_rule}, from the scores of the other folds"
        said.append(f"{evaluation.positive} from {evaluation.operating_point:.3g} on, {rule}.")
    if evaluation.operating_points:
        names = ", ".join(point.name for point in evaluation.operating_points)
        said.append(f"Operating points shown: {names}.")
    if evaluation.prediction_sets is not None:
        said.append(f"Sets of classes for a coverage of {evaluation.prediction_sets.target:g}.")
    return " ".join(said)


def _measures(evaluation: Evaluation) -> str:
    """Which figures there are."""
    found = ["AUROC", *(name.replace("_", " ") for name in evaluation.metrics)]
    if evaluation.calibration is not None:
        found.append("calibration slope, intercept and error")
    if evaluation.decision_curve is not None:
        found.append("net benefit")
    if evaluation.prediction_sets is not None:
        found.append("coverage of prediction sets")
    return ", ".join(found)


def _parts(evaluation: Evaluation) -> str:
    """On which parts the figures are shown as well."""
    said = []
    if evaluation.subgroups:
        names = ", ".join(dict.fromkeys(part.by.replace("_", " ") for part in evaluation.subgroups))
        said.append(f"Subgroups by {names}.")
    if evaluation.matched is not None:
        said.append(f"AUROC of rows matched in size {evaluation.matched.auroc.text()}.")
    return " ".join(said)


def _results(contents: RunContents) -> dict[str, str]:
    evaluation = contents.evaluation
    wrong = cases(contents)
    headline = f"AUROC {evaluation.auroc.text()}, {evaluation.auroc_definition}."
    found = [
        f"{name} {evaluation.metrics[name].text()}"
        for name in ("sensitivity", "specificity")
        if name in evaluation.metrics
    ]
    return {
        "measures": _measures(evaluation),
        "parts": _parts(evaluation),
        "interval": evaluation.interval,
        "headline": headline,
        "subgroups": f"{headline} {_parts(evaluation)}".strip(),
        "decisions": "; ".join(found),
        "failures": f"{wrong.wrong} of {wrong.samples} decided wrong; the surest of them are listed.",
        "notes": " ".join(evaluation.notes),
        "intended": "Research software, not a medical device.",
    }
