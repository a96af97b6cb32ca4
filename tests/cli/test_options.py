"""The checks that cost nothing."""

from pathlib import Path

import pytest

from medidense.cli.options import above_zero, present, settings
from medidense.errors import UsageError


def test_settings_keep_the_value_as_typed() -> None:
    assert settings(["input.size=[32, 32, 32]", "labels.positive=a=b", " network.name = x "]) == {
        "input.size": "[32, 32, 32]",
        "labels.positive": "a=b",
        "network.name": "x",
    }


@pytest.mark.parametrize("pairs", [["training.epochs"], ["=3"], ["a=1", "a=2"], [""]])
def test_settings_refuse_what_is_no_pair_or_stands_twice(pairs: list[str]) -> None:
    with pytest.raises(UsageError, match="--set"):
        settings(pairs)


def test_present_names_the_first_missing_path(tmp_path: Path) -> None:
    assert present(tmp_path) == tmp_path
    assert present(None) is None
    with pytest.raises(UsageError, match="nowhere"):
        present([tmp_path, tmp_path / "nowhere"])


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("inf"), float("nan")])
def test_a_budget_is_above_zero_and_finite(minutes: float) -> None:
    with pytest.raises(UsageError, match="minutes"):
        above_zero(minutes)
    assert above_zero(0.5) == 0.5
