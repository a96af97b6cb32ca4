"""What does the network see of a sample, without decoding its image again?"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from medidense import durable
from medidense.preprocess.loading import load_sample
from medidense.values.cohort import Sample
from medidense.values.input import Input
from medidense.values.predictions import SampleFacts

PRIVATE_FOLDER = 0o700

OWN = ("sample", "subject_id")
"""What of a sample's facts belongs to the row, not to its files: it is not kept."""

PAIRED = re.compile(r"(?P<stem>.*\.)(hdr|img)(\.gz)?", re.IGNORECASE | re.DOTALL)
"""Names of the two files of one NIfTI image."""


class ArrayCache:
    """Prepared samples in a folder of the user's own (mode 0700), each a file of its own (0600).

    A file is named by the sha256 of all that decides its content: the bytes of the image's and the mask's
    files, marker, segment, series and spacing of the row, the recipe's input section, and `code`, which names
    the code that prepares. So nothing old is ever taken for new; several processes may share a folder. A
    file that is torn, or not of its name, is made again.
    """

    def __init__(self, folder: Path, spec: Input, code: str) -> None:
        self._folder, self._spec, self._code = folder, spec, code
        self._digests: dict[Path, str] = {}
        with durable.writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(PRIVATE_FOLDER)

    def path(self, sample: Sample) -> Path:
        """The file of a sample. Raises OSError where the sample's own files cannot be read."""
        return self._folder / f"{self._key(sample)}.safetensors"

    def load(self, sample: Sample) -> tuple[NDArray[np.float32], SampleFacts]:
        """What `load_sample` gives, float32 (C, *size) and the facts, from the file or made and kept.

        Raises Refused as `load_sample` does, and WriteError.
        """
        try:
            path = self.path(sample)
        except OSError:
            prepared, facts = load_sample(sample, self._spec)  # which refuses with the reason
            return prepared.array, facts
        kept = _read(path, self._shape)
        if kept is not None:
            return kept[0], SampleFacts(sample=sample.name, subject_id=sample.subject_id, **kept[1])
        prepared, facts = load_sample(sample, self._spec)
        _write(path, prepared.array, facts)
        return prepared.array, facts

    @property
    def _shape(self) -> tuple[int, ...]:
        return (self._spec.channels, *self._spec.size)

    def _key(self, sample: Sample) -> str:
        marker = sample.marker
        told = {
            "image": self._digest(sample.image_path),
            "mask": "" if sample.mask_path is None else self._digest(sample.mask_path),
            "marker": None if marker is None else asdict(marker),
            "segment": sample.segment,
            "series_uid": sample.series_uid,
            "spacing_known": sample.spacing_known,
            "spacing_mm": sample.spacing_mm,
            "input": self._spec.model_dump(mode="json"),
            "code": self._code,
        }
        return durable.sha256_bytes(json.dumps(told, sort_keys=True).encode())

    def _digest(self, named: PurePath) -> str:
        """sha256 over the bytes of all files that a path of the cohort leads to, taken once."""
        path = Path(named)
        if path not in self._digests:
            whole = hashlib.sha256()
            for file in _files(path):
                whole.update(durable.sha256_file(file).encode())
            self._digests[path] = whole.hexdigest()
        return self._digests[path]


def remove_arrays(folder: Path) -> None:
    """Nothing is left of a cache. Raises WriteError."""
    with durable.writing(folder):
        if folder.is_dir():
            shutil.rmtree(folder)


def _files(path: Path) -> Iterator[Path]:
    """The file, both files of a pair, or every file below a folder, in the order of their names."""
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
        return
    pair = PAIRED.fullmatch(path.name)
    if pair is None:
        yield path
        return
    stem = pair["stem"].lower()
    yield from sorted(file for file in path.parent.iterdir() if file.name.lower().startswith(stem))


def _write(path: Path, array: NDArray[np.float32], facts: SampleFacts) -> None:
    """Put a sample into its file, with a digest of its content and its name."""
    plain = {name: value for name, value in asdict(facts).items() if name not in OWN}
    told = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
    tensors = {"array": array, "facts": told, "sha256": _seal(path, array, told)}
    durable.write_bytes(path, safetensors.numpy.save(tensors))


def _read(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], dict[str, Any]] | None:
    """Array and facts; None where there is no file or it is not what was written under this name."""
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
        array, told = tensors["array"], tensors["facts"]
        if not np.array_equal(tensors["sha256"], _seal(path, array, told)):
            return None
        if array.shape != shape or array.dtype != np.float32:
            return None
        return array, json.loads(told.tobytes())
    except (OSError, ValueError, KeyError, SafetensorError):
        return None


def _seal(path: Path, array: NDArray[np.float32], told: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """sha256 of name, array and facts, uint8 (32,)."""
    digest = hashlib.sha256(path.stem.encode())
    digest.update(np.ascontiguousarray(array).data)
    digest.update(told.data)
    return np.frombuffer(digest.digest(), dtype=np.uint8)
