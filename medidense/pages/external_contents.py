"""What does the page of a package on another cohort show?"""

from dataclasses import dataclass, replace

from medidense.pages.contents import Flow, Ran, RunContents, Size
from medidense.values import Manifest, Predictions, Recipe, calibrate
from medidense.values.external import ExternalEvaluation


@dataclass(frozen=True, eq=False)
class ExternalContents:
    """Everything that the page shows. All names of subjects and samples in it are pseudonyms already."""

    external: ExternalEvaluation
    predictions: Predictions
    manifest: Manifest
    recipe: Recipe
    cohort_name: str
    command: str

    @property
    def calibrated(self) -> Predictions | None:
        """The scores calibrated as the package does it; None where it does not."""
        if self.manifest.calibration is None:
            return None
        found = self.predictions
        scores = calibrate(self.manifest.calibration, found.scores, found.positive_index)
        return replace(found, scores=scores)

    @property
    def as_run(self) -> RunContents:
        """The parts that a run's page has too, for the sections that say the same of both."""
        turnout, evaluation = self.external.turnout, self.external.evaluation
        tested = Size(turnout.scored, turnout.scored_subjects)
        flow = Flow(Size(turnout.rows, turnout.subjects), turnout.unlabelled, tested, ())
        ran = Ran(self.cohort_name, evaluation.cohort_digest, self.command, {})
        return RunContents(evaluation, self.predictions, self.recipe, ran, flow)
