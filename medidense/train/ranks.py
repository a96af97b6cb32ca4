"""How do several processes, each with a device of its own, make one and the same optimiser step?

Each takes its part of every batch through the network. The batch's statistics, outputs and gradients are put
together from all parts, and random numbers are drawn for the whole batch, so that a step is that of one
process up to the order of additions, and all processes hold the same weights and states after it.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from medidense.errors import RecipeError, UsageError
from medidense.train.device import Device
from medidense.train.shared_norm import shared_norm

ELEMENTWISE = (torch.nn.Dropout,)
"""Dropout that decides value by value; the other kinds decide channel by channel."""

SMALLEST = 2
"""Samples of a batch that passes at once: batch normalisation needs a spread."""


class Ranks:
    """The processes that share a training; `rank` is this one's number of `count`.

    `size` is the number of samples, on all ranks, of the batch that passes through the network now.
    """

    def __init__(self, device: Device) -> None:
        self.device, self.count, self.rank, self.size = device, device.devices, 0, 0
        self._replaced: list[torch.nn.Module] = []
        if self.count > 1:
            if not distributed.is_initialized():
                rule = "a training on several devices runs in as many processes"
                raise UsageError("devices", rule, device.devices, "train on one, or through medidense cv")
            self.rank = distributed.get_rank()

    def require_samples(self, smallest: int) -> None:
        """Raise RecipeError where a batch of `smallest` samples leaves a rank without one."""
        if smallest < self.count:
            step = "use fewer devices, or a larger training.batch_size"
            found = f"a batch of {smallest} for {self.count} devices"
            raise RecipeError("training.batch_size", "every device needs a sample of each batch", found, step)

    def pieces(self, size: int, parts: int) -> int:
        """The number of micro-batches of a batch of `size` samples that should pass in `parts`."""
        return max(1, min(parts, size // max(SMALLEST, self.count)))

    def rows(self, size: int, parts: int) -> torch.Tensor | None:
        """Which samples of a batch are this rank's, int64 (own,); None where all of them are.

        Of each micro-batch every rank has its share. As the shares fall in size from the first rank and from
        the first micro-batch on, a rank's samples split into the same number of parts give them back.
        """
        if self.count == 1:
            return None
        micro = torch.tensor_split(torch.arange(size), self.pieces(size, parts))
        return torch.cat([torch.tensor_split(piece, self.count)[self.rank] for piece in micro])

    def whole(self, outputs: torch.Tensor) -> torch.Tensor:
        """The network's outputs for the whole batch, (size, ...), from those for this rank's part.

        Only its own part is differentiated here, and so each rank's gradients are a summand of the batch's.
        """
        if self.count == 1:
            return outputs
        own = self._own(self.size)
        gathered = outputs.new_zeros(self.size, *outputs.shape[1:], requires_grad=False)
        gathered[own] = outputs.detach()
        distributed.all_reduce(gathered)
        return torch.cat([gathered[: own.start], outputs, gathered[own.stop :]])

    def by_first(self, figure: Callable[[], float]) -> float:
        """The figure as the first rank finds it, on every rank, so that all decide alike."""
        if self.count == 1:
            return figure()
        found = figure() if self.rank == 0 else 0.0
        told = torch.tensor(found, dtype=torch.float64, device=self.device.name)
        distributed.broadcast(told, src=0)
        return float(told)

    def share_out(self, net: torch.nn.Module) -> None:
        """Let batch normalisation and dropout in `net` act as if the whole batch passed here, in place.

        Names and tensors stay. Copies of `net` are made before this.
        """
        if self.count == 1:
            return
        for module in net.modules():
            replacement: Any = None
            if isinstance(module, _BatchNorm):
                replacement = partial(_normalised, module)
            elif isinstance(module, _DropoutNd):
                replacement = partial(self._dropped, module)
            if replacement is not None:
                module.forward = replacement
                self._replaced.append(module)

    def part(self) -> None:
        """Make the network plain again."""
        while self._replaced:
            del self._replaced.pop().forward

    def _own(self, size: int) -> slice:
        """This rank's part of `size` samples, as `torch.tensor_split` cuts them."""
        each, more = divmod(size, self.count)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def _dropped(self, module: _DropoutNd, maps: torch.Tensor) -> torch.Tensor:
        """Dropout of this rank's part; what is dropped is drawn for the whole batch."""
        if not module.training or module.p == 0:
            return maps
        own = self._own(self.size)
        each = len(maps) // (own.stop - own.start)  # planes of a cube are rows of their own
        rest = maps.shape[1:] if isinstance(module, ELEMENTWISE) else (maps.shape[1], *[1] * (maps.ndim - 2))
        kept = maps.new_empty(self.size * each, *rest, requires_grad=False)
        if isinstance(module, ELEMENTWISE) and maps.ndim in (4, 5) and not maps.is_contiguous():
            layout = torch.channels_last if maps.ndim == 4 else torch.channels_last_3d
            kept = kept.contiguous(memory_format=layout)
        kept.bernoulli_(1 - module.p).div_(1 - module.p)
        return maps * kept[own.start * each : own.stop * each]


def _normalised(module: _BatchNorm, maps: torch.Tensor) -> torch.Tensor:
    """Batch normalisation by the statistics of all ranks' parts."""
    if not module.training:
        return type(module).forward(module, maps)
    return shared_norm(module, maps)


@contextlib.contextmanager
def joined(device: Device, rank: int, meeting: Path) -> Iterator[None]:
    """Take part in a training as `rank` of `device.devices` processes that meet in the file `meeting`.

    The file must not be there before, and only these processes may know it. No port is opened for it.
    """
    store = distributed.FileStore(str(meeting), device.devices)  # type: ignore[attr-defined]
    backend = "nccl" if device.name == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=device.devices)
    try:
        yield
    finally:
        distributed.destroy_process_group()
