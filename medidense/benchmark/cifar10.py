"""CIFAR-10 as arrays: 60,000 colour images of 32 x 32 pixels in ten classes, and how a network sees them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense.benchmark.cifar10_files import Part, find, read_part
from medidense.errors import UsageError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""What the labels 0 to 9 mean."""

MEAN = (125.307, 122.95, 113.865)
DEVIATION = (62.9932, 62.0887, 66.7049)
"""Mean and standard deviation of red, green and blue over the training part, 0 to 255 (0.4914, 0.4822, 0.4465
and 0.2470, 0.2435, 0.2616 of full scale)."""


def load(data_dir: Path | str, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images and labels of a part, ``train`` (50,000) or ``test`` (10,000), in the files' order.

    Images are uint8 (N, 32, 32, 3): rows, columns, red green blue; labels int64 (N,), places in `CLASSES`.

    `data_dir` holds ``cifar-10-batches-bin`` or ``cifar-10-batches-py``, or is one of them. Nothing of a file
    is executed. Warns (`OtherFilesWarning`) of a file that is not byte for byte the official one; raises
    UsageError for a folder or a file that is not what it should be, and for another part.
    """
    if part not in ("train", "test"):
        raise UsageError("part", "CIFAR-10 has two parts", repr(part), "choose train or test")
    folder, version = find(Path(data_dir))
    values, labels = read_part(folder, version, part)
    return np.ascontiguousarray(values.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels


def normalised(
    images: NDArray[np.uint8], mean: Sequence[float] = MEAN, deviation: Sequence[float] = DEVIATION
) -> NDArray[np.float32]:
    """What a network sees: float32 (N, C, H, W), ``(value - mean) / deviation`` for each channel.

    `images` is uint8 (N, H, W, C); `mean` and `deviation` are on its scale, 0 to 255, one for each channel.
    Constants of full scale, as torchvision and timm write them, are to be multiplied by 255.

    >>> normalised(np.full((1, 1, 1, 3), 128, np.uint8), (128, 0, 64), (1, 2, 4)).ravel().tolist()
    [0.0, 64.0, 16.0]
    """
    if images.ndim != 4 or images.dtype != np.uint8:
        step = "load gives such images"
        raise UsageError("images", "uint8 (N, H, W, C)", f"{images.dtype} {images.shape}", step)
    if not len(mean) == len(deviation) == images.shape[-1] or min(deviation) <= 0:
        rule, found = f"{images.shape[-1]} means and deviations above 0", f"{mean}, {deviation}"
        raise UsageError("normalisation", rule, found, "give one for each channel")
    centre, spread = (np.asarray(each, np.float32)[:, None, None] for each in (mean, deviation))
    planes: NDArray[np.float32] = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    planes -= centre
    planes /= spread
    return planes
