"""How does a frozen package on another cohort look as one page that a reviewer understands in a minute?"""

from collections.abc import Callable
from dataclasses import asdict

from medidense.pages.deployment import decision_curve_png
from medidense.pages.drift import auroc_words, drift_words
from medidense.pages.external_contents import ExternalContents
from medidense.pages.external_sections import (
    Pictures,
    beside_training,
    facts_of,
    flow_steps,
    frozen_calibration,
    frozen_decisions,
    frozen_sets,
    net_benefit,
    provenance,
    recalibrated,
    score_figures,
    untrained_rules,
)
from medidense.pages.headline import believable, by_subject, meaning
from medidense.pages.markup import SMALL_PRINT, Html, page, tag
from medidense.pages.per_subject import per_subject_section
from medidense.pages.performance import notes_section
from medidense.pages.precision_recall import precision_recall_png
from medidense.pages.provenance import recipe_section
from medidense.pages.ranking import roc_png, scores_png
from medidense.pages.reliability import reliability_png
from medidense.pages.style import REPORT_STYLE, STYLE
from medidense.pages.subgroups import matched_section, subgroups_section
from medidense.values.wording import count

Section = Callable[[ExternalContents, Pictures], Html]


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
        "run": {"command": contents.command, **facts_of(contents)},
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
    said.append(by_subject(run))
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


def _of_run(section: Callable[..., Html]) -> Section:
    """A section that says the same of a run."""
    return lambda contents, _: section(contents.as_run)


SECTIONS: tuple[tuple[str, Section], ...] = (
    ("Flow of participants", flow_steps),
    ("Here and in training", beside_training),
    ("Against rules without a network", untrained_rules),
    ("Scores", score_figures),
    ("Calibration", frozen_calibration),
    ("Decisions", frozen_decisions),
    ("Per sample and per subject", _of_run(per_subject_section)),
    ("Decision curve", net_benefit),
    ("Referred to a human", frozen_sets),
    ("Matched in size", _of_run(matched_section)),
    ("Subgroups", _of_run(subgroups_section)),
    ("Recalibrated on this cohort, apart", recalibrated),
    ("To know beside the numbers", _of_run(notes_section)),
    ("What was run", provenance),
    ("The recipe", _of_run(recipe_section)),
)
"""In the order of the page. A section that gives an empty text is left out, with its title."""
