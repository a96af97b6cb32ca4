"""From a finished run to a package that scores anywhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.package import PackageContents, load_package, write_package
from medidense.rundir import RunDir, read_encoding
from medidense.stats import settled
from medidense.values import SampleFacts, SetRule, Span, TrainingFacts
from medidense.verbs.splitting import verified_splits


@dataclass(frozen=True)
class ExportResult:
    """Where the package lies, its digest (sha256 of its manifest) and how many models it averages."""

    package: Path
    digest: str
    models: int

    def to_json(self) -> dict[str, object]:
        """The fields, paths as text."""
        return {"package": str(self.package), "digest": self.digest, "models": self.models}


def export(
    run: Path, *, out: Path, name: str = "", version: str = "1", overwrite: bool = False
) -> ExportResult:
    """Write the folds' models, the recipe and what the training data were like as one folder.

    `name` is by default the cohort's. Raises RunError when the run is not finished, OutputExistsError,
    WriteError.
    """
    folder = RunDir(Path(run))
    contents = package_contents(folder, name, version)
    with durable.replacing_folder(Path(out), overwrite) as draft:
        write_package(draft, contents)
    package = load_package(Path(out))
    return ExportResult(Path(out), package.digest, len(contents.weights))


def package_contents(folder: RunDir, name: str = "", version: str = "1") -> PackageContents:
    """All that a package holds, from a finished run. No subject's name or path is in it.

    Raises RunError, also where the folds or the cohort were changed since.
    """
    folder.require_finished()
    verified_splits(folder)
    recipe, about = folder.public_recipe(), folder.about()
    kept = settled(folder.predictions(), recipe.evaluation)
    places = [folder.fold(index) for index in range(folder.folds)]
    return PackageContents(
        name=name or str(about["asked"]["cohort_name"]),
        version=version,
        recipe=recipe,
        classes=folder.classes,
        positive=folder.positive,
        operating_point=kept.operating_point,
        operating_rule=kept.operating_rule,
        calibration=kept.calibration,
        sets=SetRule(coverage=recipe.evaluation.coverage, least=kept.least) if kept.least else None,
        weights=tuple(place.weights for place in places),
        threads=int(about["device"]["threads"]),
        training=_training_facts(folder),
        covariates=tuple(read_encoding(place.path) for place in places) if recipe.input.covariates else (),
    )


def _training_facts(folder: RunDir) -> TrainingFacts:
    """What scoring compares fresh input with."""
    facts, figures, recipe = folder.facts(), folder.evaluation_json(), folder.recipe()
    trained = folder.about().get("trained_on") or _tested(folder)
    return TrainingFacts(
        cohort_digest=folder.cohort_digest,
        code_version=str(folder.about()["asked"]["code"]),
        samples=trained["samples"],
        subjects=trained["subjects"],
        class_counts=trained["class_counts"],
        modality=recipe.input.modality,
        dims=recipe.input.dims,
        p01=_span(facts, "intensity_p01"),
        p50=_span(facts, "intensity_p50"),
        p99=_span(facts, "intensity_p99"),
        auroc=figures["auroc"],
        auroc_ci95=tuple(figures["auroc_ci95"]),
    )


def _tested(folder: RunDir) -> dict[str, Any]:
    """The same counts of a run that does not state them: there each sample is tested and trained on."""
    predictions = folder.predictions()
    counts = Counter(predictions.classes[index] for index in predictions.label)
    return {
        "samples": len(predictions.samples),
        "subjects": len(set(predictions.subjects)),
        "class_counts": {name: counts[name] for name in predictions.classes},
    }


def _span(facts: Sequence[SampleFacts], column: str) -> Span:
    """Smallest and largest value of a column."""
    values = [float(getattr(fact, column)) for fact in facts]
    return Span(low=min(values), high=max(values))
