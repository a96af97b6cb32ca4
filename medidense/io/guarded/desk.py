"""What does a task that reads get from whoever runs it? Memory for its result, an ear for its progress."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Desk(Protocol):
    """Where a task works."""

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Memory for a result, in Fortran order."""

    def scratch(self, size: int) -> None:
        """Ask for `size` bytes of private memory beyond the usual."""

    def beat(self) -> None:
        """Say that the work goes on."""


class LocalDesk:
    """The desk of a task that runs in this process."""

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Memory of this process."""
        return np.empty(shape, dtype=dtype, order="F")

    def scratch(self, size: int) -> None:
        """Nothing to ask."""

    def beat(self) -> None:
        """Nobody listens."""
