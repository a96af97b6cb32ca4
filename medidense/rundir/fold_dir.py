"""Where does each file of one fold lie, and is the fold finished?"""

import json
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.rundir.covariates import covariate_files
from medidense.rundir.journal import Journal
from medidense.rundir.states import StateFiles
from medidense.rundir.tables import read_epochs
from medidense.values import EpochRecord


@dataclass(frozen=True)
class FoldDir:
    """``folds/K``: weights, the test part's predictions, the epochs, and fold.json once all are there."""

    path: Path

    @property
    def weights(self) -> Path:
        """The weights that score, safetensors."""
        return self.path / "weights.safetensors"

    @property
    def predictions_path(self) -> Path:
        """Scores of the fold's test part."""
        return self.path / "predictions.csv"

    @property
    def scratch_path(self) -> Path:
        """The same scores of a network that started from random weights, where the recipe compares."""
        return self.path / "predictions_scratch.csv"

    @property
    def epochs_path(self) -> Path:
        """One line an epoch."""
        return self.path / "epochs.csv"

    @property
    def journal(self) -> Journal:
        """What has happened in the fold so far, also while it is trained."""
        return Journal(self.path / "journal.jsonl")

    @property
    def choices_path(self) -> Path:
        """Of a nested split: each candidate's inner figure, and which was chosen."""
        return self.path / "choices.csv"

    def inner_path(self, candidate: int, fold: int) -> Path:
        """Of a nested split: scores of one inner fold's test part under one candidate."""
        return self.path / "inner" / f"{candidate}-{fold}.csv"

    def features_path(self, part: str) -> Path:
        """While controls are made: what the fold's network makes of its samples, ``whole`` or ``hidden``."""
        return self.path / f"control_{part}.safetensors"

    def remove_features(self) -> None:
        """Nothing is left of them. Raises WriteError."""
        with durable.writing(self.path):
            for path in self.path.glob("control_*.safetensors"):
                path.unlink(missing_ok=True)

    def control_path(self, name: str) -> Path:
        """Scores of the fold's test part by a network that was trained for a control."""
        return self.path / f"control_{name.replace(' ', '_')}.csv"

    def control_states(self, name: str) -> StateFiles:
        """The state of that training while it is not finished."""
        return StateFiles(self.path, f"state-control-{name.split()[0]}")

    @property
    def states(self) -> StateFiles:
        """The state of the fold's training while it is not finished."""
        return StateFiles(self.path)

    @property
    def scratch_states(self) -> StateFiles:
        """The same of the training from random weights that the recipe compares with."""
        return StateFiles(self.path, "state-scratch")

    @property
    def scratch_is_kept(self) -> bool:
        """True where a fold that was never finished has these scores already."""
        return self.scratch_path.is_file() and not (self.path / "fold.json").is_file()

    def inner_states(self, candidate: int, fold: int) -> StateFiles:
        """Of a nested split: the same for one inner training."""
        return StateFiles(self.path / "inner", f"state-{candidate}-{fold}")

    def epochs(self) -> tuple[EpochRecord, ...]:
        """The epochs. Raises RunError."""
        return read_epochs(self.epochs_path)

    @property
    def done(self) -> bool:
        """True when the fold was finished and its files are those that were written."""
        try:
            sums = json.loads((self.path / "fold.json").read_text())["files"]
            return all(durable.sha256_file(self.path / name) == digest for name, digest in sums.items())
        except (OSError, ValueError, KeyError):
            return False

    def finish(self) -> None:
        """Write fold.json, the last file of a fold, with the sums of the others."""
        files = [self.weights, self.predictions_path, self.epochs_path]
        files += filter(Path.is_file, (self.choices_path, self.scratch_path, *covariate_files(self.path)))
        sums = {path.name: durable.sha256_file(path) for path in files}
        durable.write_text(self.path / "fold.json", json.dumps({"files": sums}, indent=2) + "\n")
