"""Every command, key, code, file and dependency is in the docs, as it is in the code."""

import importlib.util
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import medidense
import medidense.verbs
from medidense.rundir import RunDir
from medidense.values import CODES, REMEDIES, Limits, Recipe, recipe_keys
from medidense.values.section import Section

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
VERBS = [name for name in medidense.verbs.__all__ if name[0].islower()]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows_of(name: str, heading: str = "") -> list[list[str]]:
    """Cells of every table row of a page, from `heading` on (to the next heading of its level)."""
    text = text_of(name)
    if heading:
        text = text.split(f"\n{heading}\n", 1)[1].split(f"\n{heading.split()[0]} ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [[cell.strip() for cell in row] for row in rows if not set(row[0]) <= {"-", " ", "|"}]


def words(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def section_of(outer: type[BaseModel], name: str) -> type[BaseModel]:
    """The section of that name, also where it may be null."""
    annotation = outer.model_fields[name].annotation
    choices = getattr(annotation, "__args__", (annotation,))
    return next(one for one in choices if isinstance(one, type) and issubclass(one, Section))


def default_of(key: str) -> tuple[bool, Any]:
    """Whether a recipe key has a default, and which (as YAML would show it)."""
    section: type[BaseModel] = Recipe
    *path, leaf = key.split(".")
    for name in path:
        section = section_of(section, name)
    found = section.model_fields[leaf].default
    return found is not PydanticUndefined, found


def as_yaml(value: object) -> str:
    """A default as the page writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return {"()": "[]"}.get(str(value), str(value))


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_in_the_readme_and_on_the_python_page(verb: str) -> None:
    assert f"`medidense {verb}" in text_of("README.md")
    assert re.search(rf"^::: medidense\.verbs\.\w+\.{verb}$", text_of("docs/python.md"), re.MULTILINE)
    assert f"## {verb}\n" in text_of("docs/commands.md")


def test_every_public_name_is_on_the_python_page() -> None:
    page = text_of("docs/python.md")
    public = [name for name in medidense.__all__ if not name.startswith("__")]
    assert [name for name in public if not re.search(rf"^::: medidense\.[\w.]*\b{name}$", page, re.M)] == []


@pytest.mark.parametrize("key", recipe_keys())
def test_each_recipe_key_stands_in_the_docs_with_its_default(key: str) -> None:
    rows = [row for row in rows_of("docs/recipe.md") if words(row[0]) == [key]]
    assert len(rows) == 1, f"docs/recipe.md needs one row for {key}"
    has_default, default = default_of(key)
    assert rows[0][2] == (f"`{as_yaml(default)}`" if has_default else "needed")
    assert rows[0][3]


def test_the_recipe_page_knows_no_other_key() -> None:
    keys = [words(row[0])[0] for row in rows_of("docs/recipe.md") if words(row[0])]
    sections = {".".join(key.split(".")[:-1]) for key in recipe_keys()}
    assert set(keys) - sections == set(recipe_keys())


def test_the_words_a_key_allows_are_those_of_the_code() -> None:
    for row in rows_of("docs/recipe.md"):
        key, listed = words(row[0]), words(row[1])
        if not key or not listed or key[0] == "version":
            continue
        section: type[BaseModel] = Recipe
        *path, leaf = key[0].split(".")
        for name in path:
            section = section_of(section, name)
        annotation = section.model_fields[leaf].annotation
        allowed = getattr(annotation, "__args__", ())
        if allowed and all(isinstance(word, (str, int)) and not isinstance(word, type) for word in allowed):
            assert sorted(map(str, allowed)) == sorted(listed), key[0]


def test_the_refusal_codes_stand_with_their_rules() -> None:
    table = {
        words(row[0])[0]: row[1]
        for row in rows_of("docs/coordinates.md", "## Refusal codes")
        if words(row[0])
    }
    assert table == dict(CODES)
    assert all(row[2] for row in rows_of("docs/coordinates.md", "## Refusal codes"))


def test_each_code_has_its_remedy_and_each_limit_its_row() -> None:
    assert list(REMEDIES) == list(CODES)
    rows = [row for row in rows_of("docs/coordinates.md", "## Hostile files") if words(row[0])]
    assert [words(row[0])[0] for row in rows] == [field.name for field in fields(Limits)]


def test_each_warning_of_the_readers_is_in_the_docs() -> None:
    table = {words(row[0])[0] for row in rows_of("docs/coordinates.md", "## Warnings") if words(row[0])}
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "medidense" / "io").rglob("*.py")
    )
    given = set(re.findall(r"[\"']((?!RLIMIT)[A-Z]+_[A-Z]+|LOSSY|RESAMPLED): ", sources)) - set(CODES)
    assert given <= table
    assert len(table) >= 5


def test_every_file_of_a_run_directory_is_in_the_docs() -> None:
    listed = {word for row in rows_of("docs/run-directory.md") for word in words(row[0])}
    run = RunDir(Path("run"))
    fold = run.fold(0)
    found = set()
    for owner in (run, fold):
        for name, value in vars(type(owner)).items():
            if isinstance(value, property):
                path = _path(owner, name)
                found |= {path.name} if path else set()
    assert len(found) >= 10
    assert {"folds/0", "run.json", "fold.json"} <= listed
    assert found <= listed


def _path(owner: object, name: str) -> Path | None:
    """A property's path; None where it reads a file or is no path."""
    try:
        value = getattr(owner, name)
    except medidense.MedidenseError:
        return None
    return value if isinstance(value, Path) else None


def test_the_floors_of_the_docs_are_those_of_the_contract() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(item for item in contracts if item["id"] == "floors")["layers"]
    held = [sorted(room.strip() for room in layer.split("|")) for layer in layers]
    rows = [row for row in rows_of("docs/architecture.md", "## Floors") if row[0].isdigit()]
    floors = sorted({int(row[0]) for row in rows}, reverse=True)
    told = [sorted(words(row[1])[0] for row in rows if int(row[0]) == floor) for floor in floors]
    assert told == held
    assert floors == list(range(len(held), 0, -1))
    there = {
        path.stem
        for path in (ROOT / "medidense").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert {room for floor in held for room in floor} == there - {"__init__", "__main__"}


def test_each_dependency_has_its_reason() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]

    def names(requirements: list[str]) -> list[str]:
        plain = [re.split(r"[\[<>=!~ ;]", text)[0].lower() for text in requirements]
        return sorted(name for name in plain if name != "medidense")

    required = [row for row in rows_of("docs/dependencies.md", "## Required") if words(row[0])]
    assert [words(row[0])[0] for row in required] == names(project["dependencies"])
    extras = [row for row in rows_of("docs/dependencies.md", "## Extras") if words(row[0])]
    for extra, requirements in project["optional-dependencies"].items():
        assert [words(row[0])[0] for row in extras if row[1] == extra] == names(requirements)
    assert all(all(row) for row in required + extras)


def test_the_columns_of_a_cohort_are_in_the_docs() -> None:
    from medidense.cohort.columns import KNOWN, REQUIRED
    from medidense.rundir.groups import COLUMNS

    rows = [row for row in rows_of("docs/cohort.md", "## Columns") if words(row[0])]
    assert {word for row in rows for word in words(row[0])} == {*KNOWN, *COLUMNS}
    assert {word for row in rows if row[1] == "yes" for word in words(row[0])} == set(REQUIRED)
    example = re.search(r"```csv\n(.*?)\n", text_of("docs/index.md"))
    assert example is not None
    assert set(example.group(1).split(",")) <= set(KNOWN)


def test_the_metrics_on_the_mlflow_page_are_those_that_are_logged() -> None:
    spec = importlib.util.spec_from_file_location("names", ROOT / "medidense" / "track" / "names.py")
    assert spec is not None
    assert spec.loader is not None
    names = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(names)
    page = text_of("docs/mlflow.md")
    told = [
        names.AUROC,
        names.AUROC + names.LOW,
        names.FOLD_MEAN,
        names.PATIENTS,
        names.LESIONS,
        names.HEADLINE,
    ]
    told += [names.FOLD_AUROC, names.LOSS, names.VALIDATION_LOSS, names.LEARNING_RATE, names.EPOCH_SECONDS]
    told += [names.pooled("sensitivity"), names.baseline("x").removesuffix("x")]
    told += [
        names.EXTERNAL_HEADLINE,
        names.EXTERNAL_VALIDATION,
        names.MINUS_TRAINING,
        names.OBSERVED_EXPECTED,
    ]
    told += [names.REFUSED, names.UNLABELLED, names.pooled("auroc", names.EXTERNAL)]
    assert [word for word in told if f"`{word}" not in page] == []
