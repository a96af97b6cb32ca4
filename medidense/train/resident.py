"""Where do the crops that are trained on lie, and how do they become a batch?"""

import numpy as np
import torch
from numpy.typing import NDArray

SHARE = 0.5
"""Part of a GPU's free memory that the crops may take; more stay in the machine's."""


class Resident:
    """Crops, float32 or float16 (N, C, *size), on the device where they fit, else in the machine's memory.

    A batch is float32 on the device in either case.
    """

    def __init__(self, images: NDArray[np.float32] | NDArray[np.float16], device: torch.device) -> None:
        self._images, self._device = torch.from_numpy(images), device
        self.ndim = images.ndim
        if device.type == "cuda" and images.nbytes <= SHARE * torch.cuda.mem_get_info(device)[0]:
            self._images = self._images.to(device)

    def batch(self, part: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """The crops `part`, int64 on the CPU; `index` is the same on the device."""
        if self._images.device.type == self._device.type:
            return self._images[index].float()
        chosen = self._images[part]
        return chosen.pin_memory().to(self._device, non_blocking=True).float()
