"""Numbers and words of a split that do not go together are refused before any file is read."""

import pytest

from medidense.cli.options import Split, Strata
from medidense.errors import UsageError
from medidense.values import SplitPlan
from medidense.values.split_plan import SPLITS, STRATA


@pytest.mark.parametrize(
    ("fields", "option"),
    [
        ({"kind": "k-fold"}, "--split"),
        ({"stratify": "age"}, "--stratify"),
        ({"kind": "site", "folds": 5}, "--folds"),
        ({"kind": "column", "folds": 2}, "--folds"),
        ({"kind": "site", "stratify": "site"}, "--stratify"),
        ({"repeats": 3}, "--repeats"),
        ({"kind": "nested", "repeats": 3}, "--repeats"),
        ({"kind": "repeated", "repeats": 1}, "--repeats"),
        ({"kind": "repeated", "folds": 100, "repeats": 11}, "--repeats"),
        ({"folds": 1}, "--folds"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_what_does_not_go_together(fields: dict[str, object], option: str) -> None:
    with pytest.raises(UsageError) as caught:
        SplitPlan(**fields)  # type: ignore[arg-type]
    assert caught.value.problems[0].where == option
    assert caught.value.problems[0].next_step


def test_the_numbers_that_hold_where_none_are_asked_for() -> None:
    assert (SplitPlan().fold_count, SplitPlan().repeat_count) == (5, 1)
    assert (SplitPlan("repeated").fold_count, SplitPlan("repeated").repeat_count) == (5, 3)
    assert SplitPlan("site").fold_count == 0


def test_the_command_line_knows_the_same_words() -> None:
    assert [word.value for word in Split] == list(SPLITS)
    assert [word.value for word in Strata] == list(STRATA)
