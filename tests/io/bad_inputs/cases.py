"""How is one bad input written down, and what can be asked of a volume that was read all the same?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medidense.values import ReadOptions, Volume
from tests.io.bad_inputs import truth

Builder = Callable[[Path], Path]
"""Makes the input below an empty folder and gives its path."""
Check = Callable[[Volume], None]


@dataclass(frozen=True)
class Case:
    """One input and how it ends: refused with one of `codes`, or read (no codes) so that `holds` is content.

    Every entry of `words` must stand in what the refusal says beyond its code's rule and the input's path, an
    entry ``a|b`` as one of the two; none of `secrets` may. A volume bears `warning`, and none where it is "".
    """

    build: Builder
    name: str = ""
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    warning: str = ""
    options: ReadOptions | None = None
    series_uid: str = ""
    holds: Check | None = None
    megabytes: int = 0
    """Where above 0: the most memory that reading may ask for."""


@dataclass(frozen=True)
class Row:
    """One row of the contract. A row that is `apart` is not only about reading and has tests of its own."""

    number: int
    title: str
    cases: tuple[Case, ...]
    apart: bool = False


def row(number: int, title: str, *cases: Case, apart: bool = False) -> Row:
    """A row of these cases."""
    return Row(number, title, cases, apart)


def of(make: Callable[..., Path], *arguments: object, **named: object) -> Builder:
    """A builder that passes more than the folder."""
    return lambda folder: make(folder, *arguments, **named)


def refuse(
    codes: str, build: Builder, *words: str, name: str = "", megabytes: int = 0, secrets: tuple[str, ...] = ()
) -> Case:
    """A case that is refused with one of these codes."""
    return Case(build, name, tuple(codes.split()), words, secrets, megabytes=megabytes)


def read(build: Builder, holds: Check, *, name: str = "", warning: str = "", megabytes: int = 0) -> Case:
    """A case that is read."""
    return Case(build, name, holds=holds, warning=warning, megabytes=megabytes)


def let(build: Builder, holds: Check, warning: str = "", **options: object) -> Case:
    """A case that is read because the user says so."""
    return Case(build, "with option", holds=holds, warning=warning, options=ReadOptions(**options))


def holding(
    values: NDArray[np.generic] = truth.VALUES,
    affine: NDArray[np.float64] = truth.AFFINE,
    off_mm: float = 1e-3,
) -> Check:
    """A check that a volume has these values (i, j, k) and lies where this affine says, to `off_mm`."""

    def check(volume: Volume) -> None:
        np.testing.assert_array_equal(volume.array, values)
        corners = np.array([[0, 0, 0, 1], [*np.array(volume.shape) - 1, 1]]).T
        np.testing.assert_allclose(volume.affine @ corners, affine @ corners, atol=off_mm)

    return check


def picture(values: NDArray[np.generic], off: float = 0.0) -> Check:
    """A check that a picture has these values (rows, columns[, channels]), to `off`."""

    def check(volume: Volume) -> None:
        found = volume.array[:, :, 0].swapaxes(0, 1)
        assert found.shape == values.shape
        np.testing.assert_allclose(found.astype(np.float64), values.astype(np.float64), atol=off)

    return check


def values_alone(volume: Volume) -> None:
    """The check that the values are there, wherever they lie."""
    np.testing.assert_array_equal(volume.array, truth.VALUES)


def coloured(volume: Volume) -> None:
    """The check that three channels were read."""
    assert volume.channels == 3


def straightened(volume: Volume) -> None:
    """The check that a tilted stack was laid on a straight grid, all slices and more kept."""
    axes = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    assert volume.shape[2] >= truth.SLICES


WHOLE = holding()
"""The check for the CT as it is."""
FIRST = holding(truth.VALUES[:, :, :1])
"""The check for its lowest slice."""
