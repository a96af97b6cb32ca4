"""What is kept of a training that is not finished?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training as it was at the end of an epoch: all that decides how it goes on.

    `tensors` are row-major arrays by name (weights, average, optimiser, random states); nobody else changes
    them. `facts` is what JSON can say (records of the epochs, schedule, early stopping, and whose state it
    is), so that a state fits into a safetensors and a JSON file.
    """

    tensors: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]

    @property
    def epoch(self) -> int:
        """The number of epochs that are done."""
        return len(self.facts["records"])

    def part(self, name: str) -> dict[str, NDArray[Any]]:
        """The tensors whose names begin with `name` and a dot, without it.

        >>> import numpy as np
        >>> TrainingState({"a.x.y": np.zeros(2), "ab.z": np.zeros(1)}, {}).part("a")
        {'x.y': array([0., 0.])}
        """
        return {
            key.removeprefix(f"{name}."): array
            for key, array in self.tensors.items()
            if key.startswith(f"{name}.")
        }
