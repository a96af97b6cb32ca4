"""Where in the scan is the evidence?"""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from medidense import durable
from medidense.batch import Lesion, listed_for
from medidense.cohort import read_cohort
from medidense.errors import NothingFoundError, UsageError
from medidense.io import Input, archives_kept, find_inputs, read_volume, write_map
from medidense.package import Package, load_package, write_package
from medidense.preprocess import open_sample, prepare
from medidense.rundir import RunDir
from medidense.saliency import explain as explain_volume
from medidense.saliency import overlay_png
from medidense.values import Refused, Region, Sample, Volume
from medidense.verbs.exporting import package_contents
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.splitting import verified_splits

COLUMNS = ("input", "series_uid", "lesion_id", "status", "reason", "target_class", "score", "map", "picture")
"""Columns of explain.csv."""

SEEN = "every model of this run was trained on this subject; explain a sample of the test part"
"""Why a run's own sample has no map: what a model shows of its training images is no evidence."""


@dataclass(frozen=True)
class ExplainedItem:
    """One (series, lesion): its map and picture, or why there is none. Paths are relative to the output."""

    input: str
    series_uid: str
    lesion_id: str
    status: str
    reason: str = ""
    target_class: str = ""
    score: float | None = None
    map: str = ""
    picture: str = ""


@dataclass(frozen=True)
class ExplainResult:
    """Every item, and the folder that holds maps, pictures and explain.csv."""

    out: Path
    items: tuple[ExplainedItem, ...]

    @property
    def refused(self) -> int:
        """Items without a map."""
        return sum(item.status == "refused" for item in self.items)

    def to_json(self) -> dict[str, object]:
        """The folder, then each item."""
        return {"out": str(self.out), "refused": self.refused, "items": [asdict(item) for item in self.items]}


@dataclass(frozen=True)
class _Target:
    """One lesion to explain: which image, which lesion of it, which of the models (None: their mean).

    A sample of the run's own cohort is opened as training opened it.
    """

    found: Input
    lesion: Lesion | None = None
    sample: Sample | None = None
    model: int | None = None

    @property
    def lesion_id(self) -> str:
        """The lesion's name, empty where it has none."""
        named = self.sample or self.lesion
        return "" if named is None else named.lesion_id

    @property
    def covariates(self) -> Mapping[str, str] | None:
        """What the table says of it beside the image."""
        if self.sample is not None:
            return self.sample.extra
        return None if self.lesion is None else self.lesion.covariates

    def open(self) -> tuple[Volume, Region | None]:
        """The image and the lesion in it. Raises Refused."""
        if self.sample is not None:
            return open_sample(self.sample)
        volume = read_volume(self.found.source, series_uid=self.found.series_uid)
        if self.lesion is None:
            return volume, None
        return volume, self.lesion.region_in(volume)


@archives_kept()
def explain(
    model: Path,
    inputs: Sequence[Path],
    *,
    lesions: Path | None = None,
    out: Path,
    target_class: str = "",
    overwrite: bool = False,
    progress: Progress = quiet,
) -> ExplainResult:
    """Grad-CAM maps on each scan's own grid, as NIfTI and as picture, for one class.

    `model` is a run directory or a package. A sample of the run's own cohort brings its own lesion and is
    explained by the model that never saw its subject; any other scan by the mean over the models. The class
    is by default the positive one. Raises UsageError, RunError, PackageError, NothingFoundError,
    OutputExistsError, WriteError; a refused scan is an item with its reason.
    """
    out = Path(out)
    durable.refuse_existing(out, overwrite)
    for path in inputs:
        if not Path(path).exists():
            raise UsageError(str(path), "the input does not exist", "", "check the path")
    with _opened(Path(model)) as (package, run), durable.replacing_folder(out, overwrite) as draft:
        name = target_class or package.manifest.positive
        if name not in package.manifest.classes:
            found = f"{name!r}, classes are {', '.join(package.manifest.classes)}"
            raise UsageError("--class", "the class is one of the model's", found, "correct it")
        targets, refused = _targets(package, run, [Path(path) for path in inputs], lesions)
        items = list(refused)
        for number, target in enumerate(targets):
            items.append(_explain(package, target, name, draft / f"{number:04d}"))
            progress("explain", number + 1, len(targets))
        rows = [[_cell(value) for value in asdict(item).values()] for item in items]
        durable.write_csv(draft / "explain.csv", COLUMNS, rows)
    return ExplainResult(out, tuple(items))


@contextlib.contextmanager
def _opened(model: Path) -> Iterator[tuple[Package, RunDir | None]]:
    """The package, or the package that the run would export: one path to a number."""
    if not (model / "run.json").is_file():
        yield load_package(model), None
        return
    run = RunDir(model)
    with TemporaryDirectory(prefix="medidense-") as folder:
        write_package(Path(folder), package_contents(run))
        yield load_package(Path(folder)), run


def _targets(
    package: Package, run: RunDir | None, inputs: Sequence[Path], lesions: Path | None
) -> tuple[list[_Target], list[ExplainedItem]]:
    """Every lesion of every scan found, and the scans that were refused before."""
    listed = None if lesions is None else listed_for(package, lesions)
    ours = _own_samples(run) if listed is None and run is not None else {}
    targets: list[_Target] = []
    refused: list[ExplainedItem] = []
    below = find_inputs(inputs)
    refused += [
        ExplainedItem(no.path, no.series_uid, "", "refused", no.refusal.sentence) for no in below.refusals
    ]
    for found in below.found:
        own = [
            _Target(found, sample=sample, model=fold)
            for sample, fold in (() if found.parts else ours.get(found.path.resolve(), ()))
            if sample.series_uid in ("", found.series_uid)
        ]
        given = [] if listed is None else listed.of(found.path, found.series_uid)
        targets += own or [_Target(found, lesion) for lesion in given] or [_Target(found)]
    if not targets and not refused:
        names = ", ".join(str(path) for path in inputs)
        raise NothingFoundError(names, "no image file was found", "", "check the path")
    return targets, refused


def _own_samples(run: RunDir) -> dict[Path, list[tuple[Sample, int | None]]]:
    """The run's own samples by the image they lie in, each with a fold that has not seen its subject.

    That is the one that tested it, of several repeats in the first; for a sample that is never tested any
    other such fold, or none. Raises RunError where the folds or the cohort were changed since.
    """
    splits, source = verified_splits(run), Path(run.about()["cohort_path"])
    own: dict[Path, list[tuple[Sample, int | None]]] = defaultdict(list)
    if not source.is_file():
        return own
    tested_in = splits.tested_in()
    for sample in read_cohort(source).samples:
        fold = tested_in.get(sample.name)
        fold = splits.unseen_by(sample.subject_id) if fold is None else fold
        own[Path(sample.image_path).resolve()].append((sample, fold))
    return own


def _explain(package: Package, target: _Target, name: str, place: Path) -> ExplainedItem:
    """The map and the picture of one lesion, or the refusal."""
    found = target.found
    about = (str(found.path), found.series_uid, target.lesion_id)
    if target.sample is not None and target.model is None:
        return ExplainedItem(*about, "refused", SEEN)
    try:
        volume, region = target.open()
        score = package.predict(volume, region, target.covariates).scores[name]
        prepared = prepare(volume, region, package.recipe.input)
    except Refused as refused:
        return ExplainedItem(*about, "refused", refused.refusal.sentence)
    nets = package.networks()
    chosen = nets if target.model is None else [nets[target.model]]
    index = package.manifest.classes.index(name)
    evidence = explain_volume(chosen, package.recipe.network.name, prepared, volume, index)
    write_map(evidence, volume, place.with_suffix(".nii.gz"))
    title = f"evidence for {name}, score {score:.2f}"
    durable.write_bytes(place.with_suffix(".png"), overlay_png(volume, evidence, region, title))
    return ExplainedItem(*about, "explained", "", name, score, f"{place.name}.nii.gz", f"{place.name}.png")


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.9f}" if isinstance(value, float) else str(value)
