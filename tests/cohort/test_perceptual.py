"""Near copies are found, others are not; how often either goes wrong on real images is bounded here."""

import csv
import io
from itertools import combinations
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from medidense.cohort import perceptual
from medidense.cohort.perceptual import NEAR, Cells, cell_weights, near_pairs


def look(array: np.ndarray) -> bytes:
    """The hash of an image (i, j) or (i, j, k)."""
    array = array.reshape(*array.shape, 1) if array.ndim == 2 else array
    cells = Cells(array.shape)
    for k in range(array.shape[2]):
        cells.add(k, array[:, :, k].T)
    return cells.hash()


def distance(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (np.frombuffer(look(image), dtype=np.int8).astype(float) for image in (first, second))
    return 1 - float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def picture(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Speckle with structure of several sizes, as tissue has."""
    random = np.random.default_rng(seed)
    parts = [gaussian_filter(random.normal(size=shape), size) * size for size in (1.5, 4.0, 9.0)]
    return np.asarray(sum(parts))


def jpeg(array: np.ndarray, quality: int = 75) -> np.ndarray:
    grey = (255 * (array - array.min()) / np.ptp(array)).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "jpeg", quality=quality)
    return np.asarray(Image.open(stream)).astype(float)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(90, 70), (120, 96), (40, 36, 24), (64, 64, 5)]), st.data())
def test_a_copy_with_small_changes_is_near(seed: int, shape: tuple[int, ...], data: st.DataObject) -> None:
    image = picture(seed, shape)
    spread, random = float(np.percentile(image, 99) - np.percentile(image, 1)), np.random.default_rng(seed)
    factor = data.draw(st.floats(0.8, 1.25))
    zooms = (factor, factor, *([1.0] * (len(shape) - 2)))
    changes = {
        "noise": image + random.normal(0, 0.01 * spread, shape),
        "gain": data.draw(st.floats(0.1, 50)) * image + data.draw(st.floats(-500, 500)),
        "scale": zoom(image, zooms, order=1, grid_mode=True, mode="nearest"),
        "float16": image.astype(np.float16),
    }
    if len(shape) == 2:
        changes["jpeg"] = jpeg(image)
    for name, changed in changes.items():
        assert distance(image, changed) <= NEAR, name


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(90, 70), (40, 36, 24)]))
def test_another_picture_is_far(seed: int, shape: tuple[int, ...]) -> None:
    assert distance(picture(seed, shape), picture(seed + 1, shape)) > 0.5


def test_what_has_too_little_detail_has_no_hash() -> None:
    assert look(picture(0, (15, 40))) == b""
    assert look(picture(0, (16, 16, 4))) != b""
    assert look(picture(0, (16, 12, 12))) == b""
    ramp = np.broadcast_to(np.arange(40.0)[:, None], (40, 40))
    assert look(ramp) == b""
    assert look(np.full((40, 40), 3.0)) == b""


@given(st.integers(1, 70), st.integers(1, 32))
def test_every_voxel_counts_equally_in_the_cells(side: int, cells: int) -> None:
    weights = cell_weights(side, cells)
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(weights.sum(axis=0), cells / side, atol=1e-5)


@pytest.mark.parametrize("block", [1, 3, 2048])
def test_pairs_are_those_of_all_against_all(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "BLOCK", block)
    random = np.random.default_rng(1)
    base = random.integers(-127, 128, (6, 511))
    codes = [np.clip(base[n % 6] + random.normal(0, 12 * (n // 6), 511), -127, 127) for n in range(30)]
    hashes = [code.astype(np.int8).tobytes() for code in codes]
    hashes += [b"", hashes[0][:255], b"", hashes[0][:255]]

    def cosine(i: int, j: int) -> float:
        a, b = (np.frombuffer(hashes[n], dtype=np.int8).astype(float) for n in (i, j))
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) if len(a) == len(b) > 0 else 0.0

    expected = [pair for pair in combinations(range(len(hashes)), 2) if cosine(*pair) >= 1 - NEAR]
    found = list(near_pairs(hashes))
    assert [pair[:2] for pair in found] == expected
    assert 10 < len(expected) < 100
    assert all(gap == pytest.approx(1 - cosine(i, j), abs=1e-9) for i, j, gap in found)


def thumbnails(images: list[np.ndarray]) -> np.ndarray:
    """64 x 64 pixels each, mean 0, length 1: (N, 4096)."""
    small = [
        np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BILINEAR)) for image in images
    ]
    flat = np.array(small, dtype=np.float64).reshape(len(images), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True))


def ultrasound(data: Path, name: str) -> list[np.ndarray]:
    if name == "busi":
        return [
            np.asarray(Image.open(path).convert("L")) for path in sorted((data / "busi/images").iterdir())
        ]
    with np.load(data / "medmnist/breastmnist.npz", allow_pickle=False) as arrays:
        return [image for part in ("train", "val", "test") for image in arrays[f"{part}_images"]]


@pytest.mark.parametrize(("name", "alike"), [("busi", 0.98), ("breastmnist", 0.99)])
def test_the_known_copies_of_real_ultrasound_are_found(shared_data: Path, name: str, alike: float) -> None:
    """Copies are known by the correlation of thumbnails, which of 28 x 28 pixels is higher for all pairs."""
    images = ultrasound(shared_data, name)
    likeness = thumbnails(images) @ thumbnails(images).T
    found = {(i, j) for i, j, _ in near_pairs([look(image) for image in images])}
    known = {(i, j) for i, j in np.argwhere(np.triu(likeness > alike, 1)).tolist()}
    assert len(known) >= 90
    assert len(known - found) <= 0.06 * len(known)
    assert sum(likeness[pair] < 0.95 for pair in found) <= 0.1 * len(found)
    assert len(found) <= 7e-4 * len(images) ** 2 / 2


def test_no_alarm_between_patients_of_real_ct(shared_data: Path) -> None:
    with (shared_data / "lidc/cohort.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[::3]
    crops = [np.asanyarray(nib.load(shared_data / "lidc" / row["image"]).dataobj) for row in rows]
    pairs = near_pairs([look(crop.astype(np.float32)) for crop in crops])
    assert [p for p in pairs if rows[p[0]]["subject_id"] != rows[p[1]]["subject_id"]] == []
    noise = np.random.default_rng(0)
    missed = [
        distance(crop, crop + noise.normal(0, 20, crop.shape)) > NEAR
        for crop in crops
        if min(crop.shape[:2]) > 16
    ]
    assert sum(missed) == 0


def test_shapes_of_one_organ_are_told_apart(shared_data: Path) -> None:
    """Two values and 28 voxels a side: the hardest data at hand. No two of the volumes are equal."""
    with np.load(shared_data / "medmnist/adrenalmnist3d.npz", allow_pickle=False) as arrays:
        glands = arrays["train_images"][:600]
    assert len(list(near_pairs([look(gland) for gland in glands]))) <= 2
