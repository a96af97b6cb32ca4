"""The same question finds the same folder; another one is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import Asked, code_digest

ASKED = Asked("nodules", "c" * 64, "", {"training.epochs": 3}, 5, 0, None, "code")


def test_the_folder_name_follows_the_question_but_not_the_code() -> None:
    name = ASKED.folder_name
    assert name.startswith("nodules-")
    assert len(name) == len("nodules-") + 8
    assert replace(ASKED, code="other").folder_name == name
    changes = (
        {"cohort": "d" * 64},
        {"recipe": "r"},
        {"settings": {}},
        {"folds": 4},
        {"seed": 1},
        {"budget": 3.0},
        {"split": "repeated"},
        {"repeats": 3},
        {"stratify": "site"},
        {"candidates": ({"training.epochs": 3}, {"training.epochs": 4})},
    )
    assert len({replace(ASKED, **change).folder_name for change in changes} | {name}) == 11


@pytest.mark.parametrize(
    "change", [{"cohort": "d" * 64}, {"code": "new"}, {"seed": 1}, {"settings": {"a": 1}}]
)
def test_what_differs_is_named(change: dict[str, object]) -> None:
    saved = ASKED.to_json()
    ASKED.same_as(saved, Path("runs/x"))
    with pytest.raises(RunError, match=f"another {next(iter(change))}"):
        replace(ASKED, **change).same_as(saved, Path("runs/x"))


def test_the_code_has_a_digest() -> None:
    assert code_digest() == code_digest()
    assert "+" in code_digest()
