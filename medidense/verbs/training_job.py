"""What must be said of one training so that another process can do it? Plain values, for one line of JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medidense.rundir import StateFiles
from medidense.train import Device


@dataclass(frozen=True)
class TrainingJob:
    """A training of the run directory `run`, by `recipe`, from `seed`, told under the name `step`.

    Its training part is that of fold `fold`, or of the inner fold `inner` of it. States lie in the first of
    `state_files` under the second; what comes out goes to the folder `out`.
    """

    run: str
    recipe: Mapping[str, Any]
    seed: int
    device: Mapping[str, Any]
    step: str
    fold: int
    inner: int | None
    state_files: tuple[str, str]
    out: str

    @property
    def on(self) -> Device:
        """Where it trains."""
        return Device(**self.device)

    @property
    def weights(self) -> Path:
        """The trained weights."""
        return Path(self.out) / "weights.safetensors"

    @property
    def epochs(self) -> Path:
        """The epochs, one line each."""
        return Path(self.out) / "epochs.csv"

    @property
    def states(self) -> StateFiles:
        """Where its states lie."""
        folder, name = self.state_files
        return StateFiles(Path(folder), name)
