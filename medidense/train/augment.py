"""How is a training crop changed so that the network cannot learn it by heart?

`draw` draws all random numbers of a batch, `augment` applies them. The same draw on the same images gives the
same result, so whatever the network saw can be made again.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from medidense.nets import central_planes
from medidense.train.patches import shifted, uncovered
from medidense.values.training import Augmentation

PATCHES = 2**31
"""Added to the seed of the noise to draw crops and boxes apart from it."""


@dataclass(frozen=True)
class Draw:
    """The changes of a batch of B crops with D axes, all CPU tensors.

    `flip` bool (B, D), one for each axis; `angle` (B,) in radians in the plane of the first two axes;
    `zoom` (B,), above 1 makes things larger; `shift` (B, D) in voxels; `gain` and `offset` (B,) for
    the values; `spread` (B,), the standard deviation of the noise, whose field is decided by `noise_seed`;
    `crop` int64 (B, D), the whole voxels that a crop begins later; `cutout` (B, D), the centre of the box of
    `cutout_side` voxels that becomes 0, as shares of the sides.
    """

    flip: torch.Tensor
    angle: torch.Tensor
    zoom: torch.Tensor
    shift: torch.Tensor
    gain: torch.Tensor
    offset: torch.Tensor
    spread: torch.Tensor
    noise_seed: int
    crop: torch.Tensor
    cutout: torch.Tensor
    cutout_side: int

    def rows(self, rows: torch.Tensor) -> "Draw":
        """The changes of some of the crops, int64 (count,); the seed stays that of the whole batch."""
        parts: dict[str, Any] = {
            key: value[rows] for key, value in vars(self).items() if isinstance(value, torch.Tensor)
        }
        return replace(self, **parts)


def draw(settings: Augmentation, count: int, dims: int, generator: torch.Generator) -> Draw:
    """Random changes for `count` crops with `dims` axes (2 or 3).

    The same numbers are drawn whatever is switched on, so switching one change off leaves the others as they
    were. All are uniform, the zoom in its logarithm.
    """

    def uniform(*shape: int) -> torch.Tensor:
        return 2 * torch.rand(*shape, generator=generator) - 1

    along = range(dims) if settings.flip is True else settings.flip or ()
    mirrored = torch.tensor([axis in along for axis in range(dims)])
    changes = {
        "flip": (uniform(count, dims) > 0) & mirrored,
        "angle": uniform(count) * math.radians(settings.rotate),
        "zoom": torch.exp(uniform(count) * math.log1p(settings.scale)),
        "shift": uniform(count, dims) * settings.shift,
        "gain": 1 + uniform(count) * settings.gain,
        "offset": uniform(count) * settings.offset,
        "spread": uniform(count).abs() * settings.noise,
    }
    noise_seed = int(torch.randint(2**31, (), generator=generator))
    patches = torch.Generator().manual_seed(noise_seed + PATCHES)
    places = torch.rand(2, count, dims, generator=patches)
    return Draw(
        **changes,
        noise_seed=noise_seed,
        crop=(places[0] * (2 * settings.crop + 1)).long() - settings.crop,
        cutout=places[1] * (settings.cutout > 0),
        cutout_side=settings.cutout,
    )


def augment(
    images: torch.Tensor,
    change: Draw,
    *,
    planes: bool = False,
    fixed_channels: int = 0,
    rows: torch.Tensor | None = None,
) -> torch.Tensor:
    """`images`, float32 (B, C, *size) on any device, with the drawn changes: a new tensor of the same shape.

    Flip, rotation, zoom and shift are one linear resampling about the centre of the crop; what would come
    from outside is mirrored at the border, so that no border shows. In-plane voxels are taken as square. The
    noise is made on the device of the images: a GPU makes other noise from a seed than a CPU. With `planes`
    only the central planes of the changed cubes are made, (B, C, 3, S, S). The values of the last
    `fixed_channels` are no intensities and stay. With `rows`, int64 (B,), the images are only these of the
    batch that was drawn for, and become what they become in the whole batch.
    """
    drawn = len(change.angle)
    change = change if rows is None else change.rows(rows)
    changed = shifted(_resampled(images, change, planes), change.crop)
    values = changed[:, : images.shape[1] - fixed_channels]
    each = (-1, *[1] * (images.ndim - 1))
    place = images.device
    gain, offset, spread = (
        tensor.view(each).to(place, non_blocking=True)
        for tensor in (change.gain, change.offset, change.spread)
    )
    values = values * gain + offset
    if bool((change.spread > 0).any()):
        generator = torch.Generator(place).manual_seed(change.noise_seed)
        noise = torch.randn((drawn, *values.shape[1:]), generator=generator, device=place)
        values = values + (noise if rows is None else noise[rows.to(place)]) * spread
    if change.cutout_side:
        centres = change.cutout.to(place, non_blocking=True)
        values = values * uncovered(centres, change.cutout_side, values.shape[2:])[:, None]
    return torch.cat([values, changed[:, values.shape[1] :]], dim=1) if fixed_channels else values


def _resampled(images: torch.Tensor, change: Draw, planes: bool) -> torch.Tensor:
    theta = _affine(change, images.shape[2:])
    identity = torch.eye(*theta.shape[1:]).expand_as(theta)
    if torch.equal(theta, identity):
        return central_planes(images) if planes else images
    theta = theta.to(images.device, non_blocking=True)
    if planes:
        grid = _plane_grid(theta, images.shape[-1])
    else:
        grid = torch.nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def _plane_grid(theta: torch.Tensor, side: int) -> torch.Tensor:
    """Where the voxels of the three central planes of the changed cubes come from: (B, 3, S, S, 3)."""
    along = (torch.arange(side, device=theta.device, dtype=theta.dtype) * 2 + 1) / side - 1
    places = torch.stack(torch.meshgrid(along, along, along, indexing="ij"), dim=0)
    at = central_planes(places[None])[0].permute(1, 2, 3, 0)  # (3, S, S, axis), axes in the tensor's order
    grid: torch.Tensor = torch.einsum("pxya,bca->bpxyc", at.flip(-1), theta[:, :, :3])
    return grid + theta[:, None, None, None, :, 3]


def _affine(change: Draw, size: torch.Size) -> torch.Tensor:
    """For each crop the (D, D + 1) matrix that says where in the image a place of the result comes from.

    It is made in voxels about the centre and turned to torch's units, in which an axis runs from -1 to 1 and
    the last axis comes first.
    """
    count, dims = change.flip.shape
    matrix = torch.eye(dims).repeat(count, 1, 1)
    cosine, sine = torch.cos(change.angle), torch.sin(change.angle)
    matrix[:, 0, 0], matrix[:, 0, 1] = cosine, sine
    matrix[:, 1, 0], matrix[:, 1, 1] = -sine, cosine
    sign = torch.where(change.flip, -1.0, 1.0)
    matrix = matrix * sign[:, None, :] / change.zoom[:, None, None]
    half = torch.tensor([side / 2 for side in size])
    linear = matrix * half[None, None, :] / half[None, :, None]
    offset = -change.shift / half
    return torch.cat([linear.flip(1, 2), offset.flip(1)[:, :, None]], dim=2)
