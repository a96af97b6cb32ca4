import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest

from medidense.benchmark.cifar10 import CLASSES, DEVIATION, MEAN, load, normalised
from medidense.errors import UsageError

TRAIN = "a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b"
TEST = "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"


@pytest.mark.parametrize(
    ("part", "count", "digest", "first", "red"),
    [
        ("train", 50_000, TRAIN, [6, 9, 9, 4, 1, 1, 2, 7, 8, 3], [59, 43, 50, 68]),
        ("test", 10_000, TEST, [3, 8, 8, 0, 6, 6, 1, 6, 3, 1], [158, 159, 165, 166]),
    ],
)
def test_the_official_data_in_the_official_order(
    cifar10_data: Path, part: str, count: int, digest: str, first: list[int], red: list[int]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images, labels = load(cifar10_data, part)  # type: ignore[arg-type]
    assert (images.shape, images.dtype, labels.dtype) == ((count, 32, 32, 3), np.uint8, np.int64)
    assert labels[:10].tolist() == first
    assert images[0, 0, :4, 0].tolist() == red
    assert np.bincount(labels).tolist() == [count // 10] * 10
    records = np.hstack([labels.astype(np.uint8)[:, None], images.transpose(0, 3, 1, 2).reshape(count, 3072)])
    assert hashlib.sha256(records.tobytes()).hexdigest() == digest


def test_both_versions_hold_the_same(cifar10_data: Path) -> None:
    if not (cifar10_data / "cifar-10-batches-py").is_dir():
        pytest.skip("this copy has no Python version")
    one, two = (load(cifar10_data / f"cifar-10-batches-{form}", "test") for form in ("bin", "py"))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_the_constants_are_those_of_the_training_part(cifar10_data: Path) -> None:
    images, _ = load(cifar10_data, "train")
    values = np.arange(256)
    for channel in range(3):
        counts = np.bincount(images[..., channel].ravel(), minlength=256)
        mean = np.average(values, weights=counts)
        assert mean == pytest.approx(MEAN[channel], abs=5e-4)
        spread = np.sqrt(np.average((values - mean) ** 2, weights=counts))
        assert spread == pytest.approx(DEVIATION[channel], abs=5e-4)


def test_normalised_puts_channels_first_and_each_on_its_own_scale() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    found = normalised(images, (10, 20, 30), (1, 2, 4))
    assert (found.shape, found.dtype, found.flags.c_contiguous) == ((2, 3, 5, 4), np.float32, True)
    assert found[1, 2, 4, 3] == pytest.approx((float(images[1, 4, 3, 2]) - 30) / 4)
    assert found[0, 0, 1, 2] == pytest.approx(float(images[0, 1, 2, 0]) - 10)


@pytest.mark.parametrize(
    ("images", "mean", "deviation"),
    [
        (np.zeros((1, 4, 4, 3), np.float32), MEAN, DEVIATION),
        (np.zeros((4, 4, 3), np.uint8), MEAN, DEVIATION),
        (np.zeros((1, 4, 4, 3), np.uint8), MEAN[:2], DEVIATION),
        (np.zeros((1, 4, 4, 3), np.uint8), MEAN, (1.0, 0.0, 1.0)),
    ],
)
def test_normalised_refuses_what_it_cannot_do(images, mean, deviation) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        normalised(images, mean, deviation)


def test_ten_classes() -> None:
    assert len(set(CLASSES)) == 10
    assert CLASSES[3] == "cat"
