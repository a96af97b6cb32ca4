"""Do lesions go through the whole chain truly? Phantoms with a signal, without one, and with a leak.

The sides of the trial: a cohort in which shape decides must be learnt; the same kind of cohort with labels
exchanged between subjects must not be; a picture that stands under two subjects must stop the run.
"""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.errors import CohortError, OutputExistsError
from medidense.pages import known_answers_html
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.rundir import benchmark_folder, note_sanity
from medidense.track import BenchmarkRecord, log_benchmark
from medidense.values import Estimate
from medidense.verbs.cross_validation import cv
from medidense.verbs.made_once import made_once
from medidense.verbs.options import CvOptions
from medidense.verbs.progress import Progress, quiet

NAME = "phantom"
"""Of the sanity run and of its MLflow experiment."""

SUBJECTS, FOLDS = 36, 3
SHUFFLES = (1, 2, 3, 4, 5)
"""Seeds of the cohorts whose labels are exchanged."""

BOUND = 0.85
"""The least AUROC with a signal."""

EXCEPTIONS = 1
"""Of five intervals of 95 % one may miss 0.5."""

SETTINGS = {"network.name": "densenet_small", "training.epochs": 20}
"""Beside what is planned: a network that learns these phantoms in a minute or two on two cores."""

RESULT, PAGE = "known-answers.json", "report.html"


@dataclass(frozen=True)
class Trial:
    """One of the sides: what was asked of it, what came, and whether it holds."""

    name: str
    asked: str
    found: str
    holds: bool
    auroc: Estimate | None = None

    @property
    def key(self) -> str:
        """Its name as MLflow takes names."""
        return self.name.replace(",", "").replace(" ", "_")


@dataclass(frozen=True)
class KnownAnswersOptions:
    """Which cohorts and how they are trained; without a verdict where anything is not as it stands here."""

    subjects: int = SUBJECTS
    shuffles: tuple[int, ...] = SHUFFLES
    settings: dict[str, object] = field(default_factory=lambda: dict(SETTINGS))
    device: str = "auto"
    out: Path = field(default_factory=lambda: benchmark_folder("phantom"))

    @property
    def standing(self) -> bool:
        """Whether the stated bounds are meant for this."""
        return (self.subjects, self.shuffles, self.settings) == (SUBJECTS, SHUFFLES, SETTINGS)


@dataclass(frozen=True)
class KnownAnswersResult:
    """The sides, and where the page lies. `passed` is None where no bound is meant for what was asked."""

    trials: tuple[Trial, ...]
    passed: bool | None
    out: Path
    page: Path
    tracking: str = ""

    @property
    def verdict(self) -> str:
        """One line."""
        signal, *shuffled, planted = self.trials
        above = sum(not trial.holds for trial in shuffled)
        said = (
            f"AUROC {signal.found} with a signal (at least {BOUND:g}); of {len(shuffled)} with labels "
            f"exchanged {above} above chance (at most {EXCEPTIONS}); a planted copy {planted.found}"
        )
        return f"{ {True: 'PASS', False: 'FAIL', None: 'NO VERDICT'}[self.passed] }: {said}"

    def to_json(self) -> dict[str, Any]:
        """``passed``, ``verdict`` and the sides."""
        own = {"passed": self.passed, "verdict": self.verdict}
        places = {"out": str(self.out), "page": str(self.page), "tracking": self.tracking}
        return {**own, "trials": [asdict(trial) for trial in self.trials], **places}


def benchmark_phantom(
    *, options: KnownAnswersOptions | None = None, progress: Progress = quiet
) -> KnownAnswersResult:
    """Cross-validate phantoms with a signal and without, plant a leak, and say whether all came as it must.

    Finished folds in ``options.out`` are kept. A verdict is noted for this code, and every cross-validation
    of the same code names it. Raises OutputExistsError where ``out`` holds another trial, and what `cv`
    raises.
    """
    options = options or KnownAnswersOptions()
    _begin(options)
    trials = tuple(_trials(options, progress))
    result = KnownAnswersResult(
        trials, _passed(trials) if options.standing else None, options.out, options.out / PAGE
    )
    rows = [(trial.name, trial.asked, trial.found, "yes" if trial.holds else "NO") for trial in trials]
    durable.write_text(result.page, known_answers_html(result.verdict, result.passed, rows), durable.OPEN)
    text = json.dumps(result.to_json(), indent=1) + "\n"
    durable.write_text(options.out / RESULT, text, durable.OPEN)
    if result.passed is not None:
        note_sanity(NAME, passed=result.passed, verdict=result.verdict)
    tracked = log_benchmark(
        _record(result), experiment=NAME, working=Path.cwd(), command="medidense benchmark phantom"
    )
    return replace(result, tracking=tracked.words)


def _trials(options: KnownAnswersOptions, progress: Progress) -> Iterator[Trial]:
    """Every side, the one with a signal first, the planted copy last."""
    signal = _auroc(options, 0, shuffled=False, progress=progress)
    yield Trial("with a signal", f"AUROC at least {BOUND:g}", signal.text(), _value(signal) >= BOUND, signal)
    for seed in options.shuffles:
        found = _auroc(options, seed, shuffled=True, progress=progress)
        holds = found.low is not None and found.low <= 0.5
        asked = "interval reaches down to 0.5"
        yield Trial(f"labels exchanged, seed {seed}", asked, found.text(), holds, found)
    yield _planted(options, progress)


def _auroc(options: KnownAnswersOptions, seed: int, *, shuffled: bool, progress: Progress) -> Estimate:
    """The pooled AUROC of a cohort of phantoms."""
    folder = options.out / (f"shuffled-{seed}" if shuffled else "signal")
    wanted = PhantomOptions(subjects=options.subjects, seed=seed, shuffle_labels=shuffled)
    cohort = made_once(folder / "phantoms", lambda draft: write_cohort(draft, wanted))
    asked = _asked(options, folder / "run", seed)
    return cv(cohort, options=asked, progress=_named(progress, folder.name)).evaluation.auroc


def _planted(options: KnownAnswersOptions, progress: Progress) -> Trial:
    """A copy of a subject's image under another subject's name: `cv` must refuse the cohort."""
    progress("plant a copy", 0, 1)
    cohort = options.out / "signal" / "phantoms" / "cohort.csv"
    table = _with_copy(cohort)
    try:
        cv(table, options=_asked(options, options.out / "planted" / "run", 0))
        found, holds = "was not noticed", False
    except CohortError as error:
        named = any("images/S99" in line for line in error.lines)
        found, holds = ("was refused", True) if named else (f"met another error: {error.lines[0]}", False)
    progress("plant a copy", 1, 1)
    return Trial("a copy under another subject", "the run is refused", found, holds)


def _with_copy(cohort: Path) -> Path:
    """A table beside `cohort` with a row more: the first NIfTI image, copied, as subject S99."""
    with cohort.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    row = next(row for row in rows if row["mask"])
    copy = {**row, "subject_id": "S99", "image": "images/S99.nii.gz", "mask": "masks/S99.nii.gz"}
    for column in ("image", "mask"):
        with durable.writing(cohort.parent / copy[column]):
            shutil.copyfile(cohort.parent / row[column], cohort.parent / copy[column])
    table = cohort.with_name("planted.csv")
    lines = [tuple(each.values()) for each in (*rows, copy)]
    durable.write_csv(table, tuple(rows[0]), lines, mode=durable.OPEN)
    return table


def _asked(options: KnownAnswersOptions, run: Path, seed: int) -> CvOptions:
    return CvOptions(
        folds=FOLDS,
        seed=seed,
        out=run,
        settings=options.settings,
        device=options.device,
        controls="off",
        tracked=False,
    )


def _named(progress: Progress, name: str) -> Progress:
    """Progress that says which cohort it speaks of."""

    def told(step: str, done: int, total: int | None, note: str = "") -> None:
        progress(f"{name}: {step}", done, total, note)

    return told


def _passed(trials: tuple[Trial, ...]) -> bool:
    signal, *shuffled, planted = trials
    return signal.holds and planted.holds and sum(not trial.holds for trial in shuffled) <= EXCEPTIONS


def _record(result: KnownAnswersResult) -> BenchmarkRecord:
    """What MLflow is told."""
    figures = {
        f"{trial.key}/auroc": _value(trial.auroc) for trial in result.trials if trial.auroc is not None
    }
    held = {
        trial.key: f"{trial.found} ({'holds' if trial.holds else 'does not hold'})" for trial in result.trials
    }
    return BenchmarkRecord(result.out, NAME, result.verdict, result.passed, figures, (), held, (PAGE, RESULT))


def _value(estimate: Estimate) -> float:
    return float("nan") if estimate.value is None else estimate.value


def _begin(options: KnownAnswersOptions) -> None:
    """Mark ``out`` as this trial's. Raises OutputExistsError where something else lies there."""
    mark = options.out / "asked.json"
    asked = {"subjects": options.subjects, "shuffles": options.shuffles, "settings": options.settings}
    text = json.dumps(asked, sort_keys=True) + "\n"
    if mark.is_file() and mark.read_text(encoding="utf-8") == text:
        return
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        rule = "the output exists and holds something else"
        raise OutputExistsError(str(options.out), rule, "", "remove it or choose another --out")
    durable.write_text(mark, text, durable.OPEN)
