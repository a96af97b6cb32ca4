import json

from medidense.track.names import of_label
from medidense.track.views import experiment_tags, fold_curves_link


def test_the_fold_curves_are_grouped_by_their_cross_validation_and_drawn_with_a_band() -> None:
    tags = experiment_tags("7")
    saved = json.loads(tags["mlflow.sharedViewState.folds"])
    state = json.loads(saved["state"])
    assert saved["name"] == "Fold curves with their band"
    assert state["searchFilter"] == "tags.`medidense.kind` = 'fold'"
    assert state["groupBy"]["groupByKeys"] == [{"mode": "tag", "groupByData": "medidense.cv"}]
    assert state["useGroupedValuesInCharts"] is True
    charts = {chart["metricKey"]: chart for chart in state["compareRunCharts"]}
    assert list(charts) == ["train/loss", "val/loss", "lr", "time/epoch_s", "test/auroc"]
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in charts.values()} == sections
    assert len(tags["mlflow.sharedViewState.folds"]) < 5000  # what MLflow's other databases hold of a tag
    assert fold_curves_link("", "7") in tags["mlflow.note.content"]


def test_labels_that_would_be_written_alike_keep_metrics_of_their_own() -> None:
    among = ["T+", "T?", "t_", "mass", "old bleed"]
    written = {name: of_label(name, "auroc", among) for name in among}
    assert len({text.casefold() for text in written.values()}) == len(among)
    assert written["mass"] == "oof_label/mass/auroc"
    assert written["old bleed"] == "oof_label/old_bleed/auroc"
    assert of_label("T+", "auroc", among[::-1]) == written["T+"]
