"""Which network does a recipe name, and which weights does it start from?"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from medidense.values.section import Section


class Network(Section):
    """Which network; `name` is a key of medidense.nets, `dropout` the probability inside the dense layers
    (before the head of a ResNet). `stem` is what the image meets first: the network's own with ``auto``, a
    convolution of 7 with stride 2 and pooling (``standard``), or for small images one of 3 without pooling,
    stride 1 (``small``) or 2 (``small_stride2``). `memory`: what a dense block keeps for the gradient, every
    concatenation or none of them; the numbers are the same."""

    name: str = "densenet121"
    stem: Literal["auto", "standard", "small", "small_stride2"] = "auto"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    memory: Literal["concatenate", "recompute"] = "concatenate"


class Start(Section):
    """Fine-tuning: which weights training starts from, and which of them it changes.

    `weights` is a file of tensors (.safetensors, .pt, .pth), a package or a run directory; `source` says
    whose names its tensors have (``auto``: told by them). `trains` is what may change; ``gradual`` is the
    head first and one more block, from the last to the first, at the start of each epoch (from 1) of
    `unfreeze_epochs` (empty: spread over the first half). A block `n` steps from the head learns at
    ``learning_rate * layer_decay ** n``. `lora_rank` is the rank of each convolution's change with ``lora``.
    `compare` trains every fold from random weights too, for the paired difference.
    """

    weights: Annotated[str, Field(min_length=1)]
    source: Literal["auto", "torchvision", "timm", "torchxrayvision", "monai", "medidense"] = "auto"
    trains: Literal["everything", "head", "last_block", "norm", "gradual", "lora"] = "everything"
    unfreeze_epochs: tuple[Annotated[int, Field(ge=1)], ...] = ()
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    lora_rank: Annotated[int, Field(ge=1, le=256)] = 8
    compare: bool = False

    @model_validator(mode="after")
    def _rising(self) -> "Start":
        if list(self.unfreeze_epochs) != sorted(set(self.unfreeze_epochs)):
            raise ValueError(f"unfreeze_epochs must rise, not {list(self.unfreeze_epochs)}")
        return self
