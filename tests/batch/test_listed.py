"""A package of whole images that takes covariates finds them in a list with a row for each image."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from medidense.batch import listed_for, score_inputs
from medidense.io import write_nifti
from medidense.nets import build_for, save_weights
from medidense.package import Package, PackageContents, load_package, write_package
from medidense.values import CovariateEncoding, Source, Span, TrainingFacts, Volume, parse_recipe

AGE = {"kind": "numeric", "column": "age", "mean": 60.0, "sd": 10.0, "low": 40.0, "high": 80.0}
RECIPE = {
    "input": {
        "dims": 2,
        "region": "whole",
        "spacing_mm": [1.0, 1.0],
        "size": [32, 32],
        "intensity": {"rule": "window", "low": -100, "high": 100},
        "covariates": {"columns": ["age"]},
    },
    "network": {"name": "densenet_small"},
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("package")
    recipe = parse_recipe(RECIPE, "test")
    net = build_for(recipe, 2, covariates=2)
    with torch.no_grad():
        net.covariates.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))  # type: ignore[union-attr, operator]
    save_weights(net, folder / "weights.safetensors")
    span = Span(low=-200, high=200)
    training = TrainingFacts(
        cohort_digest="0" * 64,
        code_version="0.1.0",
        samples=10,
        subjects=8,
        class_counts={"0": 4, "1": 6},
        modality=None,
        dims=2,
        p01=span,
        p50=span,
        p99=span,
        auroc=0.9,
        auroc_ci95=(0.8, 0.95),
    )
    contents = PackageContents(
        name="slices",
        version="1",
        recipe=recipe,
        classes=("0", "1"),
        positive="1",
        operating_point=0.5,
        weights=(folder / "weights.safetensors",),
        threads=1,
        training=training,
        covariates=(CovariateEncoding.model_validate({"covariates": [AGE]}),),
    )
    (folder / "package").mkdir()
    write_package(folder / "package", contents)
    return load_package(folder / "package")


def test_whole_images_are_scored_with_the_covariates_of_their_row(package: Package, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    draw = np.random.default_rng(0)
    array = draw.normal(0, 40, (32, 32, 1)).astype(np.int16)
    for name in ("a", "b", "c"):
        write_nifti(Volume(array, np.eye(4), Source("nifti")), scans / f"{name}.nii.gz")
    (tmp_path / "list.csv").write_text("image,age\nscans/a.nii.gz,50\nscans/b.nii.gz,70\n")
    listed = listed_for(package, tmp_path / "list.csv")
    result = score_inputs(package, [scans], listed, tmp_path / "out")
    with result.csv.open(newline="") as stream:
        rows = {Path(row["input"]).name[0]: row for row in csv.DictReader(stream)}
    assert [rows[name]["status"] for name in "abc"] == ["scored", "scored", "refused"]
    assert rows["c"]["reason_code"] == "NO_COVARIATE"
    assert result.unmatched == ()
    low, high = (float(rows[name]["score_1"]) for name in "ab")
    apart = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert apart == pytest.approx(2, abs=1e-5), "one standard deviation is one unit of logit here"
