"""How does a batch pass that is too large for the memory, so that the step stays the same?

In micro-batches whose gradients are added up. The batch of a step, its learning rate and the number of steps
stay as they are. Batch normalisation and the weights of classes see a micro-batch at a time, so the result is
near that of one piece, not equal to it.
"""

from collections.abc import Callable

import torch

from medidense.errors import RecipeError
from medidense.train.ranks import SMALLEST, Ranks
from medidense.train.stepping import quickened
from medidense.values import ShrunkRecord


class Accumulating:
    """One training step up to its gradients, in `parts` micro-batches, and in more where memory runs out.

    `gradients` takes a share, whether it is the step's last, what enters the network and the truth, adds that
    share of their gradients to those of `net` and returns the share of the loss; `clip` limits what has been
    added up and returns its norm. What enters is this rank's part of the samples that the truth, the last of
    the tensors, is of. When the GPU's
    memory does not hold a step, its gradients are dropped, the micro-batches are halved and the step is
    repeated; running statistics and dropout's random state keep what the broken try did to them. Several
    ranks cannot: they are told what to set.
    """

    def __init__(
        self,
        gradients: Callable[..., torch.Tensor],
        clip: Callable[[], torch.Tensor],
        net: torch.nn.Module,
        ranks: Ranks,
        parts: int,
    ) -> None:
        self._gradients, self._clip, self._net, self._ranks = gradients, clip, net, ranks
        self.parts = self._told = parts
        self.record_anew()

    def __call__(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Loss and gradient norm of a batch. Raises RecipeError where not even two samples fit."""
        while (done := self._tried(*tensors)) is None:
            self._halve(len(tensors[-1]))
        return done

    def record_anew(self) -> None:
        """Forget what was recorded on a GPU: it holds the gradients of those parameters that learnt then."""
        self._step = quickened(self._accumulated, self._net, self._ranks.device)

    def shrunk(self, epoch: int, step: int) -> list[ShrunkRecord]:
        """The news of this step, if there is any: that batches pass in more parts from here on."""
        if self.parts == self._told:
            return []
        self._told = self.parts
        return [ShrunkRecord(epoch, step, self.parts)]

    def _tried(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...] | None:
        """The step, or None where memory ran out; what the try held is let go before the next one."""
        try:
            return self._step(*tensors)
        except torch.cuda.OutOfMemoryError:
            return None

    def _accumulated(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        size = len(tensors[-1])
        count = self._ranks.pieces(size, self.parts)
        pieces = zip(*(torch.tensor_split(tensor, count) for tensor in tensors), strict=True)
        losses = []
        for number, piece in enumerate(pieces, 1):
            losses.append(self._gradients(len(piece[-1]) / size, number == count, *piece))
        return torch.stack(losses).sum(), self._clip()

    def _halve(self, size: int) -> None:
        if self._ranks.count > 1:  # the other processes would wait for ever in the step that broke here
            rule, found = "the GPU's memory is too small", f"{size} samples on {self._ranks.count} devices"
            step = f"set training.accumulate to {2 * self.parts} or more: batches then pass in parts"
            raise RecipeError("training.batch_size", rule, found, step)
        if self.parts >= size // SMALLEST:
            found = f"{size} samples in {self.parts} parts"
            step = "choose a smaller input.size or network.name, or a GPU with more memory"
            raise RecipeError("training.batch_size", "the GPU's memory is too small", found, step)
        self.parts = min(2 * self.parts, size // SMALLEST)
        self._net.zero_grad(set_to_none=True)
        self.record_anew()
        if self._ranks.device.name == "cuda":
            torch.cuda.empty_cache()
