"""One family of errors, drawn once in its docstring and once in the docs, each with its exit code."""

import inspect
import re
from pathlib import Path

import pytest

import medidense.errors
from medidense.errors import MedidenseError
from medidense.values import Refused

FAMILY = [
    kind
    for _, kind in inspect.getmembers(medidense.errors, inspect.isclass)
    if issubclass(kind, MedidenseError)
] + [Refused]


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: str(kind.__name__))
def test_each_error_stands_in_the_tree_and_in_the_docs_with_its_code(
    kind: type[MedidenseError], root: Path
) -> None:
    line = rf"{kind.__name__}\s+(\d+, )*{kind.exit_code}\b"
    assert re.search(line, medidense.errors.__doc__ or "")
    assert re.search(line, (root / "docs" / "errors.md").read_text(encoding="utf-8"))
    assert (kind.__doc__ or "").strip()


def test_the_tree_in_the_docs_is_the_one_of_the_docstring(root: Path) -> None:
    tree = [line.strip() for line in (medidense.errors.__doc__ or "").splitlines() if "    " in line]
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert len(tree) >= len(FAMILY)
    assert [line for line in tree if line not in page] == []


def test_no_error_is_defined_elsewhere(root: Path) -> None:
    """Every exception class of ours descends from the family (the command line's Terminated is a signal)."""
    found = [
        f"{path.name}: {match}"
        for path in (root / "medidense").rglob("*.py")
        for match in re.findall(
            r"^class (\w+)\((?:\w*Error|\w*Exception|KeyboardInterrupt)\)", path.read_text(), re.M
        )
    ]
    known = {kind.__name__ for kind in FAMILY} | {"Terminated"}
    assert [item for item in found if item.split(": ")[1] not in known] == []
