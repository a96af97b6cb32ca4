import csv
from pathlib import Path
from types import ModuleType
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

import medidense

COUNTS = {"train": 12, "val": 6, "test": 6}
CLASSES = ("malignant", "benign")


@pytest.fixture(scope="module")
def medmnist(story: Any) -> ModuleType:
    return story("medmnist_npz")


def _npz(target: Path, shape: tuple[int, ...]) -> Path:
    """A file like MedMNIST's; label 0 images are the brighter ones."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in COUNTS.items():
        labels = (np.arange(count) % 2).astype(np.uint8)
        images = rng.integers(0, 100, size=(count, *shape)) + 120 * (1 - labels).reshape(
            -1, *[1] * len(shape)
        )
        arrays |= {f"{part}_images": images.astype(np.uint8), f"{part}_labels": labels[:, None]}
    np.savez(target, **arrays)
    return target


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_pictures_and_cohorts(medmnist: ModuleType, tmp_path: Path) -> None:
    npz = _npz(tmp_path / "a.npz", (28, 28))
    assert medmnist.main(npz, tmp_path / "out", classes=CLASSES) is None
    rows = _rows(tmp_path / "out" / "cohort.csv")
    assert [row["split"] for row in rows] == ["train"] * 12 + ["val"] * 6 + ["test"] * 6
    assert [row["label"] for row in rows[:3]] == ["malignant", "benign", "malignant"]
    assert {row["spacing"] for row in rows} == {"unknown"}
    assert len({row["subject_id"] for row in rows}) == 24
    with np.load(npz) as arrays:
        picture = np.asarray(Image.open(tmp_path / "out" / rows[19]["image"]))
        np.testing.assert_array_equal(picture, arrays["test_images"][1])
    assert medidense.check(tmp_path / "out" / "cohort.csv").dims == 2


def test_volumes_with_and_without_spacing(medmnist: ModuleType, tmp_path: Path) -> None:
    npz = _npz(tmp_path / "a.npz", (28, 28, 28))
    medmnist.main(npz, tmp_path / "known", spacing_mm=2.5)
    medmnist.main(npz, tmp_path / "unknown")
    row = _rows(tmp_path / "known" / "cohort.csv")[0]
    image = nibabel.load(tmp_path / "known" / row["image"])
    with np.load(npz) as arrays:
        np.testing.assert_array_equal(np.asarray(image.dataobj), arrays["train_images"][0])
    np.testing.assert_array_equal(np.diag(image.affine), [2.5, 2.5, 2.5, 1.0])
    assert (row["spacing"], row["label"]) == ("", "0")
    assert _rows(tmp_path / "unknown" / "cohort.csv")[0]["spacing"] == "unknown"
    assert medidense.check(tmp_path / "unknown" / "cohort.csv").dims == 3


def test_colour_and_several_labels_are_turned_away(medmnist: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="only grey images"):
        medmnist.main(_npz(tmp_path / "a.npz", (28, 28, 3)), tmp_path / "out")
    with np.load(_npz(tmp_path / "b.npz", (28, 28))) as arrays:
        several = {
            name: np.repeat(array, 3, axis=1) if "labels" in name else array for name, array in arrays.items()
        }
    np.savez(tmp_path / "c.npz", **several)
    with pytest.raises(SystemExit, match="one label each"):
        medmnist.main(tmp_path / "c.npz", tmp_path / "out")


@pytest.mark.slow
def test_train_and_test_on_the_official_parts(
    medmnist: ModuleType,
    root: Path,
    tmp_path: Path,
    tiny: dict[str, object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = medidense.CvOptions(split="column", device="cpu", settings=tiny, out=tmp_path / "run")
    recipe = root / "workflows" / "recipes" / "breastmnist.yaml"
    npz = _npz(tmp_path / "a.npz", (28, 28))
    found = medmnist.main(npz, tmp_path / "out", classes=CLASSES, train=options, recipe=recipe)
    tested = _rows(tmp_path / "run" / "predictions.csv")
    assert len(tested) == COUNTS["test"]
    assert all(row["subject_id"].startswith("test-") for row in tested)
    truth = [row["label"] == "malignant" for row in tested]
    assert found == roc_auc_score(truth, [float(row["score_malignant"]) for row in tested])
    told = capsys.readouterr().out
    assert "official test part, 6 images: AUROC" in told
    assert "6 rows of split val were trained on" in told
