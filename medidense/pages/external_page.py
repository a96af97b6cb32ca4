"""How does a frozen package on another cohort look as one page that a reviewer understands in a minute?"""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from medidense.pages.deployment import FIGURES, decision_curve_png
from medidense.pages.drift import NAMES, auroc_words, drift_words
from medidense.pages.external_contents import ExternalContents
from medidense.pages.headline import believable, meaning
from medidense.pages.markup import SMALL_PRINT, Html, confusion, figure, join, page, pairs, table, tag
from medidense.pages.performance import WORDS, notes_section
from medidense.pages.precision_recall import precision_recall_png
from medidense.pages.provenance import recipe_section
from medidense.pages.ranking import roc_png, scores_png
from medidense.pages.reliability import reliability_png
from medidense.pages.style import REPORT_STYLE, STYLE
from medidense.pages.subgroups import matched_section, subgroups_section
from medidense.values.wording import count

Pictures = Mapping[str, bytes]
Section = Callable[[ExternalContents, Pictures], Html]

CAPTIONS = {
    "roc": "Each threshold's hits over its false alarms; the dot is the package's own.",
    "precision_recall": "Matters most where the class is rare.",
    "calibration": "Above the dotted line the truth is more frequent than said.",
    "calibration_frozen": "The same for the probabilities that the package hands on.",
    "scores": "The less the classes overlap, the better.",
    "decision_curve": "Above both other lines the score does more good than treating all or none.",
}


def external_figures(contents: ExternalContents) -> dict[str, bytes]:
    """The pictures by name, as PNG bytes."""
    table_of, evaluation = contents.predictions, contents.external.evaluation
    found = {
        "roc": roc_png(table_of, evaluation),
        "precision_recall": precision_recall_png(table_of),
        "calibration": reliability_png(table_of),
        "scores": scores_png(table_of, evaluation),
    }
    if contents.calibrated is not None:
        found["calibration_frozen"] = reliability_png(contents.calibrated, "calibrated as in training")
    if evaluation.decision_curve is not None:
        found["decision_curve"] = decision_curve_png(evaluation)
    return found


def external_html(contents: ExternalContents, pictures: Pictures) -> str:
    """The page: the headline, then `SECTIONS`; it needs nothing beside it and runs nothing."""
    name = f"Package {contents.external.package} on {contents.cohort_name}"
    bodies = [(title, section(contents, pictures)) for title, section in SECTIONS]
    there = [(f"s{place}", title, body) for place, (title, body) in enumerate(bodies) if body]
    parts = [
        tag("h1", name),
        tag("p", tag("small", f"A frozen package on another cohort, by medidense. {SMALL_PRINT}")),
        _headline(contents),
        tag("nav", *(tag("a", title, href=f"#{anchor}") for anchor, title, _ in there)),
    ]
    for anchor, title, body in there:
        parts.append(tag("section", tag("h2", title), body, id=anchor))
    parts.append(tag("p", tag("small", SMALL_PRINT)))
    return page(name, STYLE + REPORT_STYLE, parts)


def external_numbers(contents: ExternalContents) -> dict[str, object]:
    """The page's numbers, for report.json."""
    external, floor = contents.external, contents.as_run.floor
    return {
        "cohort": contents.cohort_name,
        "package": external.package,
        "better_than_chance_and_floor": believable(contents.as_run),
        "floor": None if floor is None else asdict(floor),
        "in_words": _in_words(contents),
        **external.to_json(),
        "run": {"command": contents.command, **_facts(contents)},
        "notice": SMALL_PRINT,
    }


def _headline(contents: ExternalContents) -> Html:
    evaluation = contents.external.evaluation
    mood = {True: " passed", False: " failed", None: ""}[believable(contents.as_run)]
    subjects, samples = count(evaluation.subjects, "subject"), count(evaluation.samples, "sample")
    return tag(
        "div",
        tag("span", f"AUROC {evaluation.auroc.text()}", kind="big"),
        tag("p", f"On {subjects} with {samples} of another cohort: {evaluation.auroc_definition}."),
        *(tag("p", sentence) for sentence in _in_words(contents)),
        kind=f"verdict{mood}",
    )


def _in_words(contents: ExternalContents) -> list[str]:
    """The headline's sentences."""
    external, run = contents.external, contents.as_run
    figures = {one.name: one for one in external.beside}
    said = [meaning(run), auroc_words(figures["auroc"]), _floor_words(contents)]
    found, point = external.evaluation.metrics, external.evaluation.operating_point
    if run.binary:
        said.append(
            f"Decided from a score of {point:.3g} on, as in the package: sensitivity "
            f"{found['sensitivity'].text()}, specificity {found['specificity'].text()}."
        )
    told = external.observed_expected
    said += drift_words(figures, told.get("frozen", told.get("raw")))
    return [sentence for sentence in said if sentence]


def _floor_words(contents: ExternalContents) -> str:
    """What the best rule without a network reaches here, and whether the network is better."""
    floor = contents.as_run.floor
    if floor is None:
        return ""
    gap = floor.network_minus_baseline
    words = "No difference has an interval"
    if gap.low is not None and gap.high is not None:
        words = "The network is not shown to be better"
        words = "The network is better" if gap.low > 0 else "The network is worse" if gap.high < 0 else words
    return f"{floor.name[0].upper()}{floor.name[1:]} reaches {floor.auroc.text()}. {words}: {gap.text()}."


def _flow(contents: ExternalContents, _: Pictures) -> Html:
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
    classes = [("class", "samples"), *contents.external.evaluation.class_counts.items()]
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


def _beside(contents: ExternalContents, _: Pictures) -> Html:
    rows = [("figure", "here", "out of fold in training", "here minus training")]
    rows += [
        (NAMES.get(one.name, one.name), one.here.text(), one.training.text(), one.difference.text())
        for one in contents.external.beside
    ]
    words = (
        "Training: out-of-fold scores of single folds' models, calibrated and decided by the other folds; a "
        "package averages these models. The difference is between different subjects, its interval from both."
    )
    return join([table(rows, "words small"), tag("p", words, kind="note")])


def _rivals(contents: ExternalContents, _: Pictures) -> Html:
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


def _curves(contents: ExternalContents, pictures: Pictures) -> Html:
    wanted = ("roc", "precision_recall", "scores")
    return tag("div", *(figure(pictures[name], name, CAPTIONS[name]) for name in wanted), kind="pair")


def _calibration(contents: ExternalContents, pictures: Pictures) -> Html:
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


def _decisions(contents: ExternalContents, _: Pictures) -> Html:
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
    for one in evaluation.operating_points:
        if one.deployment_prevalence is not None:
            told = ", ".join(f"{name.upper()} {estimate.text()}" for name, estimate in one.deployment.items())
            parts.append(tag("p", f"At a prevalence of {one.deployment_prevalence:g}: {told}."))
    if evaluation.labels:
        head: list[tuple[object, ...]] = [("label", "shown", "subjects", "AUROC", "AUPRC")]
        each = [
            (one.name, f"{one.positives} of {one.samples}", one.subjects, one.auroc.text(), one.auprc.text())
            for one in evaluation.labels
        ]
        parts.append(table([*head, *each], "words"))
    return join([*parts, table(rows, "words")])


def _curve(contents: ExternalContents, pictures: Pictures) -> Html:
    if "decision_curve" not in pictures:
        return Html("")
    return tag(
        "div", figure(pictures["decision_curve"], "decision curve", CAPTIONS["decision_curve"]), kind="pair"
    )


def _sets(contents: ExternalContents, _: Pictures) -> Html:
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


def _recalibration(contents: ExternalContents, _: Pictures) -> Html:
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


def _provenance(contents: ExternalContents, _: Pictures) -> Html:
    return join([tag("pre", contents.command), pairs(_facts(contents))])


def _facts(contents: ExternalContents) -> dict[str, str]:
    """What was run on what."""
    external, training = contents.external, contents.manifest.training
    classes = ", ".join(f"{name} {number}" for name, number in training.class_counts.items())
    size = f"{count(training.subjects, 'subject')}, {count(training.samples, 'sample')}"
    return {
        "package": external.package,
        "sha256 of its manifest": external.package_digest,
        "models": str(len(contents.manifest.models)),
        "trained on": f"{size} ({classes})",
        "by": training.code_version,
        "cohort": f"{contents.cohort_name}.csv, sha256 of its rows {external.evaluation.cohort_digest}",
    }


def _of_run(section: Callable[..., Html]) -> Section:
    """A section that says the same of a run."""
    return lambda contents, _: section(contents.as_run)


SECTIONS: tuple[tuple[str, Section], ...] = (
    ("Flow of participants", _flow),
    ("Here and in training", _beside),
    ("Against rules without a network", _rivals),
    ("Scores", _curves),
    ("Calibration", _calibration),
    ("Decisions", _decisions),
    ("Decision curve", _curve),
    ("Referred to a human", _sets),
    ("Matched in size", _of_run(matched_section)),
    ("Subgroups", _of_run(subgroups_section)),
    ("Recalibrated on this cohort, apart", _recalibration),
    ("To know beside the numbers", _of_run(notes_section)),
    ("What was run", _provenance),
    ("The recipe", _of_run(recipe_section)),
)
"""In the order of the page. A section that gives an empty text is left out, with its title."""
