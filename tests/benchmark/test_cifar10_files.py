import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medidense.benchmark.cifar10 import load
from medidense.benchmark.cifar10_files import BINARY, PYTHON, OtherFilesWarning, find
from medidense.errors import UsageError


@pytest.fixture
def own(python_files: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    shutil.copytree(python_files, tmp_path / "own")
    return tmp_path / "own"


def test_files_that_are_not_the_official_ones_are_read_with_one_warning(
    python_files: Path, python_batch: Callable[[int], dict[str, Any]]
) -> None:
    with pytest.warns(OtherFilesWarning) as told:
        images, labels = load(python_files, "train")
    assert len(told) == 1
    assert "5 of 5 files are not the official ones (data_batch_1 has MD5" in str(told[0].message)
    wanted = python_batch(3)
    assert images.shape == (50_000, 32, 32, 3)
    assert labels[30_000:40_000].tolist() == wanted["labels"]
    planes = np.asarray(wanted["data"])[7].reshape(3, 32, 32)
    for channel, row, column in ((0, 0, 1), (1, 5, 30), (2, 31, 0)):
        assert images[30_007, row, column, channel] == planes[channel, row, column]


def test_the_folder_itself_or_the_one_above(python_files: Path) -> None:
    inner = python_files / PYTHON.folder
    assert find(python_files) == find(inner) == (inner, PYTHON)


def test_the_binary_version_comes_first(own: Path) -> None:
    (own / BINARY.folder).mkdir()
    (own / BINARY.folder / "data_batch_1.bin").write_bytes(b"")
    assert find(own)[1] is BINARY


@pytest.mark.parametrize("kind", ["missing", "empty", "other"])
def test_a_folder_without_cifar(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "there"
    if kind != "missing":
        folder.mkdir()
    if kind == "other":
        (folder / "readme.txt").write_text("x")
    with pytest.raises(UsageError, match="neither cifar-10-batches-bin nor cifar-10-batches-py"):
        load(folder, "test")


def test_another_part(python_files: Path) -> None:
    with pytest.raises(UsageError, match="choose train or test"):
        load(python_files, "validation")  # type: ignore[arg-type]


def binary(folder: Path, content: bytes) -> Path:
    place = folder / BINARY.folder
    place.mkdir()
    (place / "data_batch_1.bin").write_bytes(b"")
    (place / "test_batch.bin").write_bytes(content)
    return place


def test_a_truncated_binary_file(tmp_path: Path) -> None:
    binary(tmp_path, b"\0" * (3073 * 9_999))
    with pytest.raises(UsageError, match=r"test_batch.bin: .*30,730,000 bytes; found 30,726,927 bytes"):
        load(tmp_path, "test")


def test_a_binary_file_that_is_not_the_official_one(tmp_path: Path) -> None:
    binary(tmp_path, b"\0" * (3073 * 10_000))
    with pytest.raises(UsageError, match="MD5 is not that of the official file"):
        load(tmp_path, "test")


def test_a_binary_file_with_labels_that_do_not_exist(tmp_path: Path) -> None:
    binary(tmp_path, b"\x0a" * (3073 * 10_000))
    with pytest.raises(UsageError, match=r"labels are 0 to 9; found 10 at image 0, and 9999 more"):
        load(tmp_path, "test")


def test_a_file_is_missing(own: Path) -> None:
    (own / PYTHON.folder / "data_batch_4").unlink()
    with pytest.raises(UsageError, match=r"data_batch_4: .*cannot be read"):
        load(own, "train")


def put(own: Path, **changes: Any) -> None:
    held = {"data": np.zeros((10_000, 3072), np.uint8), "labels": [1] * 10_000} | changes
    kept = {key: value for key, value in held.items() if value is not None}
    (own / PYTHON.folder / "test_batch").write_bytes(pickle.dumps(kept, protocol=2))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": [1] * 9_999}, "10,000 images"),
        ({"labels": [1] * 9_998 + [10, -1]}, "labels are 0 to 9; found 10 at image 9998, and 1 more"),
        ({"labels": ["cat"] * 10_000}, "labels are whole numbers"),
        ({"labels": None}, "must hold data and labels"),
        ({"data": np.zeros((5_000, 3072), np.uint8)}, r"10,000 images of 3,072 values; found data \(5000"),
        ({"data": np.zeros((10_000, 3072), np.float16)}, "arrays, lists and strings alone"),
        ({"data": [1, 2]}, "must hold data and labels"),
        ({"other": {1, 2}}, "arrays, lists and strings alone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_a_python_file_that_does_not_hold(own: Path, changes: dict[str, Any], words: str) -> None:
    put(own, **changes)
    with pytest.raises(UsageError, match=words) as caught:
        load(own, "test")
    assert "test_batch" in caught.value.lines[0]


def test_a_truncated_python_file(own: Path) -> None:
    path = own / PYTHON.folder / "test_batch"
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(UsageError, match="arrays, lists and strings alone"):
        load(own, "test")


def test_a_list_is_no_batch(own: Path) -> None:
    (own / PYTHON.folder / "test_batch").write_bytes(pickle.dumps([1, 2], protocol=2))
    with pytest.raises(UsageError, match="must hold data and labels"):
        load(own, "test")
