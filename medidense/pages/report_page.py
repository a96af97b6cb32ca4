"""How does a cross-validation look as one page that a reviewer understands in a minute?"""

from collections.abc import Callable
from dataclasses import asdict

from medidense.pages.checklist import checklist_counts, checklist_section
from medidense.pages.contents import RunContents
from medidense.pages.controls import controls, controls_section
from medidense.pages.deployment import (
    calibration_section,
    decision_curve_section,
    operating_points_section,
    prediction_sets_section,
)
from medidense.pages.flow import flow_section
from medidense.pages.headline import believable, headline
from medidense.pages.markup import SMALL_PRINT, Html, page, tag
from medidense.pages.mistakes import cases, mistakes_section
from medidense.pages.per_subject import per_subject_section
from medidense.pages.performance import (
    baselines_section,
    curves_section,
    decisions_section,
    folds_section,
    notes_section,
)
from medidense.pages.provenance import provenance_section, recipe_section
from medidense.pages.style import REPORT_STYLE, STYLE
from medidense.pages.subgroups import matched_section, subgroups_section

Section = Callable[[RunContents], Html]

SECTIONS: tuple[tuple[str, Section], ...] = (
    ("Flow of participants", flow_section),
    ("Against rules without a network", baselines_section),
    ("Scores", curves_section),
    ("Calibration", calibration_section),
    ("Decisions", decisions_section),
    ("Per sample and per subject", per_subject_section),
    ("Operating points", operating_points_section),
    ("Decision curve", decision_curve_section),
    ("Referred to a human", prediction_sets_section),
    ("Fold by fold", folds_section),
    ("Matched in size", matched_section),
    ("Subgroups", subgroups_section),
    ("Mistakes", mistakes_section),
    ("Controls", controls_section),
    ("To know beside the numbers", notes_section),
    ("What was run, and how to run it again", provenance_section),
    ("The recipe", recipe_section),
    ("Checklists: CLAIM 2024, TRIPOD+AI", checklist_section),
)
"""In the order of the page. A section that gives an empty text is left out, with its title."""


def report_html(contents: RunContents) -> str:
    """The page: the headline, then `SECTIONS`; it needs nothing beside it and runs nothing."""
    name = f"{contents.ran.cohort_name}: {contents.recipe.network.name}"
    bodies = [(title, section(contents)) for title, section in SECTIONS]
    there = [(f"s{place}", title, body) for place, (title, body) in enumerate(bodies) if body]
    parts = [
        tag("h1", name),
        tag("p", tag("small", f"A cross-validation by medidense. {SMALL_PRINT}")),
        headline(contents),
        tag("nav", *(tag("a", title, href=f"#{anchor}") for anchor, title, _ in there)),
    ]
    for anchor, title, body in there:
        parts.append(tag("section", tag("h2", title), body, id=anchor))
    parts.append(tag("p", tag("small", SMALL_PRINT)))
    return page(name, STYLE + REPORT_STYLE, parts)


def report_numbers(contents: RunContents) -> dict[str, object]:
    """The page's numbers, for report.json: the evaluation, the flow, the lists and the checks."""
    floor = contents.floor
    return {
        "cohort": contents.ran.cohort_name,
        "better_than_chance_and_floor": believable(contents),
        "floor": None if floor is None else asdict(floor),
        "evaluation": contents.evaluation.to_json(),
        "flow": asdict(contents.flow),
        "mistakes": cases(contents).to_json(),
        "separation": None if contents.separation is None else asdict(contents.separation),
        "controls": [one.to_json() for one in controls(contents)],
        "checklists": checklist_counts(contents),
        "run": {"command": contents.ran.command, **contents.ran.facts},
        "notice": SMALL_PRINT,
    }
