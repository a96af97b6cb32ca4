"""Is this subject, or this image, one that a package learnt from?

The answer needs no list of subjects. The file holds sorted 64-bit numbers: of each subject the first 64 bits
of HMAC-SHA256 (RFC 2104) of its ID under the key of the user who exported, of each image the first 64 bits of
the sha256 of its voxels. One of m strange subjects or images is taken for one of n known ones with a chance
below n m / 2**64: for 100,000 of each 5e-10.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from medidense.errors import PackageError

TRAINING_DIGEST = "training_digest.safetensors"
SUBJECTS, IMAGES, KEY_CHECK = "subjects", "images", "key_check"
PURPOSE = b"medidense training subject\0"
"""Goes before an ID, so that the numbers here have nothing in common with the pseudonyms of a report."""

CHECKED = b"medidense training key"
"""What a key is recognised by."""

BYTES = 8
Numbers = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class TrainingDigest:
    """Sorted uint64 numbers of subjects and images; None for what was not known when it was made.

    `key_check` tells whether a key is the one that `subjects` were made with.
    """

    subjects: Numbers | None
    images: Numbers | None
    key_check: int | None

    def made_with(self, key: bytes | None) -> bool:
        """Whether subjects can be compared under this key."""
        return key is not None and self.subjects is not None and self.key_check == _keyed(key, CHECKED)

    def has_subject(self, key: bytes, subject: str) -> bool:
        """Whether a subject with this ID was learnt from; only where `made_with` holds for the key."""
        return _among(self.subjects, _keyed(key, PURPOSE + subject.encode()))

    def has_image(self, sha256: str) -> bool:
        """Whether an image of this digest (hex, `cohort.image_print`) was learnt from."""
        return _among(self.images, _first(bytes.fromhex(sha256)))


def training_digest(
    subjects: Iterable[str], images: Iterable[str] | None, key: bytes | None
) -> TrainingDigest | None:
    """The digest of these subjects and images (hex sha256 each); None where neither can be told again.

    Without a key there are no subjects in it, without images none of these.
    """
    if key is None and images is None:
        return None
    return TrainingDigest(
        subjects=None if key is None else _sorted(_keyed(key, PURPOSE + name.encode()) for name in subjects),
        images=None if images is None else _sorted(_first(bytes.fromhex(digest)) for digest in images),
        key_check=None if key is None else _keyed(key, CHECKED),
    )


def write_training_digest(digest: TrainingDigest, target: Path) -> None:
    """Put the numbers into a file; equal digests give equal bytes."""
    parts: dict[str, Numbers] = {}
    if digest.subjects is not None and digest.key_check is not None:
        parts |= {SUBJECTS: digest.subjects, KEY_CHECK: np.array([digest.key_check], dtype=np.uint64)}
    if digest.images is not None:
        parts[IMAGES] = digest.images
    target.write_bytes(safetensors.numpy.save(parts))


def read_training_digest(path: Path, sha256: str) -> TrainingDigest:
    """The file back as a value. Raises PackageError where it has another sum, or holds something else."""
    step = "export the package again"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackageError(str(path), "cannot be read", error.strerror or "", step) from None
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise PackageError(str(path), f"sha256 must be {sha256}", found, step)
    try:
        parts = safetensors.numpy.load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise PackageError(str(path), "must be safetensors", error, step) from None
    for name, numbers in parts.items():
        if numbers.dtype != np.uint64 or numbers.ndim != 1 or (numbers[1:] <= numbers[:-1]).any():
            raise PackageError(str(path), "holds sorted numbers of 64 bits, each once", name, step)
    check = parts.get(KEY_CHECK)
    if set(parts) - {SUBJECTS, IMAGES, KEY_CHECK} or (SUBJECTS in parts) != (
        check is not None and len(check) == 1
    ):
        raise PackageError(str(path), "holds subjects with a key check, and images", sorted(parts), step)
    return TrainingDigest(parts.get(SUBJECTS), parts.get(IMAGES), None if check is None else int(check[0]))


def _keyed(key: bytes, text: bytes) -> int:
    return _first(hmac.digest(key, text, "sha256"))


def _first(digest: bytes) -> int:
    """The first 64 bits as a number."""
    return int.from_bytes(digest[:BYTES], "big")


def _sorted(numbers: Iterable[int]) -> Numbers:
    return np.unique(np.fromiter(numbers, dtype=np.uint64))


def _among(numbers: Numbers | None, number: int) -> bool:
    if numbers is None:
        return False
    wanted = np.uint64(number)
    place = int(np.searchsorted(numbers, wanted))
    return place < len(numbers) and bool(numbers[place] == wanted)
