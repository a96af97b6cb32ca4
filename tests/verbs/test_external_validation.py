"""A frozen package on another cohort: its own training subjects stay out, and nothing of it is refitted."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest

from medidense import verbs
from medidense.cli.app import main
from medidense.cohort import read_cohort
from medidense.errors import CohortError, PackageError, RunError, UsageError
from medidense.io import write_nifti
from medidense.package import load_package
from medidense.package.files import canonical_json
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.values import Source, Volume
from medidense.verbs import ExternalResult
from tests.verbs.conftest import World

Row = dict[str, str]
Write = Callable[..., Path]


def rows_of(path: Path) -> list[Row]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def absolute(table: Path) -> list[Row]:
    """The rows of a cohort with paths that hold from anywhere."""
    rows = rows_of(table)
    for row in rows:
        row |= {name: str(table.parent / row[name]) for name in ("image", "mask") if row[name]}
    return rows


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Rows of six subjects that the package never saw."""
    table = write_cohort(tmp_path_factory.mktemp("strangers") / "c", PhantomOptions(subjects=6, seed=77))
    rows = absolute(table)
    for row in rows:
        row["subject_id"] = f"X-{row['subject_id']}"
    return rows


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(rows)``: a cohort of these rows."""

    def made(rows: list[Row], name: str = "elsewhere.csv") -> Path:
        with (tmp_path / name).open("w", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        return tmp_path / name

    return made


@pytest.fixture(scope="session")
def done(world: World, strangers: list[Row], tmp_path_factory: pytest.TempPathFactory) -> ExternalResult:
    """The world's package on strangers, a training subject, a renamed one and a row without a label."""
    folder = tmp_path_factory.mktemp("done")
    known = absolute(world.cohort)
    first, second = known[0]["subject_id"], known[-1]["subject_id"]
    rows = [dict(row) for row in strangers]
    rows += [row for row in known if row["subject_id"] == first]
    rows += [{**row, "subject_id": "X-RENAMED"} for row in known if row["subject_id"] == second]
    rows[0]["subject_id"] = "X-RENAMED"  # whose other rows are copies of a training image
    rows[1]["label"] = ""
    with (folder / "elsewhere.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    (folder / "mlruns").mkdir()
    shutil.copy(world.folder / "mlruns" / "mlflow.db", folder / "mlruns")  # with the cross-validation in it
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(world.folder / "config"))
        result = verbs.evaluate(world.package, folder / "elsewhere.csv", out=folder / "out")
    assert isinstance(result, ExternalResult)
    return result


def test_subjects_of_the_training_are_refused_by_id_and_by_image(done: ExternalResult, here: World) -> None:
    refused = rows_of(done.out / "refusals.csv")
    known = absolute(here.cohort)
    assert {row["reason_code"] for row in refused} == {"TRAINING_SUBJECT"}
    assert {row["subject_id"] for row in refused} == {known[0]["subject_id"], "X-RENAMED"}
    by_subject = {row["subject_id"]: row["reason"] for row in refused}
    assert "found a subject_id of the training" in by_subject[known[0]["subject_id"]]
    renamed = [row["reason"] for row in refused if row["subject_id"] == "X-RENAMED"]
    assert len(renamed) == 1 + sum(row["subject_id"] == known[-1]["subject_id"] for row in known)
    assert all("a subject with an image of the training" in reason for reason in renamed)
    overlap = done.external.overlap
    assert (overlap.subjects_by_id, overlap.subjects_by_image, overlap.rows) == (1, 1, len(refused))
    assert (overlap.subjects_compared, overlap.images_compared, overlap.why) == (True, True, ())
    assert done.missed == len(refused)


def test_the_flow_adds_up(done: ExternalResult) -> None:
    turnout = done.external.turnout
    table = read_cohort(done.out.parent / "elsewhere.csv", unlabelled=True, classes_known=True)
    assert turnout.rows == len(table.samples)
    assert turnout.unlabelled == 1
    assert turnout.rows == turnout.scored + turnout.unlabelled + sum(turnout.refused.values())
    assert turnout.scored == done.external.evaluation.samples == len(rows_of(done.out / "predictions.csv"))


def test_the_scores_are_those_of_score_bit_for_bit(done: ExternalResult, here: World, tmp_path: Path) -> None:
    table = {row["sample"]: row for row in rows_of(done.out / "predictions.csv")}
    samples = read_cohort(done.out.parent / "elsewhere.csv", unlabelled=True, classes_known=True).by_name()
    chosen = [samples[name] for name in table if samples[name].marker is not None]
    lines = ["image,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame"]
    for one in chosen:
        assert one.marker is not None
        place = ",".join(map(str, one.marker.centre_mm))
        lines.append(f"{one.image_path},{one.lesion_id},{place},{one.marker.diameter_mm},RAS")
    (tmp_path / "lesions.csv").write_text("\n".join(lines) + "\n")
    images = sorted({Path(one.image_path) for one in chosen})
    scored = verbs.score(here.package, images, lesions=tmp_path / "lesions.csv", out=tmp_path / "scores")
    again = {(row["input"], row["lesion_id"]): row for row in rows_of(scored.csv)}
    assert len(chosen) >= 4
    columns = ("score_benign", "score_malignant", "calibrated_score", "set", "decision")
    for one in chosen:
        other = again[str(one.image_path), one.lesion_id]
        assert [table[one.name][name] for name in columns] == [other[name] for name in columns]


def test_the_files_say_what_the_result_says(done: ExternalResult) -> None:
    told = json.loads((done.out / "evaluation.json").read_text())
    assert told == json.loads(json.dumps({**done.external.to_json()}))
    assert told["external"]["overlap"]["rows"] == done.missed
    assert (
        told["cohort_digest"]
        == read_cohort(done.out.parent / "elsewhere.csv", unlabelled=True, classes_known=True).digest
    )
    assert {path.name for path in (done.out / "figures").iterdir()} == {
        f"{name}.png"
        for name in (
            "roc",
            "precision_recall",
            "scores",
            "calibration",
            "calibration_frozen",
            "decision_curve",
        )
    }
    for path in done.out.rglob("*"):
        assert path.is_dir() or path.name.endswith(".lock") or path.stat().st_mode & 0o077 == 0, path
    manifest = told["external"]["beside"]
    assert {one["name"] for one in manifest} >= {
        "auroc",
        "slope",
        "observed_expected",
        "sensitivity",
        "coverage",
    }


def test_the_page_names_no_subject_and_says_what_it_is(done: ExternalResult) -> None:
    page = done.html.read_text()
    for word in ("X-S0", "X-RENAMED", "elsewhere/", str(done.out)):
        assert word not in page
        assert word not in (done.out / "report.json").read_text()
    for words in (
        "Research software, not a medical device",
        "of another cohort",
        "Here and in training",
        "FITTED ON THIS COHORT",
        "1 known by ID, 1 by an image",
    ):
        assert words in page


def test_the_same_call_scores_nothing_again(
    done: ExternalResult, here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("scored again")

    before = (done.out / "report.html").read_bytes(), (done.out / "predictions.csv").read_bytes()
    monkeypatch.setattr("medidense.batch.cohort_scoring._read", refuse)
    monkeypatch.chdir(done.out.parent)
    again = verbs.evaluate(here.package, done.out.parent / "elsewhere.csv", out=done.out)
    assert isinstance(again, ExternalResult)
    assert again.external == done.external
    assert again.tracking == done.tracking
    assert ((done.out / "report.html").read_bytes(), (done.out / "predictions.csv").read_bytes()) == before


def test_with_another_key_images_alone_are_compared_and_that_is_said(
    here: World, strangers: list[Row], write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = absolute(here.cohort)
    foreign = {**strangers[0], "subject_id": known[0]["subject_id"]}  # an ID of the training, a strange image
    copies = [row for row in known if row["subject_id"] == known[-1]["subject_id"]]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    result = verbs.evaluate(
        here.package, write([foreign, *strangers[-2:], *copies]), out=tmp_path / "out", tracked=False
    )
    assert isinstance(result, ExternalResult)
    overlap = result.external.overlap
    assert (overlap.subjects_compared, overlap.images_compared) == (False, True)
    assert (overlap.subjects_by_id, overlap.subjects_by_image, result.missed) == (0, 1, len(copies))
    assert "under another user's key" in overlap.why[0]
    assert "under another user&#x27;s key" in result.html.read_text()


def test_an_image_of_a_row_without_a_label_gives_a_subject_away(
    here: World, strangers: list[Row], write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = absolute(here.cohort)
    (tmp_path / "torn.nii.gz").write_bytes(b"no image")
    met, torn, kept = (dict(row) for row in strangers[:3])
    met["subject_id"] = "X-MET"
    torn["subject_id"] = "X-TORN"
    before = {**known[-1], "subject_id": "X-MET", "label": ""}  # an image of the training
    unread = {**torn, "image": str(tmp_path / "torn.nii.gz"), "label": ""}
    other = {**strangers[5], "subject_id": kept["subject_id"], "label": ""}
    nobody = {**known[0], "subject_id": "X-NOBODY", "label": ""}  # nothing of this subject is scored
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    table = write([met, torn, kept, *strangers[-2:], before, unread, other, nobody])
    result = verbs.evaluate(here.package, table, out=tmp_path / "out")
    assert isinstance(result, ExternalResult)
    assert [row["subject_id"] for row in rows_of(tmp_path / "out" / "refusals.csv")] == ["X-MET"]
    overlap = result.external.overlap
    assert (overlap.subjects_by_image, overlap.rows, overlap.unlabelled) == (1, 1, 2)
    (note,) = [why for why in overlap.why if "without a label" in why]
    assert "The images of 1 row without a label could not be read" in note
    assert "row 8 " in note
    assert "2 rows without a label" in result.html.read_text()


def test_a_package_of_an_older_version_compares_nothing_and_that_is_said(
    here: World, strangers: list[Row], write: Write, tmp_path: Path
) -> None:
    old = tmp_path / "package"
    shutil.copytree(here.package, old)
    tree = json.loads((old / "manifest.json").read_text())
    del tree["training_digest"], tree["training"]["out_of_fold"], tree["files"]["training_digest.safetensors"]
    (old / "training_digest.safetensors").unlink()
    (old / "manifest.json").write_bytes(canonical_json(tree))
    known = absolute(here.cohort)
    result = verbs.evaluate(old, write([*strangers[-2:], *known[:2]]), out=tmp_path / "out", tracked=False)
    assert isinstance(result, ExternalResult)
    assert result.missed == 0
    assert not result.external.overlap.images_compared
    assert "Neither subjects nor images were compared" in result.external.overlap.why[0]
    assert [one.name for one in result.external.beside] == ["auroc"]


def test_where_nobody_is_left_nothing_is_made(here: World, write: Write, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(CohortError, match="no row is left to evaluate on; found TRAINING_SUBJECT") as caught:
        verbs.evaluate(here.package, here.cohort, out=out)
    assert caught.value.exit_code == 2
    assert not out.exists()
    renamed = [{**row, "subject_id": f"NEW-{row['subject_id']}"} for row in absolute(here.cohort)]
    with pytest.raises(CohortError, match="no row is left"):  # known only once the images are read
        verbs.evaluate(here.package, write(renamed), out=out)
    assert not out.exists()
    unlabelled = [{**row, "label": ""} for row in renamed]
    with pytest.raises(CohortError, match="no row with a label"):
        verbs.evaluate(here.package, write(unlabelled, "none.csv"), out=out)


def test_a_row_that_cannot_be_read_is_refused_by_its_own_code(
    here: World, strangers: list[Row], write: Write, tmp_path: Path
) -> None:
    blank = Volume(np.zeros((40, 40, 20), dtype=np.int16), np.eye(4), Source("nifti"))
    write_nifti(blank, tmp_path / "blank.nii.gz")
    broken = {**strangers[0], "image": str(tmp_path / "blank.nii.gz"), "subject_id": "X-BLANK"}
    broken |= {"x_mm": "20", "y_mm": "20", "z_mm": "10", "diameter_mm": "5", "frame": "RAS", "mask": ""}
    result = verbs.evaluate(
        here.package, write([broken, *strangers[-3:]]), out=tmp_path / "out", tracked=False
    )
    assert isinstance(result, ExternalResult)
    assert result.missed == 1
    (row,) = rows_of(tmp_path / "out" / "refusals.csv")
    assert (row["row"], row["subject_id"], row["status"]) == ("2", "X-BLANK", "refused")
    assert row["reason_code"] == "CONSTANT"


def test_a_strange_class_and_a_cohort_without_lesions(
    here: World, strangers: list[Row], write: Write, tmp_path: Path
) -> None:
    odd = [dict(row) for row in strangers]
    odd[2]["label"] = "metastasis"
    with pytest.raises(CohortError) as caught:
        verbs.evaluate(here.package, write(odd), out=tmp_path / "out")
    assert "row 4: the classes of the package are benign, malignant" in str(caught.value)
    assert "'metastasis'" in str(caught.value)
    whole = [{name: row[name] for name in ("subject_id", "image", "label")} for row in strangers]
    firsts = list({row["image"]: row for row in whole}.values())
    with pytest.raises(CohortError, match="the package scores lesions, and no row names one"):
        verbs.evaluate(here.package, write(firsts), out=tmp_path / "out")
    several = [{**row, "label_benign": "1", "label_malignant": "0"} for row in strangers]
    for row in several:
        del row["label"]
    with pytest.raises(CohortError, match="the package tells one class of several"):
        verbs.evaluate(here.package, write(several), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_cohort_never_replaces_an_evaluation_unasked(
    done: ExternalResult, here: World, strangers: list[Row], write: Write, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done.out, out)
    other = write(strangers[-3:])
    with pytest.raises(RunError, match="another package or another cohort"):
        verbs.evaluate(here.package, other, out=out)
    assert (out / "tracking.json").is_file()
    result = verbs.evaluate(here.package, other, out=out, overwrite=True, tracked=False)
    assert isinstance(result, ExternalResult)
    assert not (out / "tracking.json").exists(), "it would go into the run of the other cohort"
    assert result.tracking == ""
    assert result.external.evaluation.samples == 3
    newer = verbs.export(here.run, out=tmp_path / "newer", name="newer").package
    with pytest.raises(RunError, match="another package or another cohort"):
        verbs.evaluate(newer, other, out=out)
    result = verbs.evaluate(newer, other, out=out, overwrite=True, tracked=False)
    assert isinstance(result, ExternalResult)
    assert result.external.package_digest == load_package(newer).digest
    assert result.external.evaluation.samples == 3
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match=r"holds no evaluation of a package; found letter\.txt"):
        verbs.evaluate(here.package, other, out=tmp_path / "strange")
    with pytest.raises(UsageError, match="must not lie in the package"):
        verbs.evaluate(here.package, other, out=here.package / "out")
    load_package(here.package)


def test_each_form_of_the_verb_takes_its_own_arguments(here: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--out: a package on a cohort needs a folder"):
        verbs.evaluate(here.package, here.cohort, out=None)
    with pytest.raises(UsageError, match="--rows: it is for a run"):
        verbs.evaluate(here.package, here.cohort, rows=here.cohort, out=tmp_path / "out")
    with pytest.raises(UsageError, match="--out: it is for a package"):
        verbs.evaluate(here.run, None, out=tmp_path / "out")
    with pytest.raises(UsageError, match="--overwrite: it is for a package"):
        verbs.evaluate(here.run, None, overwrite=True)
    with pytest.raises(UsageError, match="--no-track: it is for a package"):
        verbs.evaluate(here.run, None, tracked=False)
    with pytest.raises(PackageError):
        verbs.evaluate(here.run, here.cohort, out=tmp_path / "out")


def test_a_prevalence_is_stated_for_a_package_too(done: ExternalResult, here: World) -> None:
    before = (done.out / "evaluation.json").read_bytes()
    cohort = done.out.parent / "elsewhere.csv"
    result = verbs.evaluate(here.package, cohort, out=done.out, prevalence=0.03)
    assert isinstance(result, ExternalResult)
    found = result.external.evaluation
    assert (found.prevalence_afterwards, found.operating_points[0].deployment_prevalence) == (0.03, 0.03)
    assert set(found.operating_points[0].deployment) == {"ppv", "npv"}
    tree = json.loads((done.out / "evaluation.json").read_text())
    assert tree["prevalence_afterwards"] == 0.03
    assert "At a prevalence of 0.03" in result.html.read_text()
    assert "stated after the training" in result.html.read_text()
    verbs.evaluate(here.package, cohort, out=done.out)
    assert (done.out / "evaluation.json").read_bytes() == before


def test_mlflow_has_it_beside_the_cross_validation_of_the_package(done: ExternalResult, here: World) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{done.out.parent}/mlruns/mlflow.db")
    homes = [one.experiment_id for one in client.search_experiments()]
    (run,) = client.search_runs(homes, "tags.`medidense.kind` = 'external-validation'")
    kept = json.loads((here.run / "tracking.json").read_text())
    trained = client.get_run(kept["runs"]["cv"])
    assert trained.info.experiment_id == run.info.experiment_id
    assert done.tracking.startswith("MLflow experiment cohort-")
    assert run.info.run_id in done.tracking
    assert run.data.metrics["external/auroc"] == round(done.external.evaluation.auroc.value or 0, 4)
    assert run.data.metrics["external/n_rows_refused"] == done.missed
    (used,) = client.get_run(run.info.run_id).inputs.model_inputs
    model = client.get_logged_model(used.model_id)
    assert model.source_run_id == trained.info.run_id
    assert model.tags["medidense.weights"] == load_package(here.package).manifest.weights_digest


@pytest.mark.slow
def test_a_server_that_is_away_changes_neither_files_nor_exit_code_and_sync_logs_it_later(
    done: ExternalResult,
    here: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    shutil.copytree(done.out, tmp_path / "out")  # so that nothing need be scored again
    (tmp_path / "out" / "tracking.json").unlink()
    (tmp_path / "out" / "evaluation.json").unlink()
    command = ["evaluate", str(here.package), str(done.out.parent / "elsewhere.csv"), "--out", "out"]
    assert main([*command, "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["tracking"].startswith("not logged to MLflow: http://127.0.0.1:9 is away")
    assert told["tracking"].endswith("log it with: medidense sync out")
    for name in ("evaluation.json", "report.html", "report.json", "predictions.csv", "refusals.csv"):
        written = (tmp_path / "out" / name).read_text().replace("--out out", "")
        assert written == (done.out / name).read_text().replace("--out out", ""), name
    assert main(["sync", "out"]) == 4
    assert main([*command, "--no-track"]) == 4
    assert "MLflow" not in capsys.readouterr().out.partition("could not be logged")[2]
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert [item.status for item in verbs.sync([Path("out")]).items] == ["logged"]
    (item,) = verbs.sync([Path("out")]).items
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    homes = [one.experiment_id for one in client.search_experiments()]
    (run,) = client.search_runs(homes)
    assert run.info.run_id in item.words
