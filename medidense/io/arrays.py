"""In whose memory does a reader build its result?"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Allocate = Callable[[tuple[int, ...], np.dtype[Any]], NDArray[Any]]
"""(shape, type) -> an array in Fortran order, whatever its content. A reader asks once; it asks again, for a
wider type, where a value turns out not to fit, and has then let go of the first."""


def in_memory(shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
    """An array of this process's own."""
    return np.empty(shape, dtype=kind, order="F")
