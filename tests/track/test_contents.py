import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from medidense.rundir import Picture, RunDir, write_epochs
from medidense.track.contents import Contents, _public
from medidense.track.figures import floor_cell
from medidense.track.fold_contents import FoldContents, numbers
from medidense.values import EpochRecord, Fold, Splits


@pytest.fixture
def contents(run: RunDir, pictures: tuple[Picture, ...]) -> Contents:
    return Contents(run, lambda text: f"alias{len(text)}-{text[-9:]}", pictures)


def test_the_first_sentence_is_the_result(contents: Contents) -> None:
    first, floor, third, _, second, *rest = contents.description().splitlines()
    assert first.startswith("Pooled out-of-fold AUROC 0.")
    assert first.endswith("over 24 subjects, 24 samples, 2 folds by subject.")
    assert "95 % percentile bootstrap over 24 subjects, 200 draws" in second
    assert floor.startswith("Best rule without a network: ")
    best = max(one["auroc"]["value"] for one in contents.evaluation["baselines"] if not one["uses_network"])
    assert f", {best:.3f} (95% CI " in floor
    assert third == "Research software, not a medical device."
    assert any(line.startswith("| AUROC of volume alone | ") for line in rest)
    assert any(line.startswith("- Only 24 subjects") for line in rest)


def test_a_figure_that_is_size_is_told_after_the_floor(contents: Contents, run: RunDir) -> None:
    areas = {"value": 0.68, "low": 0.59, "high": 0.77}, {"value": 0.5, "low": 0.4, "high": 0.6}
    pairs = {"pairs": 69, "subjects": 110, "caliper": 0.2, "auroc": areas[0], "volume_auroc": areas[1]}
    tree = run.evaluation_json() | {"auroc": 0.93, "auroc_ci95": [0.9, 0.95], "matched": pairs}
    run.evaluation_path.write_text(json.dumps(tree), encoding="utf-8")
    lines = Contents(run, str).description().splitlines()
    assert lines[2] == "Matched in size: 0.680 (95% CI 0.590-0.770). Much of the figure is size."


def test_the_best_rule_fits_into_a_cell() -> None:
    area = {"value": 0.921, "low": 0.9, "high": 0.94}
    gap = {"value": 0.011, "low": -0.003, "high": 0.027}
    rule = {"name": "logistic regression on descriptors", "auroc": area, "network_minus_baseline": gap}
    better = rule | {"name": "scratch", "uses_network": True, "auroc": area | {"value": 0.99}}
    worse = rule | {"name": "volume alone", "auroc": area | {"value": 0.8}}
    told = floor_cell({"baselines": [worse, rule, better]})
    assert told == "descriptors 0.921; network minus it 0.011 (-0.003 to 0.027)"
    assert floor_cell({"baselines": []}) == "no rule to compare with"


def test_metric_names_are_few_and_allowed(contents: Contents) -> None:
    metrics = contents.metrics()
    assert len(metrics) < 60
    assert {"oof/auprc", "oof/mcc", "oof_calibration/raw_slope", "oof_sets/coverage"} <= set(metrics)
    assert {"oof_calibration/calibrated_ece", "oof_sets/single"} <= set(metrics)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_/") for name in metrics)
    assert all(round(value, 4) == value for value in metrics.values())


def test_undefined_figures_are_left_out(contents: Contents, run: RunDir) -> None:
    tree = run.evaluation_json() | {"auroc": None, "auroc_ci95": [None, None], "auroc_fold_mean": None}
    run.evaluation_path.write_text(json.dumps(tree))
    fresh = Contents(run, str)
    assert not [name for name in fresh.metrics() if "auroc" in name]
    assert fresh.description().startswith("Pooled out-of-fold AUROC not defined")


def test_infinite_losses_are_left_out_of_the_curves(run: RunDir) -> None:
    records = [EpochRecord(0, float("inf"), 1e-3, 1.0), EpochRecord(1, 0.5, 1e-3, 1.0, 0.7)]
    write_epochs(records, run.fold(0).epochs_path)
    told = [number for one in FoldContents(run, 0).epochs() for number in numbers(*one)]
    found = [(name, value, step) for name, value, _, step in told if name.endswith("loss")]
    assert found == [("train/loss", 0.5, 1), ("val/loss", 0.7, 1)]


def test_files_hold_every_row_under_aliases(contents: Contents) -> None:
    files = contents.files()
    rows = list(csv.DictReader(io.StringIO(files["tables/splits.csv"].decode())))
    assert len(rows) == 48
    assert {row["part"] for row in rows} == {"train", "test"}
    table = list(csv.DictReader(io.StringIO(files["tables/oof_predictions.csv"].decode())))
    assert all(row["sample"].startswith("alias") and row["subject"].startswith("alias") for row in table)
    assert {"figures/roc.png", "saliency/TP_0.png", "recipe.yaml", "tables/evaluation.json"} <= set(files)


def test_the_page_is_logged_where_there_is_one(contents: Contents, run: RunDir) -> None:
    assert not [name for name in contents.files() if name.startswith("report/")]
    run.report_path.write_text("<p>page</p>", encoding="utf-8")
    assert contents.files()["report/report.html"] == b"<p>page</p>"


def test_image_steps_have_no_gaps(run: RunDir, pictures: tuple[Picture, ...]) -> None:
    (run.saliency / "FN_0.png").rename(run.saliency / "FN_7.png")
    moved = [replace(one, path=run.saliency / one.path.name.replace("FN_0", "FN_7")) for one in pictures]
    contents = Contents(run, str, moved)
    assert [one[:3] for one in contents.overlays()] == [
        ("gradcam/FN", 0, "FN_7"),
        ("gradcam/TP", 0, "TP_0"),
        ("gradcam/TP", 1, "TP_1"),
    ]


def test_a_picture_keeps_its_step_and_one_that_is_allowed_later_comes_behind(
    run: RunDir, pictures: tuple[Picture, ...]
) -> None:
    some = [replace(one, clean=one.path.stem != "TP_0") for one in pictures]
    first = {(one.key, one.name): one.step for one in Contents(run, str, some).overlays()}
    assert first == {("gradcam/FN", "FN_0"): 0, ("gradcam/TP", "TP_1"): 0}
    then = {(one.key, one.name): one.step for one in Contents(run, str, pictures).overlays(first)}
    assert then == first | {("gradcam/TP", "TP_0"): 1}


def test_a_card_says_of_whom_it_is_by_a_pseudonym(run: RunDir, pictures: tuple[Picture, ...]) -> None:
    told = Contents(run, lambda text: "S-0123456789" if text == pictures[0].sample else "S-", pictures)
    card = told.overlays()[0].card
    assert card.lines == ("S-0123456789", "label malignant, decided benign (0.55)")


def test_pictures_that_may_carry_a_name_stay_where_they_are(
    run: RunDir, pictures: tuple[Picture, ...]
) -> None:
    some = [replace(one, clean=one.kind == "FN") for one in pictures]
    told = Contents(run, str, some)
    (only,) = told.overlays()
    assert only.key == "gradcam/FN"
    assert only.card.content == (run.saliency / "FN_0.png").read_bytes()
    assert [name for name in told.files() if name.startswith("saliency/")] == ["saliency/FN_0.png"]
    assert Contents(run, str).overlays() == []
    assert not [name for name in Contents(run, str).files() if name.startswith("saliency/")]


def test_params_are_the_few_that_tell_runs_apart(contents: Contents, run: RunDir) -> None:
    params = contents.params()
    assert (params["seed"], params["input.dims"], params["network.name"]) == ("0", "2", "densenet121")
    assert len(", ".join(f"{key}={value}" for key, value in params.items())) < 100, "a picture follows them"
    about = run.about()
    run.save_about(about | {"asked": about["asked"] | {"settings": {"training.augmentation.flip": False}}})
    assert set(Contents(run, str).params()) == {*params, "training.augmentation.flip"}


def test_the_model_has_every_key_of_the_recipe(contents: Contents) -> None:
    params = contents.recipe_params()
    assert params["training.augmentation.flip"] == "True"
    assert params["input.size"] == "[32, 32]"
    assert not [key for key in params if key.startswith("reasons")]
    assert Path("/").anchor not in "".join(params.values())


def test_the_rows_matched_in_size_are_a_metric_and_a_line(run: RunDir) -> None:
    found = {"pairs": 7, "subjects": 14, "caliper": 0.2}
    found |= {"auroc": {"value": 0.61, "low": 0.5, "high": 0.7}, "volume_auroc": {"value": 0.52}}
    run.evaluation_path.write_text(json.dumps(run.evaluation_json() | {"matched": found}))
    fresh = Contents(run, str)
    metrics = fresh.metrics()
    assert [metrics[f"oof_matched/auroc{end}"] for end in ("", "_low", "_high")] == [0.61, 0.5, 0.7]
    line = "| AUROC on 7 pairs alike in size | 0.610 (95% CI 0.500-0.700); lesion volume 0.520 |"
    assert line in fresh.description()
    run.evaluation_path.write_text(json.dumps(fresh.evaluation | {"matched": None}))
    assert not [name for name in Contents(run, str).metrics() if "matched" in name]


def test_figures_by_subject_are_metrics_and_a_line(contents: Contents, run: RunDir) -> None:
    assert not [name for name in contents.metrics() if name.startswith("oof_subject/")]
    area = {"value": 0.8, "low": 0.7, "high": 0.9}
    found = {"several": 9, "auroc": area, "metrics": {"sensitivity": area, "mcc": area}}
    run.evaluation_path.write_text(json.dumps(run.evaluation_json() | {"per_subject": found}))
    fresh = Contents(run, str)
    names = {name: value for name, value in fresh.metrics().items() if name.startswith("oof_subject/")}
    assert names == {
        f"oof_subject/{figure}{end}": area[limit]
        for figure in ("auroc", "sensitivity")
        for end, limit in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    assert (
        "| AUROC per subject (9 have several samples) | 0.800 (95% CI 0.700-0.900) |" in fresh.description()
    )
    old = {key: value for key, value in run.evaluation_json().items() if key != "per_subject"}
    run.evaluation_path.write_text(json.dumps(old))
    assert not [name for name in Contents(run, str).metrics() if name.startswith("oof_subject/")]


def test_each_of_several_labels_is_a_metric_and_a_line(run: RunDir) -> None:
    area, none = {"value": 0.8, "low": 0.7, "high": 0.9}, {"value": None, "low": None, "high": None}
    counts = {"samples": 20, "positives": 5}
    labels = [
        {"name": "old bleed", "auroc": area, "auprc": area, "note": "", **counts},
        {"name": "mass", "auroc": none, "auprc": none, "note": "Every row shows it.", **counts},
    ]
    run.evaluation_path.write_text(json.dumps(run.evaluation_json() | {"labels": labels}))
    fresh = Contents(run, str)
    found = {name: value for name, value in fresh.metrics().items() if name.startswith("oof_label/")}
    assert found["oof_label/old_bleed/auroc_low"] == 0.7
    assert not [name for name in found if "mass" in name]
    assert "| label old bleed (5 of 20 known rows) | AUROC 0.800 (95% CI 0.700-0.900)" in fresh.description()
    assert "| Every row shows it. |" in fresh.description()


def test_words_of_the_table_do_not_leave_with_the_subgroups() -> None:
    parts = [
        {"by": "site", "group": "Hospital A"},
        {"by": "site", "group": "B"},
        {"by": "site", "group": "not known"},
        {"by": "sex", "group": "F"},
        {"by": "sex", "group": "Anna"},
        {"by": "age", "group": "0-17"},
    ]
    folds = [{"fold": 0, "note": "site Hospital A. One class."}, {"fold": 1, "note": "site B."}]
    tested = (
        Fold(0, ("c",), (), ("a",), {"a": "a", "c": "c"}),
        Fold(1, ("c",), (), ("b",), {"b": "b", "c": "c"}),
    )
    splits = Splits(tested, "ab", ("site Hospital A", "site B"))
    told = _public({"auroc": 0.9, "subgroups": parts, "folds": folds}, splits)
    assert [fold["note"] for fold in told["folds"]] == ["site 1. One class.", "site 2."]
    assert [part["group"] for part in told["subgroups"]] == [
        "site 1",
        "site 2",
        "not known",
        "F",
        "sex 1",
        "0-17",
    ]
    assert told["auroc"] == 0.9
    nothing = Splits((), "ab")
    assert _public({}, nothing) == {"subgroups": [], "folds": []}
    noted = {"folds": [{"fold": 0, "note": "One class."}]}
    assert _public(noted, nothing)["folds"] == noted["folds"]
