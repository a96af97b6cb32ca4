"""What compare prints, and its JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medidense.cli.app import main
from medidense.values import Comparison, Estimate, McNemar
from medidense.verbs.comparing import CompareResult

FOUND = Comparison(
    samples=40,
    subjects=40,
    auroc_first=Estimate(0.9, 0.8, 0.95),
    auroc_second=Estimate(0.85, 0.75, 0.9),
    difference=Estimate(0.05, -0.01, 0.11),
    delong=Estimate(0.05, -0.012, 0.112),
    delong_p=0.0004,
    mcnemar={"accuracy": McNemar(40, 6, 2, 0.2890625, 30)},
    operating_points=(0.5, 0.4),
    interval="95 % percentile bootstrap over 40 subjects, 2000 draws, paired",
    notes=("The folds differ: part of the difference is theirs.",),
)


def test_a_comparison_on_a_page(
    stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = stand_in("compare", CompareResult(Path("a"), Path("b"), FOUND))
    assert main(["compare", ".", "."]) == 0
    said = capsys.readouterr().out
    assert "first minus second       0.050 (95% CI -0.010 to 0.110)" in said
    assert "0.050 (95% CI -0.012 to 0.112), p < 0.001" in said
    assert "Decisions at the operating points 0.5 and 0.4" in said
    assert "accuracy  40    30        6                     2                0.289" in said
    assert "note: The folds differ" in said
    assert calls == [((Path(), Path()), {})]


def test_a_comparison_as_json(
    stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("compare", CompareResult(Path("a"), Path("b"), FOUND))
    assert main(["compare", ".", ".", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["first"] == "a"
    assert tree["mcnemar"]["accuracy"]["only_first"] == 6
    assert tree["difference"]["low"] == -0.01
