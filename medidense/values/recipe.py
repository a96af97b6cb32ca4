"""Every decision about data, network, training and evaluation, in one checked value.

The classes mirror the sections of recipe.yaml; an unknown key is refused with the nearest known one named.
Keys that a later version will honour are refused here by name, never ignored.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from medidense.errors import Problem, RecipeError
from medidense.values.labels import Labels
from medidense.values.section import Positive, Section, Share, in_order


class Intensity(Section):
    """How modality values become network values in -1..1 (window, percentiles) or around 0 (the others).

    ``window``: `low` and `high` are modality values (HU for CT). ``percentiles``: they are percentiles of the
    crop. ``zscore``: mean and standard deviation of the crop; `low` and `high` clip in standard deviations.
    ``constants``: `mean` is taken off and divided by `deviation`, which are modality values too, one of each
    for every channel of the network; `low` and `high` clip before that. An image of one channel fills them
    all.
    """

    rule: Literal["window", "percentiles", "zscore", "constants"]
    low: float
    high: float
    mean: tuple[float, ...] = ()
    deviation: tuple[Positive, ...] = ()

    _ordered = model_validator(mode="after")(in_order)

    @property
    def channels(self) -> int:
        """Channels that the values of an image become."""
        return max(1, len(self.mean))

    @model_validator(mode="after")
    def _paired(self) -> "Intensity":
        wanted = (1, 3) if self.rule == "constants" else (0,)
        if len(self.mean) != len(self.deviation) or len(self.mean) not in wanted:
            found = f"{len(self.mean)} and {len(self.deviation)}"
            raise ValueError(
                f"mean and deviation: one or three of each with constants, else none, not {found}"
            )
        return self


class Window(Section):
    """The modality values that become -1 and 1; what lies beyond is cut off."""

    low: float
    high: float

    _ordered = model_validator(mode="after")(in_order)


class Input(Section):
    """From a volume and a region to the array that enters the network.

    `modality` is the DICOM modality that the intensity rule is made for; scoring refuses another one. None
    means that the training files state none and nothing is assumed.
    `size` is the array's shape in voxels, 2 or 3 numbers as `dims` says. `spacing_mm` is the distance
    between its voxels; None means: scale so that the whole image just fits (pictures, where millimetres
    mean nothing).

    `view` ``planes`` (2.5D): of a cube the network sees the three orthogonal planes through its middle, one
    after the other. `second_window` adds a channel of the same values through another window, `mask_channel`
    one of the lesion's mask (-1 outside, 1 inside).
    """

    dims: Literal[2, 3]
    region: Literal["lesion", "whole"]
    modality: str | None = None
    orientation: Literal["RAS", "as_stored"] = "RAS"
    spacing_mm: tuple[Positive, ...] | None = None
    size: tuple[Annotated[int, Field(ge=32, le=1024)], ...]
    intensity: Intensity
    fill: Literal["reflect", "edge"] = "reflect"
    view: Literal["crop", "planes"] = "crop"
    second_window: Window | None = None
    mask_channel: bool = False

    @property
    def channels(self) -> int:
        """Channels of the array: the intensities, their second window, the mask."""
        return self.intensity.channels + (self.second_window is not None) + self.mask_channel

    @model_validator(mode="after")
    def _channels(self) -> "Input":
        if self.view == "planes" and (self.dims != 3 or len(set(self.size)) != 1):
            raise ValueError(f"three planes are cut out of a cube, not out of {list(self.size)} voxels")
        if self.mask_channel and self.region != "lesion":
            raise ValueError("a mask channel needs region: lesion")
        return self

    @model_validator(mode="after")
    def _lengths(self) -> "Input":
        if len(self.size) != self.dims:
            raise ValueError(f"size needs {self.dims} numbers, not {len(self.size)}")
        if self.spacing_mm is not None and len(self.spacing_mm) != self.dims:
            raise ValueError(f"spacing_mm needs {self.dims} numbers, not {len(self.spacing_mm)}")
        if self.spacing_mm is None and self.region == "lesion" and self.orientation == "RAS":
            raise ValueError("a lesion crop in RAS needs spacing_mm")
        return self


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


class PredictionRules(Section):
    """How a score is made. `flips`: the mean over the crop and its mirror images along all axes."""

    flips: bool = False


class EvaluationRules(Section):
    """`bootstrap` draws of subjects for each interval; `operating_point` is the score of the positive class
    from which on it is decided for."""

    bootstrap: Annotated[int, Field(ge=200, le=100000)] = 2000
    operating_point: Share = 0.5


class Recipe(Section):
    """All of it. `leakage` says what becomes of copies of test images on a fold's training side: the run is
    refused, or they are dropped from there. `reasons` maps dotted keys to the sentence that says why the
    planner chose the value."""

    version: Literal[1] = 1
    labels: Labels = Labels()
    input: Input
    network: Network = Network()
    start: Start | None = None
    training: Training = Training()
    prediction: PredictionRules = PredictionRules()
    evaluation: EvaluationRules = EvaluationRules()
    leakage: Literal["refuse", "drop_from_train"] = "refuse"
    reasons: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _one_class_a_row(self) -> "Recipe":
        training = self.training
        if self.labels.kind == "multi_label" and (training.sampling == "balanced" or training.size_paired):
            key = "sampling: balanced" if training.sampling == "balanced" else "size_paired"
            raise ValueError(
                f"training.{key} deals out rows by their one class, and a row of kind multi_label has "
                "several labels; use training.class_weights: balanced"
            )
        return self

    @model_validator(mode="after")
    def _fitting(self) -> "Recipe":
        change = self.training.augmentation
        if not isinstance(change.flip, bool) and any(axis >= self.input.dims for axis in change.flip):
            raise ValueError(
                f"augmentation.flip: axes of the crop, below {self.input.dims}, not {change.flip}"
            )
        if (change.crop or change.cutout) and (self.input.view == "planes" or self.input.mask_channel):
            raise ValueError("augmentation.crop and cutout fill with 0, which is for crops without a mask")
        return self

    def with_settings(self, settings: Mapping[str, Any], where: str = "--set") -> "Recipe":
        """This recipe with dotted keys replaced, checked again; `where` stands in the error.

        Raises RecipeError for a key that does not exist or a value that does not hold.
        """
        tree = self.model_dump(mode="json")
        for key, value in settings.items():
            _put(tree, key, value, where)
        return parse_recipe(tree, where)


def parse_recipe(tree: object, where: str) -> Recipe:
    """A Recipe from parsed YAML or JSON. Raises RecipeError naming every key that does not hold."""
    if not isinstance(tree, dict):
        raise RecipeError(
            where, "a recipe is a mapping of sections", type(tree).__name__, "see docs/recipe.md"
        )
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise RecipeError.several([_problem(item, where) for item in error.errors()]) from None


def recipe_keys() -> tuple[str, ...]:
    """Every dotted key a recipe may hold, sections left out, in file order."""
    return tuple(_keys(Recipe, ""))


def _keys(section: type[BaseModel], prefix: str) -> list[str]:
    found: list[str] = []
    for name, info in section.model_fields.items():
        inner = next((t for t in _classes(info.annotation) if issubclass(t, Section)), None)
        found += _keys(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


def _classes(annotation: Any) -> list[type]:
    """The classes an annotation names, looked for in unions too."""
    inner = getattr(annotation, "__args__", ())
    return (
        [annotation]
        if isinstance(annotation, type) and not inner
        else [t for a in inner for t in _classes(a)]
    )


def _nearest(key: str) -> str:
    """What to do about an unknown key: the nearest known one, or where the list is."""
    near = difflib.get_close_matches(key, recipe_keys(), n=1, cutoff=0.5)
    leaf = [known for known in recipe_keys() if known.split(".")[-1] == key.split(".")[-1]]
    return f"did you mean {(leaf or near)[0]}?" if leaf or near else "docs/recipe.md lists all keys"


def _put(tree: dict[str, Any], key: str, value: Any, where: str) -> None:
    """Set one dotted key that must exist; a section that is off, like early_stopping, may be opened."""
    known = recipe_keys()
    is_section = any(name.startswith(f"{key}.") for name in known)
    if (key not in known and not is_section) or key.startswith("reasons"):
        raise RecipeError(f"{where} {key}", "unknown recipe key", key, _nearest(key))
    *sections, leaf = key.split(".")
    for section in sections:
        tree[section] = tree[section] if isinstance(tree.get(section), dict) else {}
        tree = tree[section]
    tree[leaf] = value


def _problem(item: Any, where: str) -> Problem:
    """One pydantic finding as a Problem."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Problem(f"{where} {key}", "unknown recipe key", key, _nearest(key))
    if item["type"] == "missing":
        return Problem(
            f"{where} {key}", "a recipe needs this key", "nothing", "medidense plan writes a whole recipe"
        )
    rule = item["msg"].removeprefix("Value error, ")
    return Problem(
        f"{where} {key}".strip(), rule, repr(item["input"])[:80], "docs/recipe.md lists what each key allows"
    )
