"""ui and demo: what is passed on, what is printed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medidense.cli.app import main
from medidense.values import Estimate


def serve(*, port: int, told: Callable[[str], None], at: Callable[[str], None]) -> None:
    """Say two lines, as the server does once it is ready."""
    at(f"http://127.0.0.1:{port}")
    told(f"http://127.0.0.1:{port}/#/")
    told("stop with Ctrl-C")


def test_ui_prints_the_lines_it_is_told(
    stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("ui", serve)
    assert main(["ui", "--port", "5001"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:5001/#/\nstop with Ctrl-C\n"


def test_ui_with_json_is_one_object(
    stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("ui", serve)
    assert main(["ui", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"url": "http://127.0.0.1:5000"}


@pytest.mark.parametrize("shuffled", [False, True])
def test_demo_ends_with_where_everything_lies_and_what_to_try(
    shuffled: bool,
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = result(
        auroc=Estimate(0.95, 0.9, 0.99),
        shuffled=shuffled,
        seconds=200.0,
        cohort=Path("d/cohort.csv"),
        run=Path("d/run"),
        package=Path("d/package"),
        scores=Path("d/scores.csv"),
        scored=4,
        saliency=Path("d/maps"),
        tracking="mlruns",
        next_commands=("medidense ui", "medidense verify d/package"),
    )
    calls = stand_in("demo", done)
    assert main(["demo", "--seed", "3", "--out", "d", *(["--shuffle-labels"] if shuffled else [])]) == 0
    out = capsys.readouterr().out
    assert "0.950 (95% CI 0.900-0.990), out of fold" in out
    assert ("labels shuffled" in out) is shuffled
    assert out.endswith("Next, try:\n  medidense ui\n  medidense verify d/package\n")
    assert calls[0][1]["seed"] == 3
    assert calls[0][1]["shuffle_labels"] is shuffled
