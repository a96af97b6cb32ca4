"""Which files are CIFAR-10, are they the official ones, and what is in them?

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report, University of Toronto,
2009. The binary version holds records of a label and 3,072 values (1,024 red, green, blue, each row by row);
the Python version holds the same as pickled arrays.
"""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medidense.benchmark.plain_pickle import read_plain
from medidense.errors import UsageError

Part = Literal["train", "test"]

IMAGES, VALUES, CLASSES_COUNT = 10_000, 3_072, 10
"""Images of a file, values of an image, classes."""

LARGEST = 1 << 26
"""Bytes of a file that are read at most; the official ones have 31 million."""

AGAIN = "unpack the archive again"

PAGE = "www.cs.toronto.edu/~kriz/cifar.html"


class OtherFilesWarning(UserWarning):
    """Files that hold what they should, but are not byte for byte the official ones."""


@dataclass(frozen=True)
class Version:
    """One form of the data: its folder, the files of each part with their official MD5, its archive."""

    folder: str
    files: dict[Part, dict[str, str]]
    archive: str
    archive_md5: str


BINARY = Version(
    folder="cifar-10-batches-bin",
    files={
        "train": {
            "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
            "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
            "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
            "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
            "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        },
        "test": {"test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d"},
    },
    archive="cifar-10-binary.tar.gz",
    archive_md5="c32a1d4ab5d03f1284b67883e8d87530",
)

PYTHON = Version(
    folder="cifar-10-batches-py",
    files={
        "train": {
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
    },
    archive="cifar-10-python.tar.gz",
    archive_md5="c58f30108f718f92721af3b95e74349a",
)

VERSIONS = (BINARY, PYTHON)


def find(data_dir: Path) -> tuple[Path, Version]:
    """The folder with the files in `data_dir`, or that folder itself, and their version.

    The binary version comes first. Raises UsageError where there is neither.
    """
    for version in VERSIONS:
        first = next(iter(version.files["train"]))
        for folder in (data_dir / version.folder, data_dir):
            if (folder / first).is_file():
                return folder, version
    rule = f"holds no CIFAR-10: neither {BINARY.folder} nor {PYTHON.folder}, nor their files"
    found = "an empty folder" if data_dir.is_dir() and not any(data_dir.iterdir()) else ""
    if not data_dir.is_dir():
        found = "no folder"
    step = f"give the folder that the archive of {PAGE} unpacks into, or add --download"
    raise UsageError(str(data_dir), rule, found, step)


def read_part(folder: Path, version: Version, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Values uint8 (N, 3072) as the files hold them and labels int64 (N,), the files one after the other.

    Each file's MD5 is compared first. A file of the binary version with another one is refused; one of the
    Python version is used with an OtherFilesWarning where its content holds, because archives carry it with
    other names of images. Raises UsageError for a file that is missing or does not hold.
    """
    values, labels, others = [], [], []
    for name, official in version.files[part].items():
        path = folder / name
        try:
            with path.open("rb") as stream:
                content = stream.read(LARGEST)
        except OSError as error:
            raise UsageError(str(path), "a file of CIFAR-10 cannot be read", error.strerror, AGAIN) from None
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        rows, given = (_binary if version is BINARY else _pickled)(path, content)
        _check(path, rows, given)
        if md5 != official:
            others.append(f"{name} has MD5 {md5}, not {official}")
        if md5 != official and version is BINARY:
            rule = "its MD5 is not that of the official file"
            raise UsageError(str(path), rule, f"{md5}, not {official}", AGAIN)
        values.append(rows)
        labels.append(given)
    if others:
        text = f"{folder}: {len(others)} of {len(values)} files are not the official ones ({others[0]})"
        text += "; number of images and range of labels hold, so they are used"
        warnings.warn(text, OtherFilesWarning, stacklevel=3)
    return np.concatenate(values), np.concatenate(labels).astype(np.int64)


def _binary(path: Path, content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The records of a file of the binary version. Raises UsageError for another length."""
    size = IMAGES * (VALUES + 1)
    if len(content) != size:
        rule = f"a file of the binary version has {size:,} bytes"
        raise UsageError(str(path), rule, f"{len(content):,} bytes", AGAIN)
    records = np.frombuffer(content, np.uint8).reshape(IMAGES, VALUES + 1)
    return records[:, 1:], records[:, 0].astype(np.int64)


def _pickled(path: Path, content: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """What stands under data and labels of a file of the Python version. Raises UsageError."""
    try:
        held = read_plain(content)
    except ValueError as error:
        rule = "must be a pickle of arrays, lists and strings alone"
        raise UsageError(str(path), rule, str(error), AGAIN) from None
    parts = {str(k, "latin1") if isinstance(k, bytes) else k: v for k, v in _items(held)}
    data, labels = parts.get("data"), parts.get("labels")
    if not isinstance(data, np.ndarray) or not isinstance(labels, list):
        raise UsageError(str(path), "must hold data and labels", f"{sorted(map(str, parts))[:5]}", AGAIN)
    if not all(type(label) is int for label in labels):
        raise UsageError(str(path), "labels are whole numbers", "something else", AGAIN)
    return data, np.array(labels, dtype=np.int64)


def _items(held: object) -> list[tuple[object, object]]:
    return list(held.items()) if isinstance(held, dict) else []


def _check(path: Path, rows: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    """Raise UsageError unless there are so many images, each with a label from 0 to 9."""
    if rows.shape != (IMAGES, VALUES) or labels.shape != (IMAGES,):
        found = f"data {rows.shape}, {len(labels)} labels"
        raise UsageError(str(path), f"holds {IMAGES:,} images of {VALUES:,} values", found, AGAIN)
    wrong = np.flatnonzero((labels < 0) | (labels >= CLASSES_COUNT))
    if len(wrong):
        found = f"{labels[wrong[0]]} at image {wrong[0]}, and {len(wrong) - 1} more"
        raise UsageError(str(path), f"labels are 0 to {CLASSES_COUNT - 1}", found, AGAIN)
