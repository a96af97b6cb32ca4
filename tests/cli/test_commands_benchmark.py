"""benchmark cifar10: what is passed on, what is printed, and the exit code of the verdict."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from medidense.cli.app import main
from medidense.errors import UsageError
from medidense.verbs import benchmarking


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, dict[str, object]]]:
    """What the verb was called with."""
    made: list[tuple[object, dict[str, object]]] = []

    def verb(data: object, **options: object) -> object:
        made.append((data, options))
        passed = {"passes": True, "fails": False}.get(options["options"].recipe)  # type: ignore[attr-defined]
        return SimpleNamespace(
            passed=passed,
            verdict=f"{passed}: 66 %",
            tables={"Accuracy": [("network", "accuracy"), ("densenet", "66 %")]},
            page=Path("out/report.html"),
            tracking="mlruns",
            to_json=lambda: {"accuracy": 0.66, "accuracies": [0.66]},
        )

    monkeypatch.setattr(benchmarking, "benchmark_cifar10", verb)
    return made


def test_everything_is_passed_on(calls: list[tuple[object, dict[str, object]]]) -> None:
    line = "--data d --recipe passes --seeds 2 --against resnet18 --watch --first 64 --out o --download"
    assert main(["benchmark", "cifar10", *line.split(), "--set", "training.epochs=1", "--device", "cpu"]) == 0
    ((data, options),) = calls
    assert (data, options["download"]) == (Path("d"), True)
    assert options["options"] == benchmarking.BenchmarkOptions(
        recipe="passes",
        settings={"training.epochs": "1"},
        seeds=2,
        against="resnet18",
        watch=True,
        device="cpu",
        out=Path("o"),
        first=64,
    )


@pytest.mark.usefixtures("calls")
def test_verdict_tables_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "cifar10", "--recipe", "passes"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("True: 66 %\nAccuracy\nnetwork   accuracy\ndensenet  66 %\n")
    assert "page      out/report.html" in out


@pytest.mark.usefixtures("calls")
def test_a_bound_that_does_not_hold_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "cifar10", "--recipe", "fails", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["accuracy"] == 0.66
    assert printed.err == "medidense: False: 66 %\n"
    assert main(["benchmark", "cifar10", "--recipe", "neither"]) == 0


def test_errors_are_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def verb(data: object, **options: object) -> object:
        raise UsageError("d", "holds no CIFAR-10", "", "add --download")

    monkeypatch.setattr(benchmarking, "benchmark_cifar10", verb)
    assert main(["benchmark", "cifar10", "--data", "d"]) == 2
    assert capsys.readouterr().err == "medidense: d: holds no CIFAR-10; add --download\n"


def test_the_word_alone_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark"]) == 0
    assert "cifar10" in capsys.readouterr().out
