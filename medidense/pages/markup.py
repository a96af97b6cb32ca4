"""How does a piece of a page become HTML in which nothing of the user's is taken for markup?

Every function escapes what it is given; only `Html` is put in as it is.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from medidense.values.wording import class_words

SMALL_PRINT = "Research software, not a medical device."

Rows = Sequence[Sequence[object]]


class Html(str):
    """A text that is HTML already, made by the functions here."""


def text(value: object) -> Html:
    """`value` as HTML: as it is where it is `Html`, escaped where not."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def join(parts: Iterable[object]) -> Html:
    """The parts one after the other."""
    return Html("".join(text(part) for part in parts))


def tag(name: str, *parts: object, **attributes: str) -> Html:
    """An element. `kind` stands for the attribute class; other names as they are.

    >>> tag("p", "a < b", kind="note")
    '<p class="note">a &lt; b</p>'
    """
    pairs = (
        f' {"class" if key == "kind" else key}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{''.join(pairs)}>{join(parts)}</{name}>")


def table(rows: Rows, kind: str = "") -> Html:
    """A table; the first row is its head."""
    head, *body = rows
    lines = [tag("tr", *(tag("th", cell) for cell in head))]
    lines += [tag("tr", *(tag("td", cell) for cell in row)) for row in body]
    return tag("table", *lines, kind=kind)


def pairs(facts: Mapping[str, object]) -> Html:
    """A table of two columns without a head; rows without a value are left out."""
    rows = (tag("tr", tag("th", key), tag("td", value)) for key, value in facts.items() if value != "")
    return tag("table", *rows, kind="words")


def confusion(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> Html:
    """The matrix, rows true classes, each cell the darker the larger its share of the row."""
    lines = [tag("tr", tag("th"), *(tag("th", class_words(name)) for name in classes))]
    for name, row in zip(classes, counts, strict=True):
        total = max(1, sum(row))
        shades = (f"background: rgba(0, 114, 178, {0.75 * count / total:.3f})" for count in row)
        cells = (tag("td", count, style=shade) for count, shade in zip(row, shades, strict=True))
        lines.append(tag("tr", tag("td", class_words(name)), *cells))
    return tag("table", *lines, kind="confusion")


def picture(content: bytes, words: str, kind: str = "png") -> Html:
    """An image that lies in the page; `words` say what it shows, `kind` is png or jpeg."""
    data = base64.b64encode(content).decode("ascii")
    return Html(f'<img alt="{escape(words)}" src="data:image/{kind};base64,{data}">')


def figure(content: bytes, words: str, caption: str, kind: str = "png") -> Html:
    """A picture with its caption."""
    return tag("figure", picture(content, words, kind), tag("figcaption", caption))


def page(title: str, style: str, parts: Iterable[object]) -> str:
    """The whole page: one file that asks for nothing beside it, and runs nothing."""
    rule = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{rule}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{style}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{join(parts)}</body></html>\n'
