"""plan, cv, evaluate and explain: what is passed on, what is printed, which exit code."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from medidense.cli.app import main
from medidense.values import Estimate, Evaluation, Subgroup
from medidense.verbs import CvOptions


def test_plan_prints_every_reason(
    result: Callable[..., object], stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = SimpleNamespace(
        reasons={"training.epochs": "the budget", "input.dims": "volumes"},
        network=SimpleNamespace(name="densenet121", dropout=0.1),
    )
    calls = stand_in("plan", result(recipe=recipe, out=Path("r.yaml"), parameters=6952770))
    assert main(["plan", ".", "--out", "r.yaml", "--budget", "2.5", "--device", "cpu", "--set", "a.b=c"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "key              reason",
        "input.dims       volumes",
        "training.epochs  the budget",
        "network  densenet121, 6,952,770 parameters, dropout 0.1",
        "recipe   r.yaml",
    ]
    ((_, options),) = calls
    assert options["budget"] == 2.5
    assert options["settings"] == {"a.b": "c"}
    assert options["device"] == "cpu"
    assert options["overwrite"] is False


def test_cv_passes_its_options_and_prints_the_evaluation(
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    evaluation: Evaluation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = result(
        evaluation.to_json(),
        run=Path("runs/x"),
        evaluation=evaluation,
        figures=evaluation,
        choices=(),
        tracking="here",
        seconds=75.0,
        resumed=True,
        crossings=(),
        report="runs/x/report.html",
    )
    calls = stand_in("cv", done)
    arguments = [
        "cv",
        ".",
        "--folds",
        "3",
        "--seed",
        "7",
        "--set",
        "training.epochs=3",
        "--set",
        "input.fill=edge",
    ]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("AUROC      0.912 (95% CI 0.850-0.960)\n")
    assert "1 min 15 s, a run begun before" in out
    assert "report    runs/x/report.html" in out
    ((args, options),) = calls
    assert args == (Path(),)
    assert options["recipe"] is None
    assert options["options"] == CvOptions(
        3, 7, settings={"training.epochs": "3", "input.fill": "edge"}, candidates=[], fold=[]
    )


def test_cv_passes_the_split_and_prints_what_was_chosen(
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    evaluation: Evaluation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = SimpleNamespace(fold=0, settings="training.epochs=3", figure="auroc", value=0.8125, chosen=True)
    done = result(
        run=Path("r"), evaluation=evaluation, figures=evaluation, choices=(chosen,), tracking="", seconds=1.0
    )
    done.resumed, done.crossings, done.report = False, (), ""  # type: ignore[attr-defined]
    calls = stand_in("cv", done)
    arguments = ["cv", ".", "--split", "nested", "--stratify", "site", "--allow-burned-in"]
    arguments += ["--candidate", "training.epochs=3", "--candidate", "training.epochs=4,a.b=[1,2]"]
    assert main(arguments) == 0
    assert "0     training.epochs=3  auroc 0.812   chosen" in capsys.readouterr().out
    options = calls[0][1]["options"]
    assert (options.split, options.stratify, options.allow_burned_in) == ("nested", "site", True)
    assert options.candidates == [{"training.epochs": "3"}, {"training.epochs": "4", "a.b": "[1,2]"}]


def test_a_single_fold_prints_what_is_missing(
    result: Callable[..., object], stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = stand_in(
        "cv", result(run=Path("r"), figures=None, trained=(2,), missing=(1,), seconds=3.0, resumed=True)
    )
    assert main(["cv", ".", "--fold", "2", "--fold", "0"]) == 0
    assert calls[0][1]["options"].fold == [2, 0]
    out = capsys.readouterr().out
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "run",
        "trained",
        "finished before",
        "next",
        "took",
    ]
    assert "folds still missing: 1" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--repeats", "3"], "add --split repeated"),
        (["--split", "site", "--folds", "3"], "leave it out"),
        (["--split", "nested"], "--candidate"),
        (["--split", "nested", "--candidate", "epochs"], "it takes key=value"),
        (["--split", "fold"], "is not one of"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: list[str],
    words: str,
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = stand_in("cv", AssertionError("called"))
    assert main(["cv", ".", *arguments]) == 2
    assert calls == []
    assert words in capsys.readouterr().err


def test_cv_json_holds_auroc_and_its_interval_at_the_top(
    result: Callable[..., object],
    stand_in: Callable[..., object],
    evaluation: Evaluation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in(
        "cv",
        result(
            evaluation.to_json(),
            run=Path("r"),
            evaluation=evaluation,
            figures=evaluation,
            choices=(),
            tracking="",
            seconds=1.0,
            resumed=False,
            crossings=(),
            report="r/report.html",
        ),
    )
    assert main(["cv", ".", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["auroc"] == 0.9123
    assert tree["auroc_ci95"] == [0.85, 0.96]


def test_a_bad_setting_stops_before_the_verb(
    stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = stand_in("cv", AssertionError("called"))
    assert main(["cv", ".", "--set", "epochs"]) == 2
    assert calls == []
    assert "key=value" in capsys.readouterr().err


def test_evaluate_says_where_it_wrote(
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    evaluation: Evaluation,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    rows = tmp_path / "matched.csv"
    rows.touch()
    calls = stand_in("evaluate", result(evaluation=evaluation, written=Path("e.json")))
    assert main(["evaluate", str(tmp_path), "--rows", str(rows), "--prevalence", "0.02"]) == 0
    assert "written  e.json" in capsys.readouterr().out
    ((args, options),) = calls  # type: ignore[misc]
    assert args == (tmp_path, None)
    assert (options["rows"], options["out"], options["overwrite"]) == (rows, None, False)
    assert options["prevalence"] == 0.02


@pytest.mark.parametrize("share", ["0", "1", "1.5", "nan", "-0.2"])
def test_a_prevalence_that_is_no_share_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, share: str
) -> None:
    assert main(["evaluate", str(tmp_path), f"--prevalence={share}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("medidense: --prevalence: a share above 0 and below 1")


def test_report_prints_the_paths_and_what_is_withheld(
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    fields = {"auroc": Estimate(0.9, 0.8, 0.95), "html": Path("r.html"), "numbers": Path("r.json")}
    calls = stand_in("report", result(withheld=2, **fields))
    assert main(["report", str(tmp_path), "--allow-burned-in"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "AUROC     0.900 (95% CI 0.800-0.950)",
        "report    r.html",
        "numbers   r.json",
        "withheld  2 pictures, see --allow-burned-in",
    ]
    assert calls == [((tmp_path,), {"allow_burned_in": True})]
    stand_in("report", result({"html": "r.html"}, withheld=0, **fields))
    assert main(["report", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"html": "r.html"}
    assert main(["report", str(tmp_path / "none")]) == 2


def test_explain_exits_4_when_a_lesion_has_no_map(
    result: Callable[..., object], stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    good = SimpleNamespace(
        status="explained", lesion_id="L1", score=0.81, map="0000.nii.gz", reason="", input="a"
    )
    bad = SimpleNamespace(
        status="refused", lesion_id="", score=None, map="", reason="NO_REGION: none", input="b"
    )
    calls = stand_in("explain", result(items=(good, bad), out=Path("maps")))
    assert main(["explain", ".", ".", "--out", "maps", "--class", "malignant"]) == 4
    captured = capsys.readouterr()
    assert "explained  0.810  0000.nii.gz\n" in captured.out
    assert "refused    -      NO_REGION\n" in captured.out
    assert "L1" not in captured.out
    assert "1 of 2 lesions have no map" in captured.err
    assert calls[0][1]["target_class"] == "malignant"
    stand_in("explain", result(items=(good,), out=Path("maps")))
    assert main(["explain", ".", ".", "--out", "maps"]) == 0


@pytest.mark.parametrize("name", ["cv", "evaluate"])
def test_words_of_cells_are_not_printed(
    name: str,
    result: Callable[..., object],
    stand_in: Callable[..., object],
    evaluation: Evaluation,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    few = "Few subjects (5 of malignant)."
    part = Subgroup("site", "site 1", 40, 30, {"benign": 35, "malignant": 5}, Estimate(0.9), few)
    fields = {"evaluation": evaluation, "public": replace(evaluation, subgroups=(part,)), "crossings": ()}
    fields |= {"figures": evaluation, "choices": (), "tracking": "", "resumed": False, "report": ""}
    stand_in(name, result(run=tmp_path, written=tmp_path, seconds=1.0, **fields))
    assert main([name, str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "site 1" in printed
    assert "0.900 Few subjects (5 of malignant)." in printed
