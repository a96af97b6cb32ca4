"""An image as it was read: an array of modality values and where its voxels lie."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Affine = NDArray[np.float64]
Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""First index and the one behind the last, along i, j, k."""


@dataclass(frozen=True)
class Source:
    """Where a volume came from, as far as it may be told: UIDs and modality, never a name or a patient ID."""

    kind: str
    """``dicom``, ``nifti`` or ``picture``."""
    modality: str | None = None
    """DICOM Modality (0008,0060); None where the format does not state it."""
    study_uid: str = ""
    series_uid: str = ""
    frame_uid: str = ""
    """DICOM FrameOfReferenceUID: whose millimetres the affine speaks of; "" if unknown."""
    decoder: str = ""
    """What turned the stored bytes into pixels, with its version where it is no part of pydicom."""
    syntax: str = ""
    """DICOM transfer syntax UID of the files, several joined by ", "."""
    compressed: bool = False
    """The pixels were stored as codestreams, whose damage may go unseen when they are decoded."""
    padding: float | None = None
    """PixelPaddingValue as a modality value: what holds it was never measured. It stays as it is."""


@dataclass(frozen=True, eq=False)
class Volume:
    """One image. `array` is indexed (i, j, k); `affine` takes (i, j, k, 1) to RAS+ millimetres.

    A colour image has a fourth axis of length 3: red, green, blue. A 2D image has one voxel along k. Axes may
    point anywhere; `canonical` turns them to the closest RAS+. Pictures have no patient axes: i runs right, j
    runs down, the affine is diag(-1, -1, 1) times the spacing, and `spacing_known` is False unless a spacing
    was given.

    Raises ValueError when the shapes do not hold (a programming error: readers refuse before).
    """

    array: Array
    affine: Affine
    source: Source
    spacing_known: bool = True
    warnings: tuple[str, ...] = field(default=())
    """``CODE: sentence`` of the closed list in docs/coordinates.md."""

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4) or 0 in self.array.shape or self.channels not in (1, 3):
            raise ValueError(f"a volume has three axes, none empty, or colour, not {self.array.shape}")
        if self.affine.shape != (4, 4) or abs(np.linalg.det(self.affine[:3, :3])) < 1e-12:
            raise ValueError("the affine must be an invertible 4 x 4 matrix")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        i, j, k = self.array.shape[:3]
        return i, j, k

    @property
    def channels(self) -> int:
        """1, or 3 for colour."""
        return 1 if self.array.ndim == 3 else int(self.array.shape[3])

    @property
    def dims(self) -> int:
        """2 for a single slice or a picture, 3 otherwise."""
        return 2 if self.array.shape[2] == 1 else 3

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxel centres along i, j, k (1.0 where the spacing is unknown)."""
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return float(x), float(y), float(z)

    def index_of(self, point_mm: tuple[float, float, float]) -> NDArray[np.float64]:
        """Continuous voxel index (3,) of a point in RAS+ millimetres."""
        return np.linalg.solve(self.affine, np.append(np.asarray(point_mm, dtype=np.float64), 1.0))[:3]

    def point_of(self, index: NDArray[np.float64]) -> tuple[float, float, float]:
        """RAS+ millimetres of a continuous voxel index (3,)."""
        x, y, z = (self.affine @ np.append(np.asarray(index, dtype=np.float64), 1.0))[:3]
        return float(x), float(y), float(z)

    def with_array(self, array: Array, affine: Affine | None = None) -> "Volume":
        """The same volume with another array (and another affine where the grid changed)."""
        return replace(self, array=array, affine=self.affine if affine is None else affine)

    def __repr__(self) -> str:
        """Shape, spacing, orientation, type: what one wants to see of a volume in a notebook."""
        size = " x ".join(str(n) for n in self.shape)
        gaps = " x ".join(f"{s:.3g}" for s in self.spacing_mm) if self.spacing_known else "unknown"
        size += " RGB" if self.channels == 3 else ""
        return f"Volume({size}, {gaps} mm, {axis_codes(self.affine)}, {self.array.dtype}, {self.source.kind})"


def box_affine(affine: Affine, box: Box) -> Affine:
    """The affine of a box cut from the grid of `affine`.

    >>> box_affine(np.diag([2.0, 2.0, 2.0, 1.0]), ((3, 5), (0, 2), (1, 2)))[:3, 3].tolist()
    [6.0, 0.0, 2.0]
    """
    moved = affine.copy()
    moved[:3, 3] = (affine @ np.array([*(first for first, _ in box), 1.0]))[:3]
    return moved


def orientation(affine: Affine) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Which array axis runs closest to x, y, z, and its sign (+1 towards R, A, S).

    Greedy from the largest direction cosine on, so that no axis is taken twice, as nibabel's
    ``io_orientation`` does for well-conditioned affines.

    >>> orientation(np.diag([-1.0, 1.0, 2.0, 1.0]))
    ((0, 1, 2), (-1, 1, 1))
    """
    directions = affine[:3, :3] / np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    left = np.abs(directions)
    axes, signs = [0, 0, 0], [1, 1, 1]
    for _ in range(3):
        world, axis = np.unravel_index(int(np.argmax(left)), left.shape)
        axes[int(world)], signs[int(world)] = int(axis), 1 if directions[world, axis] >= 0 else -1
        left[world, :], left[:, axis] = -1.0, -1.0
    return (axes[0], axes[1], axes[2]), (signs[0], signs[1], signs[2])


def axis_codes(affine: Affine) -> str:
    """Three letters that say where i, j, k run, as in nibabel's ``aff2axcodes``.

    >>> axis_codes(np.diag([-1.0, -1.0, 2.0, 1.0]))
    'LPS'
    """
    axes, signs = orientation(affine)
    letters = {axis: ("LR", "PA", "IS")[world][signs[world] > 0] for world, axis in enumerate(axes)}
    return "".join(letters[axis] for axis in range(3))


def check_box(box: Box, shape: tuple[int, int, int]) -> None:
    """Raise ValueError for a box that is empty or leaves an image of this shape (a programming error)."""
    if not all(0 <= first < last <= side for (first, last), side in zip(box, shape, strict=True)):
        raise ValueError(f"a box of {box} does not lie in an image of {shape}")


def cropped(volume: Volume, box: Box) -> Volume:
    """The part of a volume in `box`, every voxel where it was; a view. Raises ValueError as `check_box`.

    >>> cropped(Volume(np.zeros((4, 4, 4)), np.eye(4), Source("nifti")), ((1, 3), (0, 4), (2, 4))).shape
    (2, 4, 2)
    """
    check_box(box, volume.shape)
    i, j, k = (slice(first, last) for first, last in box)
    return volume.with_array(volume.array[i, j, k], box_affine(volume.affine, box))


def canonical(volume: Volume) -> Volume:
    """The volume with its axes permuted and flipped to the closest RAS+; a view, no value changes."""
    axes, signs = orientation(volume.affine)
    array = np.transpose(volume.array, (*axes, *range(3, volume.array.ndim)))
    affine = volume.affine[:, [*axes, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
    return volume.with_array(array, affine)
