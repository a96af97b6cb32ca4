"""evaluate PACKAGE COHORT.csv: what is passed on, what is printed, which exit code."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from medidense.cli.app import main
from medidense.values import Estimate, Evaluation
from medidense.values.external import Beside, ExternalEvaluation, Overlap, Recalibration, Turnout
from medidense.verbs import ExternalResult


@pytest.fixture
def outcome(evaluation: Evaluation) -> Callable[[int], ExternalResult]:
    """What the verb gives where so many rows were refused."""

    def make(missed: int) -> ExternalResult:
        external = ExternalEvaluation(
            evaluation=replace(evaluation, folds=(), auroc_fold_mean=None),
            package="lung 1",
            package_digest="ab" * 32,
            overlap=Overlap(False, True, 0, 1, missed, ("Subjects were not compared by their IDs.",)),
            turnout=Turnout(45, 33, 3, {"TRAINING_SUBJECT": missed} if missed else {}, 40, 30),
            beside=(Beside("auroc", Estimate(0.91), Estimate(0.95), Estimate(-0.04)),),
            recalibration=(Recalibration("intercept", 1.0, -0.25, 0, None),),
        )
        return ExternalResult(Path("out"), external, Path("out/report.html"), missed, "MLflow has it")

    return make


@pytest.mark.parametrize(("missed", "code"), [(0, 0), (2, 4)])
def test_a_package_on_a_cohort_exits_4_when_a_row_was_refused(
    missed: int,
    code: int,
    outcome: Callable[[int], ExternalResult],
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    table = tmp_path / "c.csv"
    table.touch()
    calls = stand_in("evaluate", outcome(missed))
    assert main(["evaluate", str(tmp_path), str(table), "--out", "out", "--overwrite", "--no-track"]) == code
    captured = capsys.readouterr()
    ((args, options),) = calls  # type: ignore[misc]
    assert args == (tmp_path, table)
    assert (options["rows"], options["out"], options["overwrite"]) == (None, Path("out"), True)
    assert (options["prevalence"], options["tracked"]) == (None, False)
    for words in (
        "0.912 (95% CI 0.850-0.960)",
        "3 rows without a label",
        "compared with training  images",
        "-0.040",
        "Recalibrated ON THIS COHORT",
        "note: Subjects were not compared by their IDs.",
        "report    out/report.html",
        "tracking  MLflow has it",
        "Research software, not a medical device.",
    ):
        assert words in captured.out, words
    assert ("TRAINING_SUBJECT 2" in captured.out) == bool(missed)
    told = "medidense: out: 2 of 42 labelled rows refused or failed; refusals.csv there says why\n"
    assert captured.err == (told if missed else "")


def test_as_json_it_has_the_keys_of_a_run_and_its_own(
    outcome: Callable[[int], ExternalResult],
    stand_in: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    stand_in("evaluate", outcome(0))
    assert main(["evaluate", str(tmp_path), str(tmp_path), "--out", "out", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["auroc_ci95"] == [0.85, 0.96]
    assert tree["html"] == "out/report.html"
    assert tree["tracking"] == "MLflow has it"
    assert tree["external"]["recalibration"][0]["intercept"] == -0.25
