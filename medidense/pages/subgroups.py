"""Does the network hold on each part of the subjects, and where size says nothing?"""

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, join, table, tag
from medidense.values.wording import class_counts, count

NAMES = {
    "age": "age, years",
    "slice_mm": "distance of slices",
    "volume": "lesion volume, mm3 (without a spacing: voxels)",
}
"""What a subgroup is by, where its name alone does not say it."""


def matched_section(contents: RunContents) -> Html:
    """The AUROC of pairs alike in lesion volume, beside the volume's own; empty where there are none."""
    found = contents.evaluation.matched
    if found is None:
        return Html("")
    rows = [
        ("scores", "all rows", "matched rows"),
        ("the network", contents.evaluation.auroc.text(), found.auroc.text()),
        ("lesion volume", _volume_on_all(contents), found.volume_auroc.text()),
    ]
    words = (
        f"{count(found.pairs, 'pair')} of {count(found.subjects, 'subject')}: one lesion of each class, "
        f"whose volumes differ by {found.caliper:g} at most in natural logarithm. What the network still "
        "tells apart here is more than size."
    )
    return join([table(rows, "words"), tag("p", words, kind="note")])


def _volume_on_all(contents: RunContents) -> str:
    """What the volume reaches on all rows, in its better direction."""
    rules = {rule.name: rule.auroc.text() for rule in contents.evaluation.baselines}
    return rules.get("volume alone", "not known")


def subgroups_section(contents: RunContents) -> Html:
    """Each part with its counts, and its AUROC where it has enough subjects; empty where there are none."""
    parts = contents.evaluation.subgroups
    if not parts:
        return Html("")
    rows: list[tuple[object, ...]] = [("by", "group", "samples", "subjects", "classes", "AUROC")]
    last = ""
    for part in parts:
        by = "" if part.by == last else NAMES.get(part.by, part.by)
        last = part.by
        counts = class_counts(part.class_counts)
        area: str = part.auroc.text()
        if part.note:
            note = tag("span", part.note, kind="note")
            area = note if part.auroc.value is None else join([area, " ", note])
        rows.append((by, part.group, part.samples, part.subjects, counts, area))
    words = (
        "Nothing is adjusted for how many groups there are: of twenty, one lies outside its interval by "
        "chance. Words of the table stand here as numbers; evaluation.json in the run directory names them."
    )
    return join([table(rows, "words small"), tag("p", words, kind="note")])
