"""Where does the state of a training that is not finished lie, so that a kill at any instant leaves one?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.numpy
from safetensors import SafetensorError

from medidense import durable
from medidense.values import TrainingState

GENERATIONS = (0, 1)
"""Two states are kept: while one is written the other is whole."""


class StateFiles:
    """``state-0`` and ``state-1`` in a folder, each a safetensors file and a JSON file with the digests.

    The safetensors file is written first: until its JSON file follows, the digests do not hold and the other
    state counts. One process at a time may use them.
    """

    def __init__(self, folder: Path, name: str = "state") -> None:
        self._folder, self._name = folder, name
        self.place = (str(folder.absolute()), name)
        """Folder and name, with which another process finds the same files."""
        self._next: int | None = None

    def path(self, generation: int) -> Path:
        """The safetensors file of a generation; the JSON file has the same name with another suffix."""
        return self._folder / f"{self._name}-{generation}.safetensors"

    def newest(self) -> tuple[TrainingState | None, tuple[str, ...]]:
        """The state with the most epochs whose digests hold, if any, and the names of those that do not."""
        found: dict[int, TrainingState] = {}
        damaged = []
        for generation in GENERATIONS:
            path = self.path(generation)
            if path.exists() or path.with_suffix(".json").exists():
                state = _read(path)
                if state is None:
                    damaged.append(path.name)
                else:
                    found[generation] = state
        best = max(found, key=lambda generation: found[generation].epoch, default=None)
        self._next = GENERATIONS[0] if best is None else 1 - best
        return (None if best is None else found[best]), tuple(damaged)

    def write(self, state: TrainingState) -> Path:
        """Keep a state in place of the older one. Raises WriteError."""
        if self._next is None:
            self.newest()
        generation = self._next or 0
        content = safetensors.numpy.save(dict(state.tensors))
        digests = {"tensors": durable.sha256_bytes(content), "facts": _digest(state.facts)}
        path = self.path(generation)
        durable.write_bytes(path, content)
        about = {"epoch": state.epoch, "sha256": digests, "facts": state.facts}
        durable.write_text(path.with_suffix(".json"), json.dumps(about, indent=1) + "\n")
        self._next = 1 - generation
        return path

    def remove(self) -> None:
        """Nothing is left of the states. Raises WriteError."""
        with durable.writing(self._folder):
            for generation in GENERATIONS:
                for suffix in (".json", ".safetensors"):
                    self.path(generation).with_suffix(suffix).unlink(missing_ok=True)


def _read(path: Path) -> TrainingState | None:
    """The state; None where a file is missing, cannot be read, or is not what was written."""
    try:
        content, about = path.read_bytes(), json.loads(path.with_suffix(".json").read_bytes())
        digests = {"tensors": durable.sha256_bytes(content), "facts": _digest(about["facts"])}
        if about["sha256"] != digests:
            return None
        return TrainingState(safetensors.numpy.load(content), about["facts"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def _digest(facts: Mapping[str, Any]) -> str:
    return durable.sha256_bytes(json.dumps(facts, sort_keys=True).encode())
