"""What may a cross-validation be asked for? Apart from the verb, so that naming it costs no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medidense.errors import UsageError
from medidense.values import SplitPlan


@dataclass(frozen=True)
class CvOptions:
    """What a cross-validation is asked for beside the cohort and the recipe.

    `folds` is 5 where none is given. `budget` is minutes for all folds; `settings` are dotted recipe keys,
    values as YAML text or Python values; `out` is by default ``runs/<cohort>-<digest of the question>``.

    `split` is one of ``kfold``, ``repeated`` (`repeats` times, 3 where none is given), ``nested`` (inner
    folds choose among `candidates`, each a mapping like `settings`), ``site`` (each is left out once) and
    ``column`` (the cohort's own parts). `stratify` ``site`` makes the parts alike in sites too.

    `devices` of the kind `device` train each fold together, a process each; the first command of a run
    decides. `fold` names the folds to train now, from 0; the figures follow when `cv` is called without it.

    `folds_on` ``ray`` trains the folds side by side on the Ray cluster at `ray_address`, by default on one of
    this machine alone that is started and ended; all its machines must see the same files.

    `controls` ``features`` tries a linear head on the networks' features with shuffled labels and with hidden
    lesions, ``full`` trains networks for both too, ``off`` does neither.

    `tracked` False keeps the run out of MLflow.

    `allow_burned_in` says that the images carry no name, whatever their modality: their pictures stand on
    the page and in MLflow. The run directory keeps it.

    Raises UsageError for options that do not go together.
    """

    folds: int | None = None
    seed: int = 0
    budget: float | None = None
    device: str = "auto"
    devices: int = 1
    out: Path | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    split: str = "kfold"
    repeats: int | None = None
    stratify: str = "label"
    candidates: Sequence[Mapping[str, object]] = ()
    fold: Sequence[int] = ()
    folds_on: str = "here"
    ray_address: str | None = None
    controls: str = "features"
    tracked: bool = True
    allow_burned_in: bool = False

    def __post_init__(self) -> None:
        plan = self.plan
        if self.devices < 1:
            raise UsageError("--devices", "at least one device trains", self.devices, "give 1 or more")
        if self.controls not in ("features", "full", "off"):
            rule = "controls are made on features, in full, or off"
            raise UsageError("--controls", rule, self.controls, "choose one of them")
        if self.folds_on not in ("here", "ray"):
            raise UsageError("--folds-on", "folds train here or on ray", self.folds_on, "choose one of them")
        if self.folds_on == "ray" and self.fold:
            raise UsageError("--folds-on ray", "Ray trains all folds", "--fold", "leave one of them out")
        if self.ray_address is not None and self.folds_on != "ray":
            raise UsageError("--ray-address", "is for --folds-on ray", self.ray_address, "add --folds-on ray")
        if plan.kind == "nested" and len(self.candidates) < 2:
            rule = "--split nested chooses among settings, and needs at least two of them"
            step = "give --candidate training.learning_rate=0.001 --candidate training.learning_rate=0.0003"
            raise UsageError("--candidate", rule, f"{len(self.candidates)} given", step)
        if plan.kind != "nested" and self.candidates:
            rule = "inner folds choose among candidates with --split nested alone"
            raise UsageError("--candidate", rule, f"--split {plan.kind}", "add --split nested")

    @property
    def plan(self) -> SplitPlan:
        """How the cohort is to be split. Raises UsageError."""
        return SplitPlan(self.split, self.folds, self.repeats, self.stratify, self.seed)
