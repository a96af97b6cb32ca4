"""What the training loop tells whoever listens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step: mean loss of its batch and the learning rate it used."""

    epoch: int
    step: int
    loss: float
    learning_rate: float


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training part; `epoch` counts from 1.

    `validation_loss` is None unless the recipe stops early.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    validation_loss: float | None = None


@dataclass(frozen=True)
class ShrunkRecord:
    """Memory ran out: from this step on each batch passes in `parts` micro-batches."""

    epoch: int
    step: int
    parts: int


Record = StepRecord | EpochRecord | ShrunkRecord
