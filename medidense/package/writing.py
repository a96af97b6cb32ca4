"""How does a finished run become a package?"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.errors import PackageError
from medidense.package.files import (
    MANIFEST,
    RECIPE,
    SELF_TEST,
    canonical_json,
    check_files,
    read_manifest,
)
from medidense.package.self_test import expected_scores
from medidense.package.torch_engine import build_networks
from medidense.package.training_digest import TRAINING_DIGEST, TrainingDigest, write_training_digest
from medidense.values import (
    Calibration,
    CovariateEncoding,
    Manifest,
    NamedPoint,
    Recipe,
    SetRule,
    TrainingFacts,
)
from medidense.values.recipe import OperatingRule


@dataclass(frozen=True)
class PackageContents:
    """Everything that a package holds.

    `weights` are safetensors files, one a fold in the order of the folds; `classes` are in the order of the
    networks' outputs; `threads` is the number of CPU threads every score is made with; `covariates` is what
    each fold's training part said of them, empty where the recipe takes none. `operating_rule`,
    `calibration`, `sets` and `points` are as in the manifest.
    """

    name: str
    version: str
    recipe: Recipe
    classes: tuple[str, ...]
    positive: str
    operating_point: float
    weights: tuple[Path, ...]
    threads: int
    training: TrainingFacts
    covariates: tuple[CovariateEncoding, ...] = ()
    operating_rule: OperatingRule = "fixed"
    calibration: Calibration | None = None
    sets: SetRule | None = None
    points: tuple[NamedPoint, ...] = ()
    digest: TrainingDigest | None = None
    """Of the subjects and images that were learnt from; None where nothing of them can be told."""


def write_package(draft: Path, contents: PackageContents) -> Manifest:
    """Fill the empty folder `draft` with weights, recipe, a self-test and the manifest with their sums.

    Equal contents give equal bytes. The networks are loaded and run once, so that what cannot score is never
    written. Raises PackageError for contents that do not hold together or a missing weights file.
    """
    if not contents.weights:
        raise PackageError(
            str(draft), "a package needs at least one fold's weights", "none", "finish the run"
        )
    names = tuple(f"fold_{index}.safetensors" for index in range(len(contents.weights)))
    for source, name in zip(contents.weights, names, strict=True):
        if not source.is_file():
            raise PackageError(
                str(source), "the fold's weights are missing", "", "finish the run: medidense cv"
            )
        shutil.copyfile(source, draft / name)
    (draft / RECIPE).write_bytes(canonical_json(contents.recipe.model_dump(mode="json")))
    paths = [draft / name for name in names]
    nets = build_networks(contents.recipe, len(contents.classes), paths, contents.covariates)
    test = expected_scores(nets, contents.recipe, contents.threads)
    (draft / SELF_TEST).write_bytes(canonical_json(test))
    if contents.digest is not None:
        write_training_digest(contents.digest, draft / TRAINING_DIGEST)
    manifest = _manifest(draft, contents, names)
    (draft / MANIFEST).write_bytes(canonical_json(manifest.model_dump(mode="json")))
    for path in draft.iterdir():
        path.chmod(durable.OPEN)
    check_files(draft, read_manifest(draft)[0])
    return manifest


def _manifest(draft: Path, contents: PackageContents, models: tuple[str, ...]) -> Manifest:
    """The manifest of the files in `draft`."""
    known = None if contents.digest is None else TRAINING_DIGEST
    files = (*models, RECIPE, SELF_TEST, *((known,) if known else ()))
    return Manifest(
        name=contents.name,
        version=contents.version,
        region=contents.recipe.input.region,
        kind=contents.recipe.labels.kind,
        classes=contents.classes,
        positive=contents.positive,
        operating_point=contents.operating_point,
        operating_rule=contents.operating_rule,
        calibration=contents.calibration,
        sets=contents.sets,
        operating_points=contents.points,
        models=models,
        threads=contents.threads,
        training=contents.training,
        covariates=contents.covariates,
        training_digest=known,
        files={name: durable.sha256_file(draft / name) for name in files},
    )
