"""Which checks say whether to believe the figures, and what did they find?"""

from dataclasses import asdict, dataclass
from typing import Literal

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, table, tag
from medidense.values import Outcome, Separation
from medidense.values.wording import count

TONE = {"passed": "good", "found": "bad", "failed": "bad", "not run": "open"}

APART, COPIES = "subjects in one part only", "copies of test images"

UNCHECKED = "The folds were not looked at again."


@dataclass(frozen=True)
class Control:
    """One check: its name, how it ended, and what was found in words."""

    name: str
    outcome: Outcome | Literal["failed"]
    said: str

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


def controls(contents: RunContents) -> tuple[Control, ...]:
    """Every check that the page speaks of, run or not."""
    return (
        *parts_apart(contents),
        *(Control(one.title, one.outcome, one.said) for one in contents.evaluation.controls),
        *_sanity(contents),
    )


def _sanity(contents: RunContents) -> tuple[Control, ...]:
    """The newest known-answer runs of the code that trained."""
    noted = contents.evaluation.sanity
    if not noted:
        said = "This code has not been tried on images with known answers (medidense benchmark phantom)."
        return (Control("known answers", "not run", said),)
    return tuple(
        Control(
            f"known answers: {one.name}",
            "passed" if one.passed else "found",
            f"{one.when[:10]}: {one.verdict}",
        )
        for one in noted
    )


def parts_apart(contents: RunContents) -> tuple[Control, Control]:
    """Whether the parts of each fold share a subject or an image, counted from the run's own files."""
    found = contents.separation
    if found is None:
        return Control(APART, "not run", UNCHECKED), Control(COPIES, "not run", UNCHECKED)
    rows, folds = count(found.rows, "row"), count(found.folds, "fold")
    said = f"{count(found.subjects, 'subject')}, {folds}, {rows} of their parts checked: "
    said += f"{count(found.subjects_in_two, 'subject')} in two parts of a fold."
    if found.subjects_in_two:
        said += " The figures are too good: remove the run and start it anew."
    return Control(APART, "failed" if found.subjects_in_two else "passed", said), _copies(contents, found)


def _copies(contents: RunContents, found: Separation) -> Control:
    """Images of the training side that are copies of test images: exact by digest, near ones by look."""
    leakage = contents.evaluation.leakage
    near = count(leakage.kept, "near copy", "near copies")
    dropped = f"{count(leakage.dropped, 'copy', 'copies')} dropped from training, folds added up."
    if found.images is None:
        said = (
            "Exact copies were not counted: prints.csv (medidense export adds it) lacks images of the run. "
        )
        said += f"By leaks.csv {near} trained on, {dropped}"
        return Control(COPIES, "found" if leakage.kept else "not run", said)
    exact = count(found.exact_copies, "exact copy", "exact copies")
    said = f"{count(found.images, 'different image')} compared: {exact} by digest and {near} by look trained "
    said += f"on, {dropped}"
    if found.exact_copies or leakage.kept:
        said += " The figures may be too good."
    outcome: Outcome = "found" if leakage.kept else "passed"
    return Control(COPIES, "failed" if found.exact_copies else outcome, said)


def controls_section(contents: RunContents) -> Html:
    """A row a check."""
    rows: list[tuple[object, ...]] = [("check", "outcome", "what it says")]
    for one in controls(contents):
        rows.append((one.name, tag("span", one.outcome, kind=f"mark {TONE[one.outcome]}"), one.said))
    return table(rows, "words")
