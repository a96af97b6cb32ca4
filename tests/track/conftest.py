"""A finished run directory whose subjects, samples and folders carry a word that must not get out."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense import durable
from medidense.nets import build, save_weights
from medidense.package import PackageContents, write_package
from medidense.rundir import (
    Asked,
    Picture,
    RunDir,
    write_epochs,
    write_facts,
    write_predictions,
    write_recipe,
    write_splits,
)
from medidense.stats import evaluate_predictions
from medidense.track.store import create_sqlite
from medidense.values import (
    EpochRecord,
    Fold,
    Predictions,
    Recipe,
    SampleFacts,
    Span,
    Splits,
    TrainingFacts,
    parse_recipe,
)
from tests.track.growing import pictures_of

CANARY = "KANARIENVOGEL"
SAMPLES = 24
FOLDS = 2


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's key, store or environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store without experiments; making one takes over a second."""
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    create_sqlite(database)
    return database


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Path:
    """The default store of `tmp_path`, ready made."""
    (tmp_path / "mlruns").mkdir()
    return Path(shutil.copy(empty_store, tmp_path / "mlruns" / "mlflow.db"))


@pytest.fixture
def recipe() -> Recipe:
    intensity = {"rule": "percentiles", "low": 1, "high": 99}
    tree = {
        "input": {"dims": 2, "region": "whole", "size": [32, 32], "intensity": intensity},
        "evaluation": {"bootstrap": 200, "calibration": "platt"},
    }
    return parse_recipe(tree, "test")


@pytest.fixture
def run(tmp_path: Path, recipe: Recipe) -> RunDir:
    """Two folds of twelve samples, one sample a subject, every third one scored wrongly."""
    run = RunDir(tmp_path / f"{CANARY}-folder" / "run")
    names = tuple(f"{CANARY}/scan{index:02d}.nii.gz" for index in range(SAMPLES))
    subjects = tuple(f"{CANARY}-{index:02d}" for index in range(SAMPLES))
    fold = np.arange(SAMPLES) % FOLDS
    label = (np.arange(SAMPLES) // FOLDS) % 2
    score = np.where(np.arange(SAMPLES) % 3 == 0, 0.45, 0.1 + 0.8 * label) + np.arange(SAMPLES) / 1000
    predictions = Predictions(
        ("benign", "malignant"),
        "malignant",
        names,
        subjects,
        fold,
        label,
        np.stack([1 - score, score], axis=1),
    )
    asked = Asked(cohort_name="nodules", cohort="ab" * 32, recipe="", folds=FOLDS)
    device = {"name": "cpu", "precision": "fp32", "threads": 1}
    run.save_about(
        {
            "asked": asked.to_json(),
            "cohort_path": f"/data/{CANARY}/nodules.csv",
            "classes": list(predictions.classes),
            "positive": "malignant",
            "device": device,
            "torch": "2.13.0",
        }
    )
    write_recipe(recipe, run.recipe_path)
    subject_of = dict(zip(names, subjects, strict=True))
    folds = tuple(
        Fold(
            index,
            tuple(name for name, own in zip(names, fold, strict=True) if own != index),
            (),
            tuple(name for name, own in zip(names, fold, strict=True) if own == index),
            subject_of,
        )
        for index in range(FOLDS)
    )
    write_splits(Splits(folds, "ab" * 32), run.splits_path)
    for index in range(FOLDS):
        place = run.fold(index)
        durable.write_bytes(place.weights, b"weights")
        own = {name for name, part in zip(names, fold, strict=True) if part == index}
        write_predictions(predictions.take(own), place.predictions_path)
        write_epochs(
            [EpochRecord(epoch, 0.8 - 0.1 * epoch, 1e-3, 2.0) for epoch in (1, 2, 3)], place.epochs_path
        )
        os.utime(place.weights, (1_800_000_000 + 10 * index, 1_800_000_000 + 10 * index))
        place.finish()
    write_predictions(predictions, run.predictions_path)
    facts = [
        SampleFacts(name, subject, 100.0 + 10 * number, 40.0 + number % 5, "CT", -900, 0, 200)
        for number, (name, subject) in enumerate(zip(names, subjects, strict=True))
    ]
    write_facts(facts, run.facts_path)
    evaluation = evaluate_predictions(predictions, facts, recipe.evaluation, cohort_digest="ab" * 32)
    durable.write_text(run.evaluation_path, json.dumps(evaluation.to_json()))
    for folder, name in (
        (run.figures, "roc"),
        (run.saliency, "TP_0"),
        (run.saliency, "TP_1"),
        (run.saliency, "FN_0"),
    ):
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (64, 32), (90, 120, 200)).save(folder / f"{name}.png")
    return run


@pytest.fixture
def pictures(run: RunDir) -> tuple[Picture, ...]:
    """Those of the run, all of which may be handed on."""
    return pictures_of(run)


@pytest.fixture
def package(tmp_path: Path, recipe: Recipe) -> Path:
    """A package of one small untrained network."""
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=1)
    weights = tmp_path / "fold.safetensors"
    save_weights(net, weights)
    span = Span(low=0.0, high=1.0)
    facts = TrainingFacts(
        cohort_digest="ab" * 32,
        code_version="test",
        samples=24,
        subjects=24,
        class_counts={"benign": 12, "malignant": 12},
        modality="CT",
        dims=2,
        p01=span,
        p50=span,
        p99=span,
        auroc=None,
        auroc_ci95=(None, None),
    )
    folder = tmp_path / "package"
    folder.mkdir()
    write_package(
        folder,
        PackageContents(
            name="nodules",
            version="1",
            recipe=recipe,
            classes=("benign", "malignant"),
            positive="malignant",
            operating_point=0.5,
            weights=(weights,),
            threads=1,
            training=facts,
        ),
    )
    return folder
