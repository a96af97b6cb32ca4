"""Writes the tables that are made from the code into docs/coordinates.md; with ``--check`` only compares."""

import ast
import inspect
import sys
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

from medidense.values import CODES, LIMITS, REMEDIES, limits

PAGE = Path(__file__).with_name("coordinates.md")
SIZES = ((30, "GiB"), (20, "MiB"))


def refusal_codes() -> list[str]:
    """A row for each code."""
    rows = [f"| `{code}` | {rule} | {REMEDIES[code]} |" for code, rule in CODES.items()]
    return ["| code | rule | what helps |", "| --- | --- | --- |", *rows]


def limit_keys() -> list[str]:
    """A row for each ceiling; what it is of is the sentence below the field."""
    tree = ast.parse(inspect.getsource(limits.Limits)).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    says = {
        field.target.id: text.value.value
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
    rows = [
        f"| `{field.name}` | {_shown(field.name, getattr(LIMITS, field.name))} | {says[field.name]} |"
        for field in fields(LIMITS)
    ]
    return ["| key | default | of what |", "| --- | --- | --- |", *rows]


def _shown(name: str, value: float) -> str:
    """A default as people write it."""
    for power, unit in SIZES if name.endswith("_bytes") else ():
        if value % (1 << power) == 0:
            return f"{int(value) >> power} {unit}"
    return f"{value:,}".replace(",", " ").removesuffix(".0")


TABLES = {"refusal codes": refusal_codes, "limits": limit_keys}


def with_tables(text: str) -> str:
    """The page with its tables made anew."""
    for name, rows in TABLES.items():
        head, begin, rest = text.partition(f"<!-- begin {name}: made by docs/code_tables.py -->\n")
        _, end, tail = rest.partition(f"<!-- end {name} -->")
        if not (begin and end):
            raise ValueError(f"{PAGE.name} has no place for the table of {name}")
        text = "\n".join([f"{head}{begin}", *rows(), "", f"{end}{tail}"])
    return text


def run(check: bool) -> int:
    """Write the page, or compare it; 0 when it is up to date."""
    before = PAGE.read_text(encoding="utf-8")
    after = with_tables(before)
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    return int(check and before != after)


if __name__ == "__main__":
    sys.exit(run("--check" in sys.argv[1:]))
