"""Several labels and grades, from the table to the score."""

import csv
import json
from pathlib import PurePath

import numpy as np
import pytest

from medidense import verbs
from medidense.errors import RecipeError
from medidense.io import find_inputs, read_volume
from medidense.package import load_package
from medidense.phantoms import PhantomOptions, write_cohort, write_fresh
from medidense.rundir import RunDir, read_recipe
from medidense.values import Cohort, Recipe, Region, parse_recipe
from medidense.values.cohort import Sample
from medidense.verbs.classes import classes_of

SMALL = {
    "training.epochs": 2,
    "training.threads": 1,
    "evaluation.bootstrap": 200,
    "network.name": "densenet_small",
    "input.size": [32, 32, 32],
}
WINDOW = {"rule": "window", "low": 0, "high": 1}


def recipe(**labels) -> Recipe:
    given = {"dims": 2, "region": "whole", "size": [32, 32], "intensity": WINDOW}
    return parse_recipe({"input": given, "labels": labels}, "r")


def cohort(*labels: str) -> Cohort:
    samples = [
        Sample(row + 2, f"P{row}", f"{row}.png", PurePath(f"/{row}.png"), label)
        for row, label in enumerate(labels)
    ]
    return Cohort("c", tuple(samples))


def test_grades_that_are_numbers_have_their_own_order():
    assert classes_of(cohort("10", "2", "1"), recipe(kind="ordinal")) == ("1", "2", "10")
    given = recipe(kind="ordinal", order=["poor", "fair", "good"])
    assert classes_of(cohort("fair", "good", "poor"), given) == ("poor", "fair", "good")


@pytest.mark.parametrize(
    ("labels", "given", "rule"),
    [
        (("a", "b", "c"), {"kind": "ordinal"}, "grades that are words have no order of their own"),
        (
            ("a", "b", "c"),
            {"kind": "ordinal", "order": ["a", "b", "d"]},
            "it names each label of the cohort once",
        ),
        (("1", "2"), {"kind": "ordinal"}, "grades are three or more"),
        (("a", "b"), {"kind": "multi_label"}, "the recipe says multi_label"),
    ],
)
def test_a_table_of_another_kind_than_the_recipe_is_refused(labels, given, rule):
    with pytest.raises(RecipeError, match=rule):
        classes_of(cohort(*labels), recipe(**given))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["multi_label", "ordinal"])
def test_from_the_table_to_the_score(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    table = write_cohort(tmp_path / "phantoms", PhantomOptions(subjects=10, seed=3, truth=kind))
    assert verbs.check(table).kind == ("multi_label" if kind == "multi_label" else "classes")
    settings = SMALL | ({"labels.kind": kind, "training.sampling": "balanced"} if kind == "ordinal" else {})
    options = verbs.CvOptions(folds=2, seed=1, device="cpu", out=tmp_path / "run", settings=settings)
    done = verbs.cv(table, options=options)
    run = RunDir(done.run)
    assert read_recipe(run.recipe_path).labels.kind == run.kind == kind
    told = json.loads(run.evaluation_path.read_text())
    scores = run.predictions().scores
    if kind == "multi_label":
        assert [label["name"] for label in told["labels"]] == ["large", "spiculated"]
        assert (
            (run.predictions().label < 0).sum() == sum(13 - label["samples"] for label in told["labels"]) > 0
        )
        assert not np.allclose(scores.sum(axis=1), 1)
    else:
        assert "quadratic_kappa" in told["metrics"]
        assert scores.shape[1] == 3
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-8)
    assert "MLflow experiment" in done.tracking
    assert verbs.evaluate(run.path).evaluation == done.evaluation
    assert verbs.evaluate(run.path, rows=table).evaluation.auroc == done.evaluation.auroc

    package = verbs.export(run.path, out=tmp_path / "package").package
    assert verbs.verify(package).ok
    assert load_package(package).manifest.kind == kind
    fresh, lesions = write_fresh(tmp_path / "fresh", count=2, seed=4)
    scored = verbs.score(package, [fresh], lesions=lesions, out=tmp_path / "scores")
    with scored.csv.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = load_package(package).manifest.classes
    for row in rows:
        own = np.array([float(row[f"score_{name}"]) for name in names])
        assert ((own >= 0) & (own <= 1)).all()
        reached = ";".join(name for name, score in zip(names, own, strict=True) if score >= 0.5) or "-"
        assert row["decision"] == reached if kind == "multi_label" else row["decision"] in names
    shown = verbs.explain(package, [fresh], lesions=lesions, out=tmp_path / "maps", target_class=names[0])
    assert [item.status for item in shown.items] == ["explained"] * len(rows)
    assert {item.target_class for item in shown.items} == {names[0]}
    first = next(iter(find_inputs([fresh]).found))
    with lesions.open(newline="") as stream:
        line = next(csv.DictReader(stream))
    centre = tuple(float(line[f"{axis}_mm"]) for axis in "xyz")
    region = Region(centre, (float(line["diameter_mm"]),) * 3)
    again = load_package(package).predict(read_volume(first.source, series_uid=first.series_uid), region)
    assert again.scores[names[0]] == pytest.approx(float(rows[0][f"score_{names[0]}"]), abs=1e-6)
