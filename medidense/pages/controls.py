"""Which checks say whether to believe the figures, and what did they find?"""

from dataclasses import asdict, dataclass

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, table, tag
from medidense.values import Outcome
from medidense.values.wording import count

TONE = {"passed": "good", "found": "bad", "not run": "open"}


@dataclass(frozen=True)
class Control:
    """One check: its name, how it ended, and what was found in words."""

    name: str
    outcome: Outcome
    said: str

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


def controls(contents: RunContents) -> tuple[Control, ...]:
    """Every check that the page speaks of, run or not."""
    return (
        Control("subjects in one part only", "passed", "No subject is trained on and tested in one fold."),
        _copies(contents),
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


def _copies(contents: RunContents) -> Control:
    """What became of training images that are copies of test images."""
    name, leakage = "copies of test images", contents.evaluation.leakage
    if leakage.kept:
        kept = count(leakage.kept, "near copy", "near copies")
        said = f"{kept} trained on, folds added up: the figures may be too good."
        return Control(name, "found", said)
    if leakage.dropped:
        said = f"{count(leakage.dropped, 'copy', 'copies')} found and dropped from training, folds added up."
        return Control(name, "passed", said)
    return Control(name, "passed", "No training image is a copy of a test image, by digest and by look.")


def controls_section(contents: RunContents) -> Html:
    """A row a check."""
    rows: list[tuple[object, ...]] = [("check", "outcome", "what it says")]
    for one in controls(contents):
        rows.append((one.name, tag("span", one.outcome, kind=f"mark {TONE[one.outcome]}"), one.said))
    return table(rows, "words")
