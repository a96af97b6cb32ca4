"""Which items of the reporting checklists can the run fill, which in part, and which must the authors?"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from medidense.pages.checklist_answers import Answer, answers
from medidense.pages.checklist_items import CLAIM, TRIPOD, Item
from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, join, table, tag

State = Literal["filled", "partly", "left to the authors", "not applicable"]

STATES: tuple[State, ...] = ("filled", "partly", "left to the authors", "not applicable")

LISTS: Mapping[str, tuple[Item, ...]] = {"CLAIM 2024": CLAIM, "TRIPOD+AI": TRIPOD}

SOURCES = (
    "The wording is our own and short; read the originals before you submit. CLAIM 2024: Tejani et al., "
    "doi:10.1148/ryai.240300. TRIPOD+AI: Collins et al., doi:10.1136/bmj-2023-078378, its parts by the "
    "expanded checklist of tripod-statement.org, CC BY 4.0."
)

GIVEN = "The run develops a model; the item is for the evaluation of a given one."


def checklist_section(contents: RunContents) -> Html:
    """Both checklists, a row an item, with its state; what the run does not know is marked."""
    found = answers(contents)
    said = [f"{name}: {_words(counts)}, of {len(LISTS[name])}." for name, counts in _counted(found).items()]
    meant = "Partly: the authors add what stands in red. What the run knows is a beginning."
    parts = [tag("p", " ".join(said), kind="note"), tag("p", f"{meant} {SOURCES}", kind="note")]
    for name, items in LISTS.items():
        rows: list[tuple[object, ...]] = [("item", "asked", "state", "this run")]
        rows += [_row(item, found) for item in items]
        parts += [tag("h3", name), table(rows, "words small")]
    return join(parts)


def checklist_counts(contents: RunContents) -> dict[str, dict[str, int]]:
    """By checklist how many of its items, or of their parts, are in each state."""
    return _counted(answers(contents))


def _counted(found: Mapping[str, Answer]) -> dict[str, dict[str, int]]:
    counted = {name: Counter(_state(item, found) for item in items) for name, items in LISTS.items()}
    return {name: {state: counts[state] for state in STATES} for name, counts in counted.items()}


def _words(counts: Mapping[str, int]) -> str:
    """The three states always, the fourth where there is one."""
    return ", ".join(f"{number} {state}" for state, number in counts.items() if number or state != STATES[-1])


def _state(item: Item, found: Mapping[str, Answer]) -> State:
    if item.only == "E":
        return "not applicable"
    answer = found.get(item.answer, Answer())
    if not answer.said:
        return "left to the authors"
    return "partly" if answer.left else "filled"


def _row(item: Item, found: Mapping[str, Answer]) -> tuple[object, ...]:
    state = _state(item, found)
    if state == "not applicable":
        return item.number, item.asked, state, GIVEN
    if state == "left to the authors":
        return item.number, item.asked, tag("span", state, kind="blank"), ""
    answer = found[item.answer]
    left = tag("span", f" Authors: {answer.left}.", kind="blank") if answer.left else ""
    return item.number, item.asked, state, join([answer.said, left])
