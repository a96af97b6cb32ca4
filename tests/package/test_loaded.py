"""Does a package say the same as its networks do, and refuse what is not for it?"""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medidense.errors import PackageError
from medidense.package import Package, PackageContents, load_package, write_package
from medidense.preprocess import prepare
from medidense.values import Refused, Region, Source, Volume


def test_the_score_is_the_mean_of_the_networks_probabilities(
    written: Path, scan: Volume, lesion: Region
) -> None:
    package = load_package(written)
    found = package.predict(scan, lesion)
    array = torch.from_numpy(prepare(scan, lesion, package.recipe.input).array)[None]
    with torch.inference_mode():
        each = [torch.softmax(net(array)[0].double(), 0).numpy() for net in package.networks()]
    assert list(found.scores) == ["benign", "malignant"]
    assert list(found.scores.values()) == pytest.approx(np.mean(each, axis=0), abs=1e-6)
    assert not np.allclose(each[0], each[1], atol=1e-4), "two folds, two networks"
    assert package.predict(scan, lesion) == found == load_package(written).predict(scan, lesion)


def test_the_decision_is_made_at_the_operating_point(written: Path, scan: Volume, lesion: Region) -> None:
    package = load_package(written)
    score = package.predict(scan, lesion).scores["malignant"]
    for point, decided in ((score, "malignant"), (np.nextafter(score, 1), "benign"), (0.0, "malignant")):
        manifest = package.manifest.model_copy(update={"operating_point": float(point)})
        assert replace(package, manifest=manifest).predict(scan, lesion).decision == decided


def test_of_three_classes_the_most_probable_is_decided(written: Path) -> None:
    package = load_package(written)
    manifest = package.manifest.model_copy(update={"classes": ("a", "b", "c"), "positive": "c"})
    assert replace(package, manifest=manifest)._decision(np.array([0.2, 0.45, 0.35])) == "b"


def refusal(package: Package, volume: Volume, region: Region | None) -> tuple[str, str, str]:
    with pytest.raises(Refused) as caught:
        package.predict(volume, region)
    told = caught.value.refusal
    return told.code, told.found, told.expected


def test_a_lesion_package_never_crops_blindly(written: Path, scan: Volume) -> None:
    assert refusal(load_package(written), scan, None)[0] == "NO_REGION"


def test_another_modality_is_refused_and_an_unknown_one_is_not(
    written: Path, scan: Volume, lesion: Region
) -> None:
    package = load_package(written)
    assert refusal(package, replace(scan, source=Source("dicom", modality="MR")), lesion) == (
        "MODALITY",
        "MR",
        "CT",
    )
    assert package.predict(replace(scan, source=Source("nifti")), lesion) == package.predict(scan, lesion)


def test_intensities_unlike_the_training_are_refused(written: Path, scan: Volume, lesion: Region) -> None:
    package = load_package(written)
    code, found, expected = refusal(package, scan.with_array(scan.array + 1024), lesion)
    # Half of the training's width from -1000 to 200 is 600: the 1st percentile may reach -200.
    assert (code, expected) == ("IMPLAUSIBLE", "-1600 to -200")
    assert found.startswith("1st percentile 1")
    assert refusal(package, scan.with_array(scan.array.astype(np.int32) * 100), lesion)[0] == "IMPLAUSIBLE"
    assert package.predict(scan.with_array(scan.array + 100), lesion).decision


def test_a_slice_for_a_model_of_volumes_is_refused(
    contents: PackageContents, written: Path, scan: Volume, lesion: Region
) -> None:
    package = load_package(written)
    training = contents.training.model_copy(update={"dims": 3})
    deep = replace(package, manifest=package.manifest.model_copy(update={"training": training}))
    flat = scan.with_array(scan.array[:, :, 2:3])
    assert refusal(deep, flat, lesion)[:2] == ("IMPLAUSIBLE", "a 2D image")
    whole = replace(package, manifest=package.manifest.model_copy(update={"region": "whole"}))
    assert refusal(whole, scan, None)[:2] == ("IMPLAUSIBLE", "a 3D image")


def test_a_file_changed_after_loading_is_found_before_its_tensors_are_read(
    written: Path, scan: Volume, lesion: Region, tmp_path: Path
) -> None:
    shutil.copytree(written, tmp_path / "p")
    package = load_package(tmp_path / "p")
    (tmp_path / "p" / "fold_1.safetensors").write_bytes((written / "fold_0.safetensors").read_bytes())
    with pytest.raises(PackageError, match=r"fold_1\.safetensors"):
        package.predict(scan, lesion)


def test_scoring_needs_neither_mlflow_nor_training(written: Path) -> None:
    """A child process that scores has loaded neither mlflow nor anything that trains."""
    code = (
        "import sys; import numpy as np;"
        "from medidense.package import load_package; from medidense.values import Region, Source, Volume;"
        "import medidense.batch;"
        "array = np.random.default_rng(0).normal(-850, 300, (48, 48, 6)).clip(-1000, 200);"
        "scan = Volume(array, np.diag([1.0, 1.0, 3.0, 1.0]), Source('nifti'));"
        f"package = load_package({str(written)!r});"
        "print(package.predict(scan, Region((23.5, 23.5, 7.5), (9.0, 9.0, 9.0))).decision);"
        "heavy = ('mlflow', 'lightning', 'lightning_fabric');"
        "rooms = ('medidense.train', 'medidense.track');"
        "print([name for name, module in sys.modules.items() if module is not None"
        " and (name.split('.')[0] in heavy or name.startswith(rooms))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() in (["benign", "[]"], ["malignant", "[]"])


def test_a_package_of_whole_pictures_scores_without_a_region(
    contents: PackageContents, tmp_path: Path
) -> None:
    tree = contents.recipe.with_settings(
        {
            "input.region": "whole",
            "input.orientation": "as_stored",
            "input.spacing_mm": None,
            "input.modality": None,
        }
    )
    facts = contents.training.model_copy(update={"modality": None})
    write_package(tmp_path, replace(contents, recipe=tree, training=facts))
    array = np.random.default_rng(1).integers(-1000, 200, (40, 50, 1)).astype(np.int32)
    picture = Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]), Source("picture"), spacing_known=False)
    assert sum(load_package(tmp_path).predict(picture).scores.values()) == pytest.approx(1.0)
