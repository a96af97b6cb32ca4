"""How does a benchmark look as one page of HTML that needs nothing beside it?"""

from collections.abc import Mapping, Sequence
from typing import Any

from medidense.pages.markup import SMALL_PRINT, Html, Rows, confusion, page, picture, table, tag
from medidense.pages.style import STYLE


def benchmark_html(
    results: Sequence[Mapping[str, Any]], tables: Mapping[str, Rows], maps: bytes | None
) -> str:
    """The page: verdict, `tables` by their titles (the first row of each is its head), matrix, `maps` as PNG.

    `results` are benchmark.json of the recipe and of what it is compared with.
    """
    first = results[0]
    mood = {True: " passed", False: " failed", None: ""}[first["passed"]]
    parts: list[Html] = [tag("h1", first["recipe"]), tag("p", first["verdict"], kind=f"verdict{mood}")]
    for title, rows in tables.items():
        parts += [tag("h2", title), table(rows)]
    parts += [
        tag("h2", "Confusion matrix"),
        tag("p", "Test images over all seeds, a row for each true class."),
        confusion(first["classes"], first["confusion"]),
    ]
    if maps is not None:
        parts += [
            tag("h2", "Where the network of the first seed looks"),
            tag("p", "Grad-CAM for the class it gives."),
            picture(maps, "test images and their maps"),
        ]
    machine = "; ".join(f"{key} {value}" for key, value in first["machine"].items())
    parts.append(tag("p", tag("small", f"{machine}. {SMALL_PRINT}")))
    return page(first["recipe"], STYLE, parts)


def known_answers_html(verdict: str, passed: bool | None, trials: Rows) -> str:
    """The page of the trial on phantoms: verdict, and for each of `trials` what was asked and what came."""
    mood = {True: " passed", False: " failed", None: ""}[passed]
    story = (
        "Phantoms of nodules in a chest CT, cross-validated by subject through the same chain as patients: "
        "shape decides in the first, labels are exchanged between subjects in the others."
    )
    parts: list[Html] = [
        tag("h1", "Known answers for lesions"),
        tag("p", verdict, kind=f"verdict{mood}"),
        table([("side", "must be", "found", "holds"), *trials]),
        tag("p", story),
        tag("p", tag("small", SMALL_PRINT)),
    ]
    return page("Known answers for lesions", STYLE, parts)
