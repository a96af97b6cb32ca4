"""Rules of the house that no linter holds."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "medidense").rglob("*.py"))
FORBIDDEN = re.compile(r"(^|_)(utils?|helpers?|common|misc|base|managers?|processors?)$")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "medidense")))
def test_a_module_is_short_says_what_it_answers_and_keeps_to_the_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 350
    assert ast.get_docstring(tree), "a module begins with the question it answers"
    assert not FORBIDDEN.search(path.stem)
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls.isdisjoint({"eval", "exec"})
    assert not any(isinstance(node, (ast.Assert, ast.Global)) for node in ast.walk(tree))
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        (node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported.isdisjoint({"pickle", "cloudpickle", "dill", "marshal", "shelve", "torchvision"})


def test_only_an_item_and_the_guard_catch_everything() -> None:
    """One broad handler for an item of a batch or a request, and one where foreign bytes are decoded.

    A handler that only cleans up and raises again is none.
    """
    broad = [
        str(path.relative_to(ROOT / "medidense"))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]
    assert broad == ["io/guarded/outcome.py", "package/answering.py"]


def test_nothing_in_the_project_names_the_machine_it_was_made_on() -> None:
    words = re.compile("/" + r"(work|opt|tmp/spec|root)/\w")
    folders = ("medidense", "docs", "workflows", "benchmarks", "tests")
    pages = [
        path
        for name in folders
        for path in (ROOT / name).rglob("*")
        if path.suffix in (".py", ".md", ".yaml")
    ]
    pages += [
        ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
    ]
    assert [str(path) for path in pages if words.search(path.read_text(encoding="utf-8"))] == []
