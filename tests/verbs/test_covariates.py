"""From a table with covariates and masks to a package that takes both: every lesion is scored or refused."""

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from medidense import verbs
from medidense.cli.app import main
from medidense.errors import CohortError, PackageError, RunError, UsageError
from medidense.io import write_nifti
from medidense.nets import build
from medidense.package import load_package
from medidense.rundir import BASELINE, FoldDir, RunDir, read_encoding
from medidense.values import Source, Volume
from medidense.verbs.evaluating import COVARIATES

SIZE = 40
SETTINGS = {
    "training.epochs": 1,
    "training.threads": 1,
    "evaluation.bootstrap": 200,
    "network.name": "densenet_small",
    "input.size": [33, 33, 33],
    "input.covariates.columns": ["age", "sex"],
}
HEADER = ("subject_id", "image", "label", "mask", "lesion_id", "age", "sex")


@dataclass(frozen=True)
class Study:
    """A cohort of eight subjects with masks, its finished run with covariates, and the package."""

    folder: Path
    cohort: Path
    run: Path
    package: Path


def scan(number: int) -> tuple[Volume, Volume]:
    """A volume of noise with a ball in it, and the ball's mask."""
    draw = np.random.default_rng(number)
    array = draw.normal(0, 50, (SIZE, SIZE, SIZE)).astype(np.int16)
    apart = np.indices(array.shape) - SIZE / 2
    ball = (apart**2).sum(axis=0) <= (5 + number % 4) ** 2
    array[ball] += 200
    affine = np.eye(4)
    return Volume(array, affine, Source("nifti")), Volume(ball.astype(np.uint8), affine, Source("nifti"))


def write_table(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in (header, *rows)) + "\n")
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    rows = []
    for number in range(8):
        image, mask = scan(number)
        write_nifti(image, folder / f"i{number}.nii.gz")
        write_nifti(mask, folder / f"m{number}.nii.gz")
        label = str(number % 2)
        age = "" if number == 3 else str(50 + number + 20 * (number % 2))
        row = (f"P{number}", f"i{number}.nii.gz", label, f"m{number}.nii.gz", "L1", age, "FM"[number // 4])
        rows.append(row)
    cohort = write_table(folder / "cohort.csv", HEADER, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=folder / "run", settings=SETTINGS)
        run = verbs.cv(cohort, options=options).run
        package = verbs.export(run, out=folder / "package").package
    return Study(folder, cohort, run, package)


def listed(study: Study, name: str, *rows: tuple[str, ...], header: tuple[str, ...] = ()) -> Path:
    columns = header or ("image", "lesion_id", "mask", "age", "sex")
    return write_table(study.folder / name, columns, list(rows))


def told(study: Study, lesions: Path, out: Path) -> dict[str, tuple[str, str, str]]:
    """Lesion -> status, code and score."""
    inputs = [study.folder / "i0.nii.gz", study.folder / "i1.nii.gz"]
    result = verbs.score(study.package, inputs, lesions=lesions, out=out)
    with result.csv.open(newline="") as stream:
        return {
            row["lesion_id"]: (row["status"], row["reason_code"], row["score_1"])
            for row in csv.DictReader(stream)
        }


def test_each_fold_keeps_what_its_own_training_part_said(study: Study) -> None:
    run = RunDir(study.run)
    ages = {f"i{n}.nii.gz#L1": 50 + n + 20 * (n % 2) for n in range(8) if n != 3}
    for fold in run.splits().folds:
        place = run.fold(fold.index)
        age, sex = read_encoding(place.path).covariates
        known = [ages[name] for name in fold.train if name in ages]
        assert age.mean == pytest.approx(np.mean(known))
        assert age.sd == pytest.approx(np.std(known))
        assert set(sex.levels) <= {"F", "M"}
        assert place.done
    assert json.loads((study.package / "manifest.json").read_text())["covariates"] == [
        read_encoding(run.fold(index).path).model_dump(mode="json") for index in range(2)
    ]


def test_a_rule_on_the_covariates_alone_stands_beside_the_network(study: Study) -> None:
    evaluation = json.loads((study.run / "evaluation.json").read_text())
    found = {item["name"]: item["auroc"] for item in evaluation["baselines"]}
    assert found[COVARIATES]["value"] > 0.9  # age tells the label
    assert (study.run / BASELINE).is_file()
    assert "network_minus_baseline" in json.dumps(evaluation["baselines"])


def test_out_of_fold_scores_are_those_of_the_fold_model_with_the_rows_own_covariates(study: Study) -> None:
    package, run = load_package(study.package), RunDir(study.run)
    table = verbs.explain(study.run, [study.folder / "i3.nii.gz"], out=study.folder / "own", overwrite=True)
    assert [item.status for item in table.items] == ["explained"]
    volume, region = scan(3)[0], None
    from medidense.io import read_region, read_volume
    from medidense.package.covariates import example_of
    from medidense.predict import predict_scores
    from medidense.preprocess import prepare

    volume = read_volume(study.folder / "i3.nii.gz")
    region = read_region(volume, mask_path=study.folder / "m3.nii.gz")
    example = example_of(
        package.manifest, prepare(volume, region, package.recipe.input), {"age": "", "sex": "F"}, "here"
    )
    predictions = run.predictions()
    row = predictions.samples.index("i3.nii.gz#L1")
    fold = int(predictions.fold[row])
    assert example is not None
    one = type(example)(example.array, (example.covariates[fold],))
    flips = package.recipe.prediction.flips
    threads = package.manifest.threads
    scores = predict_scores([package.networks()[fold]], [one], device="cpu", threads=threads, flips=flips)
    np.testing.assert_allclose(scores[0], predictions.scores[row], rtol=0, atol=1e-9)


def test_a_lesion_is_scored_with_its_own_covariates(study: Study, tmp_path: Path) -> None:
    lesions = listed(
        study,
        "a.csv",
        ("i0.nii.gz", "young", "m0.nii.gz", "52", "F"),
        ("i0.nii.gz", "old", "m0.nii.gz", "75", "F"),
        ("i0.nii.gz", "unknown", "m0.nii.gz", "", ""),
        ("i0.nii.gz", "other", "m0.nii.gz", "", "X"),
        ("i1.nii.gz", "far", "m1.nii.gz", "5200", "F"),
        ("i1.nii.gz", "word", "m1.nii.gz", "old", "F"),
    )
    found = told(study, lesions, tmp_path / "out")
    assert {name: found[name][:2] for name in found} == {
        "young": ("scored", ""),
        "old": ("scored", ""),
        "unknown": ("scored", ""),
        "other": ("scored", ""),
        "far": ("refused", "IMPLAUSIBLE"),
        "word": ("refused", "NO_COVARIATE"),
    }
    assert len({found[name][2] for name in ("young", "old", "unknown")}) == 3
    assert found["other"][2] == found["unknown"][2]


def test_a_served_model_takes_covariates_as_columns(study: Study, tmp_path: Path) -> None:
    rows = [
        {"image": "i0.nii.gz", "lesion_id": "A", "mask": "m0.nii.gz", "age": 52.0, "sex": "F"},
        {"image": "i0.nii.gz", "lesion_id": "B", "mask": "m0.nii.gz", "age": None, "sex": None},
        {"image": "i0.nii.gz", "lesion_id": "C", "mask": "m0.nii.gz", "age": 52.0},
        {"image": "i0.nii.gz", "lesion_id": "D", "mask": "m0.nii.gz", "age": 5200.0, "sex": "F"},
    ]
    cells = [tuple(str(row.get(name) or "") for name in rows[0]) for row in rows[:2]]
    found = told(study, listed(study, "served.csv", *cells, header=tuple(rows[0])), tmp_path / "out")
    (model,) = (study.folder / "mlruns" / "artifacts").glob("models/*/artifacts")
    served = mlflow.pyfunc.load_model(str(model), model_config={"root": str(study.folder)})
    answers = served.predict(pd.DataFrame(rows)).to_dict("records")
    for answer in answers[:2]:
        assert f"{answer['score_1']:.9f}" == found[answer["lesion_id"]][2], answer["reason"]
    assert answers[0]["score_1"] != answers[1]["score_1"]
    assert [answer["refused"] for answer in answers[2:]] == ["", "IMPLAUSIBLE"]
    without = served.predict(pd.DataFrame(rows).drop(columns="sex"))
    assert list(without["refused"]) == ["NO_COVARIATE"] * 4


def test_a_changed_cell_is_scored_anew(study: Study, tmp_path: Path) -> None:
    scores = []
    for age in ("52", "52", "75"):
        lesions = listed(study, "g.csv", ("i0.nii.gz", "A", "m0.nii.gz", age, "F"))
        scores.append(told(study, lesions, tmp_path / "out")["A"][2])
    assert scores[0] == scores[1] != scores[2]


def test_a_list_without_the_column_is_refused_lesion_by_lesion(study: Study, tmp_path: Path) -> None:
    header = ("image", "lesion_id", "mask", "age")
    lesions = listed(study, "b.csv", ("i0.nii.gz", "A", "m0.nii.gz", "60"), header=header)
    found = told(study, lesions, tmp_path / "out")
    assert found["A"][:2] == ("refused", "NO_COVARIATE")


def test_a_package_that_sees_the_mask_refuses_a_point(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The planner gave the network the mask as a channel, because every row has one."""
    assert load_package(study.package).recipe.input.mask_channel
    header = ("image", "lesion_id", "mask", "x_mm", "y_mm", "z_mm", "diameter_mm", "frame", "age", "sex")
    point = ("20", "20", "20", "10", "RAS", "60", "F")
    lesions = listed(
        study,
        "c.csv",
        ("i0.nii.gz", "point", "", *point),
        ("i1.nii.gz", "mask", "m1.nii.gz", *point),
        header=header,
    )
    found = told(study, lesions, tmp_path / "out")
    assert {name: found[name][:2] for name in found} == {
        "point": ("refused", "NO_MASK"),
        "mask": ("scored", ""),
    }
    words = ["score", str(study.package), str(study.folder / "i0.nii.gz"), "--lesions", str(lesions)]
    assert main([*words, "--out", str(tmp_path / "cli")]) == 4
    assert "refused" in capsys.readouterr().out


def test_maps_hold_the_covariates_fixed(study: Study, tmp_path: Path) -> None:
    from medidense.io import read_volume

    maps = []
    for age in ("52", "75"):
        lesions = listed(study, "d.csv", ("i0.nii.gz", "A", "m0.nii.gz", age, "F"))
        out = tmp_path / age
        (item,) = verbs.explain(study.package, [study.folder / "i0.nii.gz"], lesions=lesions, out=out).items
        assert item.status == "explained"
        maps.append((item.score, read_volume(out / item.map).array))
    assert maps[0][0] != maps[1][0]
    np.testing.assert_array_equal(maps[0][1], maps[1][1])


def test_the_same_command_finds_the_run_and_a_damaged_encoding_is_told(study: Study, tmp_path: Path) -> None:
    broken = tmp_path / "run"
    shutil.copytree(study.run, broken)
    FoldDir(broken / "folds" / "0").path.joinpath("covariates.json").write_text("{}")
    with pytest.raises(RunError, match="folds 0 missing"):
        verbs.export(broken, out=tmp_path / "package")


def test_a_package_whose_encodings_are_not_the_recipes_is_refused(study: Study, tmp_path: Path) -> None:
    assert verbs.verify(study.package).ok
    for change in ("columns", "count", "none"):
        folder = tmp_path / change
        shutil.copytree(study.package, folder)
        path = folder / "manifest.json"
        tree = json.loads(path.read_text())
        if change == "columns":
            tree["covariates"][0]["covariates"][0]["column"] = "size"
        else:
            tree["covariates"] = tree["covariates"][:1] if change == "count" else []
        path.write_text(json.dumps(tree))
        with pytest.raises(PackageError, match="covariates"):
            load_package(folder)


def test_columns_that_are_not_there_stop_the_run_before_it_is_made(study: Study, tmp_path: Path) -> None:
    wrong = {**SETTINGS, "input.covariates.columns": ["weight"]}
    options = verbs.CvOptions(folds=2, device="cpu", out=tmp_path / "run", settings=wrong)
    with pytest.raises(CohortError, match="weight"):
        verbs.cv(study.cohort, options=options)
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_package_of_whole_images_takes_a_row_for_each_image(study: Study, tmp_path: Path) -> None:
    from medidense.batch import read_lesions

    path = listed(study, "e.csv", ("i0.nii.gz", "60", "F"), header=("image", "age", "sex"))
    with pytest.raises(CohortError, match="a lesion needs a mask"):
        read_lesions(path)
    (row,) = read_lesions(path, whole=True, covariates=("age", "sex", "weight")).lesions
    assert row.covariates == {"age": "60", "sex": "F"}
    assert row.region_in(scan(0)[0]) is None
    named = listed(study, "f.csv", ("i0.nii.gz", "A", "m0.nii.gz", "60", "F"))
    with pytest.raises(CohortError, match="names no lesion"):
        read_lesions(named, whole=True)
    with pytest.raises(UsageError, match="exist"):
        verbs.score(study.package, [tmp_path / "none"], out=tmp_path / "out")


@pytest.mark.slow
def test_lora_adapts_the_image_part_and_the_covariates_learn_beside_it(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(study.folder / "config"))
    net = build("densenet_small", dims=2, channels=2, classes=5, dropout=0.0, seed=9)
    torch.save(net.state_dict(), tmp_path / "w.pth")
    start = {"start.weights": str(tmp_path / "w.pth"), "start.trains": "lora", "start.lora_rank": 2}
    options = verbs.CvOptions(
        folds=2, seed=2, device="cpu", out=tmp_path / "run", settings={**SETTINGS, **start}
    )
    run = RunDir(verbs.cv(study.cohort, options=options).run)
    tensors = safetensors.torch.load_file(run.fold(0).weights)
    assert not [name for name in tensors if "lora" in name]
    assert tensors["covariates.weight"].any()
    stem = "features.conv0.weight"
    assert not torch.equal(tensors[f"image.plane.{stem}"], net.state_dict()[stem])
    norm = "features.norm0.weight"
    assert torch.equal(tensors[f"image.plane.{norm}"], net.state_dict()[norm])
    assert verbs.verify(verbs.export(run.path, out=tmp_path / "package").package).ok


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["multi_label", "ordinal"])
def test_labels_and_grades_take_covariates_too(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    names = ("label_round", "label_large") if kind == "multi_label" else ("label",)
    rows = []
    for number in range(12):
        own = (str(number % 2), "" if number == 5 else str(number // 2 % 2))
        told = own if kind == "multi_label" else (str(number % 3 + 1),)
        image, mask = scan(20 + number)
        write_nifti(image, tmp_path / f"i{number}.nii.gz")
        write_nifti(mask, tmp_path / f"m{number}.nii.gz")
        beside = (f"m{number}.nii.gz", "L1", str(50 + 9 * (number % 6)), "FM"[number % 2])
        rows.append((f"P{number}", f"i{number}.nii.gz", *told, *beside))
    header = ("subject_id", "image", *names, "mask", "lesion_id", "age", "sex")
    cohort = write_table(tmp_path / "cohort.csv", header, rows)
    settings = SETTINGS | {"labels.kind": kind}
    options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=tmp_path / "run", settings=settings)
    done = verbs.cv(cohort, options=options)
    assert "MLflow experiment" in done.tracking
    run = RunDir(done.run)
    found = json.loads(run.evaluation_path.read_text())
    tables = [found["baselines"], *(label["baselines"] for label in found.get("labels", ()))]
    assert len(tables) == (3 if kind == "multi_label" else 1)
    assert all(COVARIATES in {one["name"] for one in table} for table in tables)
    weight = safetensors.torch.load_file(run.fold(0).weights)["covariates.weight"]
    assert len(weight) == 2
    package = verbs.export(run.path, out=tmp_path / "package").package
    assert verbs.verify(package).ok
    listed = write_table(
        tmp_path / "list.csv",
        ("image", "lesion_id", "mask", "age", "sex"),
        [("i1.nii.gz", "A", "m1.nii.gz", "61", "F")],
    )
    scored = verbs.score(package, [tmp_path / "i1.nii.gz"], lesions=listed, out=tmp_path / "scores")
    with scored.csv.open(newline="") as stream:
        assert [row["status"] for row in csv.DictReader(stream)] == ["scored"]
    shown = verbs.explain(package, [tmp_path / "i1.nii.gz"], lesions=listed, out=tmp_path / "maps")
    assert [item.status for item in shown.items] == ["explained"]


@pytest.mark.slow
def test_two_devices_train_with_covariates_as_one_does(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(study.folder / "config"))
    settings = SETTINGS | {"training.channels_last": False, "input.covariates.dropout": 0.5}
    options = [
        verbs.CvOptions(
            folds=2, seed=1, device="cpu", devices=count, out=tmp_path / str(count), settings=settings
        )
        for count in (1, 2)
    ]
    one, two = (RunDir(verbs.cv(study.cohort, options=each).run) for each in options)
    np.testing.assert_allclose(two.predictions().scores, one.predictions().scores, atol=1e-3)
    weights = [safetensors.torch.load_file(run.fold(0).weights)["covariates.weight"] for run in (one, two)]
    assert weights[0].any()
    torch.testing.assert_close(*weights, atol=1e-3, rtol=0)
