"""Where in the scan did the networks of a run find evidence for a class?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from medidense.errors import UsageError
from medidense.nets import PlanesNetwork, cam_layer, image_part
from medidense.preprocess import Prepared
from medidense.saliency.grad_cam import grad_cam
from medidense.saliency.planes import spread_planes
from medidense.values import Volume


def explain(
    nets: Sequence[nn.Module], network: str, prepared: Prepared, volume: Volume, class_index: int
) -> NDArray[np.float32]:
    """Evidence for one class at each voxel of `volume`, the mean over `nets`.

    `network` is the nets' name in ``medidense.nets``; `prepared` is what ``preprocess.prepare`` made of the
    volume. Returns float32 (i, j, k) of the volume's shape, in units of logit: 0 outside the crop and where
    no net found positive evidence, the highest where the evidence is strongest. What a net takes beside the
    image is held fixed: it adds to the logit and changes no evidence.

    Raises UsageError when the crop is too small for a map of 4 cells a side, or `nets` is empty.
    """
    if not nets:
        raise UsageError(
            "nets", "an explanation needs at least one network", "none", "pass the folds' networks"
        )
    total = np.zeros(prepared.array.shape[1:], dtype=np.float32)
    for net in map(image_part, nets):
        layer = cam_layer(network, net, prepared.array.shape)
        found = grad_cam(net, layer, prepared.array, class_index)
        total += spread_planes(found, prepared.grid) if isinstance(net, PlanesNetwork) else found
    return prepared.grid.to_source(total / np.float32(len(nets)), volume)
