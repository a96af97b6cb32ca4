"""How does a recipe train: schedule, loss, batches, and the random changes of what is seen?"""

from typing import Annotated, Literal

from pydantic import Field

from medidense.values.section import Positive, Section, Share


class Augmentation(Section):
    """Random changes of the training crops; 0 or False switches one off.

    `flip` mirrors along every axis, or along those given, counted from 0. `rotate` is the largest in-plane
    angle in degrees, `scale` the largest change of size as a share, `shift` the largest shift in voxels,
    `gain` and `offset` change the network values, `noise` is the largest standard deviation added. `crop` is
    the largest shift in whole voxels, which come from a border of 0 around the crop; nothing is
    interpolated. `cutout` is the side of a box that becomes 0, anywhere in the crop and cut off at its end.
    """

    flip: bool | tuple[Annotated[int, Field(ge=0, le=2)], ...] = True
    rotate: Annotated[float, Field(ge=0, le=180)] = 180.0
    scale: Annotated[float, Field(ge=0, lt=0.5)] = 0.12
    shift: Annotated[float, Field(ge=0)] = 2.0
    gain: Annotated[float, Field(ge=0, lt=1)] = 0.1
    offset: Annotated[float, Field(ge=0)] = 0.08
    noise: Annotated[float, Field(ge=0)] = 0.05
    crop: Annotated[int, Field(ge=0, le=256)] = 0
    cutout: Annotated[int, Field(ge=0, le=1024)] = 0


class EarlyStopping(Section):
    """Stop on a validation part cut by subject out of the training part (`share` of its subjects).

    The weights of the epoch with the lowest validation loss are kept; training ends after `patience` epochs
    without a lower one. The test part never takes part.
    """

    share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    patience: Annotated[int, Field(ge=1)] = 5


class Training(Section):
    """The schedule.

    `learning_rate` is the peak, `warmup` the share of steps before it, `decayed` says
    whether `weight_decay` pulls at everything or at kernels alone (no biases, no normalisations), `ema` is
    the decay of the averaged weights that score (0: none), `precision` ``auto`` is fp32 on CPU and bf16 on
    CUDA, `threads` 0 means all cores at the start of the run (the number is recorded). `deterministic`
    speaks of CUDA; on a CPU training always is. `compile` lets torch's compiler fuse the network's kernels.

    A batch passes in `accumulate` micro-batches of two samples or more, whose gradients are added up; batch
    normalisation sees one of them at a time.

    `loss` ``focal`` makes samples that are told already count less, by the power `focal_gamma` of what is
    missing to 1 (0 is cross entropy). `label_smoothing` moves this share of each target to all classes alike.

    `sampling` ``balanced`` fills each batch with as many samples of one class as of any other. `size_paired`
    is the share of batches in which every lesion stands beside one of like volume and another class, so that
    size tells nothing there.
    """

    epochs: Annotated[int, Field(ge=1, le=10000)] = 30
    batch_size: Annotated[int, Field(ge=2, le=4096)] = 16
    accumulate: Annotated[int, Field(ge=1, le=256)] = 1
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.02
    decayed: Literal["everything", "kernels"] = "everything"
    schedule: Literal["cosine", "one_cycle", "steps"] = "one_cycle"
    warmup: Share = 0.25
    clip_norm: Positive = 2.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.98
    class_weights: Literal["balanced", "none"] = "balanced"
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = 2.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    size_paired: Share = 0.0
    channels_last: bool = True
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    deterministic: bool = True
    compile: bool = False
    augmentation: Augmentation = Augmentation()
    early_stopping: EarlyStopping | None = None
