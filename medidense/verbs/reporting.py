"""Where is the page of a run that a reviewer reads?"""

import json
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.pages import report_html, report_numbers
from medidense.rundir import RunDir
from medidense.track import pseudonym, pseudonym_key
from medidense.values import Estimate, Evaluation
from medidense.verbs.evaluating import evaluate
from medidense.verbs.picturing import allow_pictures
from medidense.verbs.prevalence import stated_before
from medidense.verbs.run_contents import run_contents


@dataclass(frozen=True)
class ReportResult:
    """The page, the JSON file of its numbers, and the headline. `withheld` pictures may carry a name."""

    run: Path
    html: Path
    numbers: Path
    auroc: Estimate
    withheld: int

    def to_json(self) -> dict[str, object]:
        """``auroc``, ``auroc_ci95``, and paths as text."""
        return {
            "run": str(self.run),
            "html": str(self.html),
            "numbers": str(self.numbers),
            "auroc": self.auroc.value,
            "auroc_ci95": [self.auroc.low, self.auroc.high],
            "withheld": self.withheld,
        }


def report(run: Path, *, allow_burned_in: bool = False) -> ReportResult:
    """Write ``report.html`` and ``report.json`` into a finished run: all of it on one page.

    The figures are made anew from the out-of-fold scores (`evaluate`), for the prevalence that `evaluate` was
    told last, if it was. The page names subjects and samples by the user's pseudonyms; saliency pictures
    stand on it where the modality carries no burned-in text, or where `allow_burned_in` says that these
    carry none: the run keeps it, for MLflow too. Equal runs give equal bytes. Raises RunError, WriteError,
    UsageError where the user's key is no key.
    """
    folder = RunDir(Path(run))
    folder.require_finished()
    if allow_burned_in:
        allow_pictures(folder)
    return write_report(folder, evaluate(folder.path, prevalence=stated_before(folder)).evaluation)


def write_report(run: RunDir, evaluation: Evaluation) -> ReportResult:
    """The same for figures that were made just now."""
    key = pseudonym_key()
    contents = run_contents(run, evaluation, lambda text: pseudonym(key, text))
    durable.write_text(run.report_path, report_html(contents))
    durable.write_text(run.report_numbers_path, json.dumps(report_numbers(contents), indent=2) + "\n")
    withheld = sum(one.content is None for one in contents.shown)
    return ReportResult(run.path, run.report_path, run.report_numbers_path, evaluation.auroc, withheld)
