"""What does a network cost: parameters, operations, what it keeps for the gradient, what it moves in memory?

Counted on torch's meta device from the operations that a pass really starts, so nothing is computed and any
size will do. The numbers are those of torch as it is, before any kernels are fused.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from medidense.nets import build_for
from medidense.values import Recipe

BATCH = 2
"""Images of the counted pass: batch normalisation needs two."""

BYTES = 4
"""Of a number in float32."""

UNMOVED = ("view", "t", "transpose", "permute", "expand", "detach", "alias", "slice", "unsqueeze", "squeeze")
"""Operations that move nothing: their result looks at the memory of what they are given."""


@dataclass(frozen=True)
class Costs:
    """For one image; a multiply-add counts as two operations.

    `flops` of a forward pass; `kept` numbers that a training pass keeps for the gradient; `moved_mb` 10^6
    bytes that a forward pass in training reads and writes in float32, weights included, each operation by
    itself.
    """

    parameters: int
    flops: float
    kept: float
    moved_mb: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return asdict(self)


def costs(recipe: Recipe, classes: int) -> Costs:
    """The costs of a recipe's network for its input. Raises RecipeError as ``build_for`` does."""
    with torch.device("meta"):
        net = build_for(recipe, classes).train()
        images = torch.empty(BATCH, recipe.input.channels, *recipe.input.size)
    sizes: dict[int, int] = {}
    own = {id(tensor) for tensor in net.parameters()}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in own:
            sizes[tensor.untyped_storage()._cdata] = tensor.numel()
            held.append(tensor)
        return tensor

    held: list[torch.Tensor] = []
    flops, moved = FlopCounterMode(display=False), _Moved()
    with flops, moved, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net(images)
    return Costs(
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        flops=flops.get_total_flops() / BATCH,
        kept=sum(sizes.values()) / BATCH,
        moved_mb=moved.numbers * BYTES / BATCH / 1e6,
    )


class _Moved(TorchDispatchMode):
    """Counts the numbers that operations read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__.strip("_").split(".")[0] not in UNMOVED:
            self.numbers += sum(_numbers(each) for each in (args, result))
        return result


def _numbers(thing: Any) -> int:
    if isinstance(thing, torch.Tensor):
        return thing.numel()
    return sum(_numbers(each) for each in thing) if isinstance(thing, (tuple, list)) else 0
