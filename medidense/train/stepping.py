"""How does a training step run without the processor waiting for the GPU, or the GPU for the processor?

On CUDA the forward and the backward pass are recorded and replayed, and the loss of each step stays on the
GPU, to be read for many steps at once. On a CPU there is nothing to wait for.
"""

import math

import torch

from medidense.errors import DivergedError
from medidense.predict import SETTLING as RECORDING
from medidense.predict import Compute, Recorded
from medidense.train.device import Device
from medidense.values import StepRecord

SETTLING = {"cpu": 1, "cuda": RECORDING}
"""Steps of each batch size that are slower than later ones."""

READ_EVERY = {"cpu": 1, "cuda": 16}
"""Steps between two readings of the losses. On a CPU nothing is gained by waiting."""


def quickened(compute: Compute, net: torch.nn.Module, device: Device) -> Compute:
    """`compute`, which leaves gradients in the parameters of `net`, in the fastest form that `device` knows.

    On CUDA that is a recording, with what it asks of `compute`.
    """
    alone = device.name == "cuda" and device.devices == 1  # what is recorded waits for no other process
    return Recorded(compute, net.parameters()) if alone else compute


class Readings:
    """The losses and gradient norms of steps, kept where they were made and read some steps at a time."""

    def __init__(self, device: Device) -> None:
        self._every = READ_EVERY[device.name]
        self._waiting: list[tuple[int, int, float, int]] = []
        self._values: list[torch.Tensor] = []
        self.total = 0.0
        """The sum over the samples of what was read since it was last set to 0."""

    def note(
        self, record: tuple[int, int, float], samples: int, loss: torch.Tensor, norm: torch.Tensor
    ) -> None:
        """Keep a step: epoch, number and learning rate, and two scalars that a later step may overwrite."""
        self._waiting.append((*record, samples))
        self._values.append(torch.stack([loss, norm]))

    def read(self, *, all_of_them: bool = False) -> list[StepRecord]:
        """The steps that are due, or all that wait. Raises DivergedError where one is not finite."""
        if not self._waiting or (len(self._waiting) < self._every and not all_of_them):
            return []
        values: list[list[float]] = torch.stack(self._values).tolist()
        records = []
        for (epoch, step, rate, samples), (loss, norm) in zip(self._waiting, values, strict=True):
            if not math.isfinite(loss + norm):
                raise _diverged(epoch, step, loss, norm)
            self.total += loss * samples
            records.append(StepRecord(epoch, step, loss, rate))
        self._waiting, self._values = [], []
        return records


def _diverged(epoch: int, step: int, loss: float, norm: float) -> DivergedError:
    where = f"training epoch {epoch} step {step}"
    found = f"loss {loss:.4g}, gradient norm {norm:.4g}"
    next_step = "lower training.learning_rate, or check the images for extreme values"
    return DivergedError(where, "loss and gradients must be finite", found, next_step)
