"""How does a benchmark look as one page of HTML that needs nothing beside it?"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
.verdict { font-size: 1.25rem; padding: .7rem 1rem; border-left: .5rem solid #999; background: #f5f5f5; }
.passed { border-color: #009e73; } .failed { border-color: #d55e00; }
.confusion td { text-align: center; min-width: 2.6rem; } img { max-width: 100%; } small { color: #666; }
"""

Rows = Sequence[Sequence[str]]


def benchmark_html(
    results: Sequence[Mapping[str, Any]], tables: Mapping[str, Rows], maps: bytes | None
) -> str:
    """The page: verdict, `tables` by their titles (the first row of each is its head), matrix, `maps` as PNG.

    `results` are benchmark.json of the recipe and of what it is compared with.
    """
    first = results[0]
    mood = {True: " passed", False: " failed", None: ""}[first["passed"]]
    parts = [
        f"<h1>{escape(first['recipe'])}</h1>",
        f'<p class="verdict{mood}">{escape(first["verdict"])}</p>',
    ]
    for title, rows in tables.items():
        parts += [f"<h2>{escape(title)}</h2>", _table(rows)]
    parts += ["<h2>Confusion matrix</h2>", "<p>Test images over all seeds, a row for each true class.</p>"]
    parts.append(_confusion(first["classes"], first["confusion"]))
    if maps is not None:
        picture = base64.b64encode(maps).decode("ascii")
        parts += [
            "<h2>Where the network of the first seed looks</h2>",
            "<p>Grad-CAM for the class it gives.</p>",
        ]
        parts.append(f'<img alt="test images and their maps" src="data:image/png;base64,{picture}">')
    machine = "; ".join(f"{key} {value}" for key, value in first["machine"].items())
    parts.append(f"<p><small>{escape(machine)}. Research software, not a medical device.</small></p>")
    head = f'<meta charset="utf-8"><title>{escape(first["recipe"])}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def known_answers_html(verdict: str, passed: bool | None, trials: Rows) -> str:
    """The page of the trial on phantoms: verdict, and for each of `trials` what was asked and what came."""
    mood = {True: " passed", False: " failed", None: ""}[passed]
    rows = [("side", "must be", "found", "holds"), *trials]
    body = (
        f'<h1>Known answers for lesions</h1><p class="verdict{mood}">{escape(verdict)}</p>{_table(rows)}'
        "<p>Phantoms of nodules in a chest CT, cross-validated by subject through the same chain as "
        "patients: shape decides in the first, labels are exchanged between subjects in the others. "
        "Research software, not a medical device.</p>"
    )
    head = f'<meta charset="utf-8"><title>Known answers for lesions</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _table(rows: Rows) -> str:
    head, *body = rows
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return f"<table>{''.join(lines)}</table>"


def _confusion(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """The matrix, each cell the darker the larger its share of the row."""
    lines = ["<tr><th></th>" + "".join(f"<th>{escape(name)}</th>" for name in classes) + "</tr>"]
    for name, row in zip(classes, counts, strict=True):
        total = max(1, sum(row))
        cells = (
            f'<td style="background: rgba(0, 114, 178, {0.75 * count / total:.3f})">{count}</td>'
            for count in row
        )
        lines.append(f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>")
    return f'<table class="confusion">{"".join(lines)}</table>'
