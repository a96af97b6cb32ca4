"""The page of a run: written by cv and by report, and nothing on it names a subject."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from medidense import verbs
from medidense.errors import RunError
from medidense.pages.controls import APART, COPIES
from medidense.rundir import RunDir, write_prints, write_shown
from medidense.values.covariates import Covariates
from medidense.verbs import picturing
from medidense.verbs import run_contents as run_contents_module
from medidense.verbs.run_contents import aliased
from medidense.verbs.showing import surest

from .conftest import SMALL, World

CANARY = "KANARIENVOGEL"


@pytest.fixture
def copy(here: World, tmp_path: Path) -> Path:
    """The run, to be spoiled."""
    return Path(shutil.copytree(here.run, tmp_path / "run"))


def test_cv_wrote_the_page_that_report_writes_again(here: World) -> None:
    html, numbers = (here.run / name for name in ("report.html", "report.json"))
    before = html.read_bytes(), numbers.read_bytes()
    result = verbs.report(here.run)
    assert (result.html, result.numbers) == (html, numbers)
    assert (html.read_bytes(), numbers.read_bytes()) == before
    assert html.stat().st_mode & 0o077 == 0
    tree = json.loads(numbers.read_text(encoding="utf-8"))
    evaluation = json.loads((here.run / "evaluation.json").read_text(encoding="utf-8"))
    assert tree["evaluation"] == evaluation
    assert result.to_json()["auroc"] == evaluation["auroc"]


def test_the_flow_adds_up(here: World) -> None:
    flow = json.loads((here.run / "report.json").read_text(encoding="utf-8"))["flow"]
    predictions = RunDir(here.run).predictions()
    assert flow["cohort"] == flow["tested"]
    assert flow["tested"]["samples"] == len(predictions.samples)
    assert sum(fold["test"]["samples"] for fold in flow["folds"]) == len(predictions.samples)
    assert flow["unlabelled"] == flow["refused"] == 0
    for fold in flow["folds"]:
        assert fold["train"]["subjects"] + fold["test"]["subjects"] == flow["cohort"]["subjects"]
        assert sum(fold["classes"].values()) == fold["test"]["samples"]


def test_a_row_without_a_label_of_a_tested_subject_is_in_no_part_of_the_fold(copy: Path) -> None:
    facts = (copy / "samples.csv").read_text(encoding="utf-8").splitlines()
    sample, cells = facts[1].split(",", 1)
    (copy / "samples.csv").write_text("\n".join([*facts, f"{sample}-more,{cells}", ""]), encoding="utf-8")
    verbs.report(copy)
    flow = json.loads((copy / "report.json").read_text(encoding="utf-8"))["flow"]
    assert flow["unlabelled"] == 1
    for fold in flow["folds"]:
        parts = [fold[part]["samples"] for part in ("train", "validation", "test")]
        assert sum(parts) + fold["dropped"] + fold["unused"] == flow["cohort"]["samples"]
        assert fold["unused"] == 1


def test_empty_cells_of_covariates_are_counted_where_the_run_has_them(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [line.partition(",")[0] for line in (copy / "samples.csv").read_text().splitlines()[1:]]
    rows = [f"{name},{'' if row < 2 else 60}" for row, name in enumerate(names)]
    (copy / "groups.csv").write_text("\n".join(["sample,age", *rows, ""]), encoding="utf-8")
    run = RunDir(copy)
    evaluation, plain = verbs.evaluate(copy).evaluation, run.recipe()
    taken = plain.input.model_copy(update={"covariates": Covariates(columns=("Age", "psa"))})
    recipe = plain.model_copy(update={"input": taken})
    monkeypatch.setattr(RunDir, "recipe", lambda _: recipe)
    found = run_contents_module.run_contents(run, evaluation, str)
    assert found.empty_cells == {"Age": 2}


def test_what_is_apart_is_counted_from_the_files_of_the_run(here: World, copy: Path) -> None:
    def counted() -> tuple[dict[str, int | None], dict[str, str]]:
        verbs.report(copy)
        tree = json.loads((copy / "report.json").read_text(encoding="utf-8"))
        return tree["separation"], {one["name"]: one["outcome"] for one in tree["controls"]}

    found, outcomes = counted()
    splits = RunDir(copy).splits()
    assert (found["folds"], found["rows"]) == (2, 2 * len(splits.tested_in()))
    assert (found["subjects_in_two"], found["exact_copies"]) == (0, 0)
    assert (outcomes[APART], outcomes[COPIES]) == ("passed", "passed")
    first, second = (min(fold.test) for fold in splits.folds)
    write_prints(dict.fromkeys(splits.tested_in(), "ab" * 32), copy / "prints.csv")
    owner = splits.folds[0].subject_of
    table = (copy / "samples.csv").read_text(encoding="utf-8")
    (copy / "samples.csv").write_text(table.replace(f",{owner[first]},", f",{owner[second]},"))
    found, outcomes = counted()
    assert (found["subjects_in_two"], found["images"]) == (2, 1)
    assert found["exact_copies"] == len(splits.tested_in())
    assert (outcomes[APART], outcomes[COPIES]) == ("failed", "failed")
    (copy / "prints.csv").unlink()
    assert counted()[1][COPIES] == "not run"


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        verbs.report(tmp_path)


def test_the_command_on_the_page_asks_the_same_question(here: World) -> None:
    tree = json.loads((here.run / "report.json").read_text(encoding="utf-8"))
    assert tree["run"]["command"] == "medidense cv cohort.csv --recipe recipe.yaml --folds 2 --seed 1"


def test_pictures_of_other_modalities_are_withheld_unless_allowed(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picturing, "free_of_text", lambda _: False)
    pictures = len(list((copy / "saliency").glob("*.png")))
    assert verbs.report(copy).withheld == pictures > 0
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" not in page
    assert "withheld" in page
    assert verbs.report(copy, allow_burned_in=True).withheld == 0
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == pictures
    assert "withheld" not in page
    assert verbs.report(copy).withheld == 0, "the run keeps what was said"


def test_the_pictures_are_named_by_the_point_that_decides(copy: Path) -> None:
    run, predictions = RunDir(copy), RunDir(copy).predictions()
    found = verbs.evaluate(copy).evaluation
    picture = next(run.saliency.glob("*.png")).read_bytes()
    names = [
        (f"{kind}_{rank}", row) for point in (0.0, 1.0) for kind, rank, row in surest(predictions, point)
    ]
    named = {name: predictions.samples[row] for name, row in names if not name.startswith("hardest")}
    for name in named:
        (run.saliency / f"{name}.png").write_bytes(picture)
    write_shown(named, run.shown_path)
    for point, kinds in ((0.0, {"TP", "FP"}), (1.0, {"TN", "FN"})):
        shown = run_contents_module.run_contents(run, replace(found, operating_point=point), str).shown
        assert {one.kind for one in shown} - {"hardest"} == kinds


def test_a_torn_picture_is_named(copy: Path) -> None:
    picture = next((copy / "saliency").glob("*.png"))
    picture.write_bytes(b"torn")
    with pytest.raises(RunError, match=picture.name):
        verbs.report(copy)


def test_pseudonyms_that_meet_are_told_apart(here: World) -> None:
    table = RunDir(here.run).predictions()
    found = aliased(table, lambda _: "S-0")
    assert len(set(found.samples)) == len(table.samples)
    turned = aliased(table, lambda text: text[::-1])
    place = {name[::-1]: row for row, name in enumerate(turned.samples)}
    rows = [place[name] for name in table.samples]
    assert (turned.scores[rows] == table.scores).all()
    assert [turned.subjects[row][::-1] for row in rows] == list(table.subjects)


def test_a_word_in_names_paths_and_columns_is_on_no_page(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = here.cohort.parent
    for name in ("images", "masks"):
        shutil.copytree(source / name, tmp_path / CANARY / f"{CANARY}-{name}")
    rows = list(csv.DictReader(here.cohort.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        row["subject_id"] = f"{CANARY}-{row['subject_id']}"
        for column in ("image", "mask"):
            row[column] = f"{CANARY}-{row[column]}" if row[column] else ""
        row["patient_name"] = CANARY
        row["scanner"] = f"{CANARY} {int(row['subject_id'][-1:]) % 2}"
        row["sex"] = f"{CANARY} {len(row['subject_id']) % 2}"
    cohort = tmp_path / CANARY / "nodules.csv"
    with cohort.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=tmp_path / CANARY / "run", settings=SMALL)
    result = verbs.cv(cohort, options=options)
    assert CANARY in (result.run / "predictions.csv").read_text(encoding="utf-8")
    assert result.report == str(result.run / "report.html")
    for name in ("report.html", "report.json"):
        assert CANARY.encode() not in (result.run / name).read_bytes()
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    tracked = json.loads((result.run / "tracking.json").read_text(encoding="utf-8"))["runs"]["cv"]
    there = {item.path for item in client.list_artifacts(tracked, "report")}
    assert there == {"report/report.html", "report/report.json"}


def test_a_key_that_is_none_stops_no_cross_validation(
    copy: Path, here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "config" / "medidense" / "pseudonym.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"short")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=copy, settings=SMALL)
    result = verbs.cv(here.cohort, options=options)
    assert result.report.startswith("not written: ")
    assert result.evaluation.samples > 0
