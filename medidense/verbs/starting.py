"""How does a fold's network start from what was trained elsewhere?

`start.weights` is a file of tensors, a package or a run directory (with several models, fold k starts from
model k, counted round). A start that has seen the fold's test part is refused where that can be known.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from medidense import durable
from medidense.errors import RecipeError, RunError
from medidense.nets import StartWeights, add_lora, bare, merge_lora, network, read_tensors, start_from
from medidense.package import load_package
from medidense.rundir import RunDir, StartFacts, write_start
from medidense.train import Tuning
from medidense.values import Fold, Kind, Recipe, SampleFacts, StartReport
from medidense.values.wording import count
from medidense.verbs.progress import Progress

WHERE = "start.weights"
SEEN = "the test part must be new to the weights that training starts from"


@dataclass(frozen=True)
class _Models:
    """The files of a start, one a model, and the classes that they tell apart (empty: not known)."""

    files: tuple[Path, ...]
    classes: tuple[str, ...] = ()
    kind: Kind = "classes"


def start_fold(
    run: RunDir, recipe: Recipe, fold: Fold, net: torch.nn.Module, *, seed: int, progress: Progress
) -> Tuning | None:
    """Put the recipe's start into `net` and tell what may train; None where the recipe starts from nothing.

    Where a network is shared by planes it is that one that starts and learns.
    What became of each tensor is written to the run directory by the first fold; a later fold that finds
    other weights raises RunError. Raises UsageError, RecipeError, PackageError for a start that does not fit.
    """
    start = recipe.start
    if start is None:
        return None
    net, record = bare(net), network(recipe.network.name)
    models = _models(Path(start.weights).expanduser(), run, fold)
    digests = tuple(durable.sha256_file(path) for path in models.files)
    index = fold.index % len(models.files)
    weights = StartWeights(
        tensors=read_tensors(models.files[index]),
        source="medidense" if models.classes and start.source == "auto" else start.source,
        sha256=digests[index],
        same_classes=(models.kind, models.classes) == (run.kind, run.classes),
    )
    report = start_from(net, record, weights)
    if start.trains == "lora":
        add_lora(net, record, rank=start.lora_rank, seed=seed)
    tuning = Tuning(record, start, recipe.training.epochs)
    _write(run, report, _facts(net, tuning, digests), progress)
    return tuning


def settle(net: torch.nn.Module, tuning: Tuning | None) -> None:
    """Make of a trained network the plain one that is kept: what LoRA learnt becomes part of its weights."""
    if tuning is not None:
        net.requires_grad_(True)
        if tuning.start.trains == "lora":
            merge_lora(net)


def _models(path: Path, run: RunDir, fold: Fold) -> _Models:
    """The model files behind `path`. Raises RecipeError where they have seen the fold's test part."""
    if (path / "manifest.json").is_file():
        package = load_package(path)
        if package.manifest.training.cohort_digest == run.cohort_digest:
            step = "start from weights of other subjects, or without a start"
            raise RecipeError(WHERE, SEEN, "a package of this very cohort", step)
        about = package.manifest
        return _Models(tuple(path / name for name in about.models), about.classes, about.kind)
    if (path / "run.json").is_file():
        earlier = RunDir(path)
        earlier.require_finished()
        _unseen(earlier, run, fold)
        weights = tuple(earlier.fold(index).weights for index in range(earlier.folds))
        return _Models(weights, earlier.classes, earlier.kind)
    if path.is_dir():
        step = "give a file of weights, a package, or a run directory"
        raise RecipeError(WHERE, "neither a package nor a run directory", path.name, step)
    return _Models((path,))


def _unseen(earlier: RunDir, run: RunDir, fold: Fold) -> None:
    """Raise RecipeError where the model that this fold starts from was trained on its test part.

    Samples are told by what was measured on them: two cohorts may give the same names to other images.
    """
    folds = earlier.splits().folds
    model = folds[fold.index % len(folds)]
    before = {fact.sample: _measured(fact) for fact in earlier.facts()}
    now = {fact.sample: _measured(fact) for fact in run.facts()}
    known = {before[name] for name in (*model.train, *model.validation)}
    shared = sum(now[name] in known for name in fold.test)
    if shared:
        found = f"{count(shared, 'sample')} of fold {fold.index}'s test part"
        raise RecipeError(WHERE, SEEN, found, "start from weights of other subjects, or without a start")


def _measured(fact: SampleFacts) -> tuple[float | None, ...]:
    """Figures that no two images share: of the lesion where it is known, else of the crop."""
    if fact.mean_intensity is not None:
        return fact.volume_mm3, fact.mean_intensity
    return fact.intensity_p01, fact.intensity_p50, fact.intensity_p99


def _facts(net: torch.nn.Module, tuning: Tuning, digests: tuple[str, ...]) -> StartFacts:
    """How many parameters each epoch trains, where the number changes."""
    sizes = {name: parameter.numel() for name, parameter in net.named_parameters()}
    counts: dict[int, int] = {}
    for epoch in sorted({1, *(first for first in tuning.unfreezing if first <= tuning.epochs)}):
        counts[epoch] = sum(sizes[name] for name in tuning.names(net, epoch))
    return StartFacts(
        sha256=digests, trains=tuning.start.trains, trainable=counts, parameters=sum(sizes.values())
    )


def _write(run: RunDir, report: StartReport, facts: StartFacts, progress: Progress) -> None:
    """Write start.csv and start.json and tell them in a line; in a later fold compare with what is there."""
    if run.start_path.is_file():
        before = run.start_facts().sha256
        if before != facts.sha256:
            step = "restore the weights, or start anew in another --out"
            found = f"{facts.sha256[0][:12]}, not {before[0][:12]}"
            raise RunError(str(run.start_path), "every fold starts from the same weights", found, step)
        return
    write_start(report, facts, run.start_csv, run.start_path)
    progress("start from weights", 1, 1, f"{report.line()}; {facts.line()}")
