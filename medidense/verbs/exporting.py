"""From a finished run to a package that scores anywhere."""

from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.io import archives_kept
from medidense.package import PackageContents, TrainingDigest, load_package, write_package
from medidense.rundir import RunDir, read_encoding
from medidense.stats import Settled, settled, short_of
from medidense.values import Estimate, SetRule
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.splitting import verified_splits
from medidense.verbs.training_facts import (
    digest_of_training,
    find_prints,
    named_points,
    training_facts,
)


@dataclass(frozen=True)
class ExportResult:
    """Where the package lies, its digest (sha256 of its manifest) and how many models it averages.

    `notes` say what other cohorts cannot be compared by, and where calibration or prediction sets do not keep
    what they were asked for.
    """

    package: Path
    digest: str
    models: int
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The fields, paths as text."""
        return {"package": str(self.package), "digest": self.digest, "models": self.models} | {
            "notes": list(self.notes)
        }


@archives_kept()
def export(
    run: Path,
    *,
    out: Path,
    name: str = "",
    version: str = "1",
    overwrite: bool = False,
    progress: Progress = quiet,
) -> ExportResult:
    """Write the folds' models, the recipe and what the training data were like as one folder.

    `name` is by default the cohort's. For a run of an older version the images of its cohort are read once,
    so that the package knows them again. Raises RunError when the run is not finished, OutputExistsError,
    WriteError.
    """
    folder = RunDir(Path(run))
    folder.require_finished()
    durable.refuse_existing(Path(out), overwrite)
    find_prints(folder, progress)
    digest, notes = digest_of_training(folder, verified_splits(folder))
    kept = _settled(folder)
    contents = _contents(folder, digest, kept, name, version)
    with durable.replacing_folder(Path(out), overwrite) as draft:
        write_package(draft, contents)
    package = load_package(Path(out))
    return ExportResult(Path(out), package.digest, len(contents.weights), (*notes, *_notes(folder, kept)))


def package_contents(folder: RunDir, name: str = "", version: str = "1") -> PackageContents:
    """All that a package holds, from a finished run. No subject's name or path is in it.

    Raises RunError, also where the folds or the cohort were changed since.
    """
    folder.require_finished()
    digest, _ = digest_of_training(folder, verified_splits(folder))
    return _contents(folder, digest, _settled(folder), name, version)


def _settled(folder: RunDir) -> Settled:
    return settled(folder.predictions(), folder.recipe().evaluation)


def _notes(folder: RunDir, kept: Settled) -> tuple[str, ...]:
    """What whoever uses the package must know of its calibration and its prediction sets."""
    sets = folder.evaluation_json().get("prediction_sets") or {"target": 0.0, "figures": {}}
    figures = {name: Estimate(**one) for name, one in sets["figures"].items()}
    return (*((kept.note,) if kept.note else ()), *short_of(sets["target"], figures))


def _contents(
    folder: RunDir, digest: TrainingDigest | None, kept: Settled, name: str, version: str
) -> PackageContents:
    """The same with a digest that is there already, and what the package decides by."""
    recipe, about = folder.public_recipe(), folder.about()
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
        points=named_points(folder.evaluation_json()),
        weights=tuple(place.weights for place in places),
        threads=int(about["device"]["threads"]),
        training=training_facts(folder, kept.calibration.method if kept.calibration else None),
        digest=digest,
        covariates=tuple(read_encoding(place.path) for place in places) if recipe.input.covariates else (),
    )
