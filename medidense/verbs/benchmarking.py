"""Does the trainer train? A recipe on public images, its verdict, and one page about it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.benchmark.cifar10_files import OtherFilesWarning
from medidense.benchmark.experiment import Images, load_images
from medidense.benchmark.fetching import default_folder, fetch
from medidense.benchmark.maps import maps_picture
from medidense.benchmark.running import Outcome, Plan, run
from medidense.benchmark.stated import named_recipe
from medidense.benchmark.tables import Rows, all_tables
from medidense.pages import benchmark_html
from medidense.rundir import benchmark_folder, note_sanity, parsed_settings
from medidense.track import log_benchmark, trainings_record
from medidense.train import choose_device
from medidense.verbs.progress import Progress, quiet

EXPERIMENT = "cifar10"
"""The MLflow experiment."""

PAGE, MAPS = "report.html", "maps.png"


@dataclass(frozen=True)
class BenchmarkOptions:
    """How a benchmark runs: the recipe by name or path, keys of it to change, how many `seeds` (0, 1, ...),
    another network to train by the same recipe (`against`), whether to test after each epoch too (`watch`).

    `first` takes only so many images of each part, for a try; there is no verdict then.
    """

    recipe: str = "cifar10-smoke"
    settings: Mapping[str, object] = field(default_factory=dict)
    seeds: int = 3
    against: str = ""
    watch: bool = False
    device: str = "auto"
    out: Path | None = None
    first: int | None = None


@dataclass(frozen=True)
class BenchmarkResult:
    """`results` of the recipe and of what it is compared with, each as in its benchmark.json."""

    results: tuple[Mapping[str, Any], ...]
    out: Path
    page: Path
    tracking: str
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool | None:
        """Whether the stated bound holds, None where none is stated."""
        held: bool | None = self.results[0]["passed"]
        return held

    @property
    def verdict(self) -> str:
        """One line."""
        return str(self.results[0]["verdict"])

    @property
    def tables(self) -> dict[str, Rows]:
        """The tables of the page by their titles; the first row of each is its head."""
        return all_tables(self.results)

    def to_json(self) -> dict[str, Any]:
        """``accuracy`` (mean over the seeds) and ``accuracies``, from 0 to 1, and everything beside them."""
        beside = {"against": [dict(result) for result in self.results[1:]], "notes": list(self.notes)}
        places = {"out": str(self.out), "page": str(self.page), "tracking": self.tracking}
        return {**self.results[0], **beside, **places}


def benchmark_cifar10(
    data: Path | None = None,
    *,
    options: BenchmarkOptions = BenchmarkOptions(),
    download: bool = False,
    progress: Progress = quiet,
) -> BenchmarkResult:
    """Train a recipe on CIFAR-10 and test it, seed by seed; write figures and one page.

    `data` holds ``cifar-10-batches-bin`` or ``-py``, or is one of them; by default the folder that `download`
    fills. Seeds that ``options.out`` holds are not trained again. The official test part chooses nothing.

    Raises UsageError for data, recipe or settings that do not hold, OutputExistsError where ``out`` holds
    another benchmark, DivergedError, WriteError, LockedError.
    """
    recipe, stated = named_recipe(options.recipe)
    settings = parsed_settings(options.settings)
    recipe = recipe.with_settings(settings) if settings else recipe
    device = choose_device(options.device, recipe.training)
    name = Path(options.recipe).stem
    out = options.out or benchmark_folder(name)
    images, notes = _images(data, download, options.first, progress)
    changed = settings | ({} if options.first is None else {"first images": options.first})
    seeds = tuple(range(options.seeds))
    plan = Plan(name, recipe, stated, device, seeds, options.watch, changed)
    outcomes = [run(plan, images, out, progress)]
    if options.against:
        beside = plan.against(options.against)
        outcomes.append(run(beside, images, out / f"against-{options.against}", progress))
    results = tuple(outcome.to_json() for outcome in outcomes)
    files = _write(outcomes[0], results, images)
    found = trainings_record(out, results[0], files)
    if outcomes[0].passed is not None:
        note_sanity(name, passed=outcomes[0].passed, verdict=outcomes[0].verdict)
    command = "medidense benchmark cifar10"
    tracked = log_benchmark(found, experiment=EXPERIMENT, working=Path.cwd(), command=command)
    return BenchmarkResult(results, out, out / PAGE, tracked.words, notes)


def _images(
    data: Path | None, download: bool, first: int | None, progress: Progress
) -> tuple[Images, tuple[str, ...]]:
    """The images, and what is to be said of their files."""
    progress("read CIFAR-10", 0, 1)
    folder = default_folder() if data is None else data
    if download:
        fetch(folder)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", OtherFilesWarning)
        images = load_images(folder)
    for item in caught:
        warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    notes = tuple(str(item.message) for item in caught if issubclass(item.category, OtherFilesWarning))
    progress("read CIFAR-10", 1, 1)
    return images if first is None else images.first(first, first), notes


def _write(outcome: Outcome, results: tuple[Mapping[str, Any], ...], images: Images) -> list[str]:
    """The page and its picture; returns the names of the files that are worth tracking."""
    maps = maps_picture(outcome.network(), outcome.plan.recipe, images)
    durable.write_bytes(outcome.folder / MAPS, maps, durable.OPEN)
    page = benchmark_html(results, all_tables(results), maps)
    durable.write_text(outcome.folder / PAGE, page, durable.OPEN)
    return [PAGE, MAPS, "recipe.yaml", "benchmark.json"]
