"""What of one fold goes to MLflow, while it is trained and once it is finished?"""

import math
from dataclasses import dataclass

from medidense.rundir import Happened, RunDir, read_predictions
from medidense.stats import auroc
from medidense.track import names
from medidense.values import EpochRecord

Number = tuple[str, float, int, int]
"""Metric name, value, timestamp in ms, step."""

DIGITS = 4


@dataclass(frozen=True)
class FoldContents:
    """Views of one fold of a run. Every timestamp is one that was recorded, so that a replay adds nothing."""

    run: RunDir
    index: int

    @property
    def name(self) -> str:
        """The child run's name."""
        return f"fold-{self.index}"

    def happened(self) -> Happened:
        """What its journal says."""
        return self.run.fold(self.index).journal.read()

    @property
    def begun(self) -> int | None:
        """When its training began, in ms since 1970, None where it did not."""
        begun = self.happened().begun
        if begun is not None:
            return round(1000 * begun)
        return self.times()[0] if self.run.fold(self.index).done else None

    def times(self) -> tuple[int, int]:
        """When the finished fold's training began and ended, in ms since 1970."""
        fold = self.run.fold(self.index)
        end, begun = fold.weights.stat().st_mtime, self.happened().begun
        begin = end - sum(record.seconds for record in fold.epochs()) if begun is None else begun
        return round(1000 * begin), round(1000 * end)

    def figures(self) -> dict[str, float]:
        """The finished fold's own test figures."""
        part = read_predictions(self.run.fold(self.index).predictions_path, self.run.positive, self.run.kind)
        area = auroc(part.label, part.scores, part.positive_index)
        found: dict[str, float] = {
            names.FOLD_PATIENTS: len(set(part.subjects)),
            names.FOLD_LESIONS: len(part.samples),
        }
        return found if area is None else found | {names.FOLD_AUROC: round(area, DIGITS)}

    def epochs(self) -> tuple[tuple[EpochRecord, float], ...]:
        """Each epoch that is done and the time at which it ended, in seconds since 1970.

        A fold that was trained before there were journals ends with its weights, and its epochs lie before.
        """
        told = self.happened().epochs
        fold = self.run.fold(self.index)
        if not (fold.epochs_path.is_file() and fold.weights.is_file()):
            return told
        known = {record.epoch: (record, moment) for record, moment in told}
        clock, found = self.times()[0] / 1000, []
        for record in fold.epochs():
            clock += record.seconds
            record, clock = known.get(record.epoch, (record, clock))
            found.append((record, clock))
        return tuple(found)


def numbers(record: EpochRecord, moment: float) -> list[Number]:
    """An epoch's metrics; infinite ones are left out, MLflow would make a huge number of them."""
    found = {
        names.LOSS: record.loss,
        names.LEARNING_RATE: record.learning_rate,
        names.EPOCH_SECONDS: round(record.seconds, 3),
        names.VALIDATION_LOSS: record.validation_loss,
    }
    return [
        (key, value, round(1000 * moment), record.epoch)
        for key, value in found.items()
        if value is not None and not math.isinf(value)
    ]
