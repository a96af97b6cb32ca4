"""Where does a network look in a few test images? One picture of them all."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.benchmark.cifar10 import CLASSES
from medidense.benchmark.experiment import Images, ready
from medidense.nets import cam_layer
from medidense.pages import Shown, maps_png
from medidense.predict import predict_scores
from medidense.saliency import grad_cam
from medidense.values import Recipe

COUNT = 8


def maps_picture(net: torch.nn.Module, recipe: Recipe, images: Images, count: int = COUNT) -> bytes:
    """PNG bytes: the first `count` test images, each beside the evidence for the class it was given."""
    first = images.test[:count]
    arrays = list(ready(first, recipe))
    scores = predict_scores([net.cpu()], arrays, device="cpu", threads=0)
    layer = cam_layer(recipe.network.name, net, arrays[0].shape)
    shown = [
        Shown(
            image,
            _small(grad_cam(net, layer, array, guess), (image.shape[0], image.shape[1])),
            _title(truth, guess, row),
        )
        for image, array, truth, guess, row in zip(
            first, arrays, images.test_labels[:count], scores.argmax(axis=1).tolist(), scores, strict=True
        )
    ]
    return maps_png(shown)


def _title(truth: int, guess: int, scores: Sequence[float] | NDArray[np.float64]) -> str:
    sign = "" if truth == guess else f" (it is {CLASSES[truth]})"
    return f"{CLASSES[guess]} {scores[guess]:.0%}{sign}"


def _small(evidence: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """An enlarged image's map on the image's own pixels."""
    if evidence.shape == size:
        return evidence
    given = torch.from_numpy(evidence)[None, None]
    return np.asarray(torch.nn.functional.adaptive_avg_pool2d(given, size)[0, 0].numpy(), dtype=np.float32)
