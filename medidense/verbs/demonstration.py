"""The whole chain on phantoms with known answers: does it work here, and does it tell the truth?"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.errors import OutputExistsError
from medidense.phantoms import PhantomOptions, write_cohort, write_fresh
from medidense.values import Estimate
from medidense.verbs.checking import check
from medidense.verbs.cross_validation import cv
from medidense.verbs.explaining import explain
from medidense.verbs.exporting import export
from medidense.verbs.made_once import made_once
from medidense.verbs.options import CvOptions
from medidense.verbs.planning import plan
from medidense.verbs.progress import Progress, quiet
from medidense.verbs.scanning import scan
from medidense.verbs.scoring import score
from medidense.verbs.verifying import verify

SUBJECTS = 36
FOLDS = 3
EPOCHS = 20
"""Fewer than planned: the phantoms are easy, and the demo should end within four minutes on two cores."""

FRESH = 4
"""Fresh series that are scored at the end."""


@dataclass(frozen=True)
class DemoResult:
    """The figure, and where everything lies. Paths are below `out`."""

    out: Path
    auroc: Estimate
    shuffled: bool
    seconds: float
    cohort: Path
    run: Path
    package: Path
    scores: Path
    scored: int
    saliency: Path
    tracking: str
    next_commands: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """``auroc``, ``auroc_ci95``, and paths as text."""
        places = ("out", "cohort", "run", "package", "scores", "saliency")
        return {
            "auroc": self.auroc.value,
            "auroc_ci95": [self.auroc.low, self.auroc.high],
            "shuffled": self.shuffled,
            "seconds": round(self.seconds, 1),
            "scored": self.scored,
            **{name: str(getattr(self, name)) for name in places},
            "tracking": self.tracking,
            "next_commands": list(self.next_commands),
        }


def demo(
    *, out: Path | None = None, seed: int = 0, shuffle_labels: bool = False, progress: Progress = quiet
) -> DemoResult:
    """Make a cohort of CT phantoms and run every verb on it, as a user would.

    `shuffle_labels` exchanges labels between subjects, so that there is nothing to learn: the interval must
    then reach 0.5. `out` is by default ``demo``, or ``demo-shuffled``; what a demo of the same seed began
    there goes on. Raises OutputExistsError when something else lies there, and what the verbs raise.
    """
    begun = time.monotonic()
    out = Path(out or ("demo-shuffled" if shuffle_labels else "demo"))
    _begin(out, {"seed": seed, "shuffle_labels": shuffle_labels})
    progress("make phantoms", 0, 1)
    options = PhantomOptions(subjects=SUBJECTS, seed=seed, shuffle_labels=shuffle_labels)
    cohort = made_once(out / "phantoms", lambda draft: write_cohort(draft, options))
    lesions = made_once(out / "fresh", lambda draft: write_fresh(draft, count=FRESH, seed=seed + 1)[1])
    fresh = out / "fresh"
    progress("make phantoms", 1, 1)
    scan([out / "phantoms"], out=out / "catalogue.csv", progress=progress)
    check(cohort, progress=progress)
    recipe = plan(cohort, out=out / "recipe.yaml", overwrite=True, progress=progress).out
    trained = cv(
        cohort,
        recipe=recipe,
        options=CvOptions(folds=FOLDS, seed=seed, out=out / "run", settings={"training.epochs": EPOCHS}),
        progress=progress,
    )
    package = export(trained.run, out=out / "package", name="phantom-nodules", overwrite=True).package
    verify(package)
    explain(package, [fresh], lesions=lesions, out=out / "saliency", overwrite=True, progress=progress)
    scored = score(package, [fresh], lesions=lesions, out=out / "scores", progress=progress)
    return DemoResult(
        out=out,
        auroc=trained.evaluation.auroc,
        shuffled=shuffle_labels,
        seconds=time.monotonic() - begun,
        cohort=cohort,
        run=trained.run,
        package=package,
        scores=scored.csv,
        scored=scored.scored,
        saliency=out / "saliency",
        tracking=trained.tracking,
        next_commands=(
            "medidense ui",
            f"medidense explain {trained.run} {out / 'phantoms'} --out {out / 'explained'}",
            f"medidense score {package} {fresh} --lesions {lesions} --out {out / 'scores-again'}",
        ),
    )


def _begin(out: Path, asked: dict[str, object]) -> None:
    """Mark `out` as this demo's. Raises OutputExistsError where something else lies there."""
    mark = out / "demo.json"
    text = json.dumps(asked) + "\n"
    if mark.is_file() and mark.read_text(encoding="utf-8") == text:
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputExistsError(str(out), "the output exists", "", "remove it or choose another --out")
    durable.write_text(mark, text)
