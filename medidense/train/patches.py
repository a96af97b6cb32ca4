"""How is a crop shifted by whole voxels, and which part of it is covered?"""

import torch
from torch.nn.functional import pad


def shifted(images: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """`images` (B, C, *size), each read from `by` voxels later on, int64 (B, D) on the CPU; 0 from outside.

    No value is interpolated. With no shift at all the images themselves come back.
    """
    reach = int(by.abs().max())
    if reach == 0:
        return images
    size = images.shape[2:]
    wide = pad(images, [reach, reach] * len(size))
    place = images.device
    by, index = by.to(place, non_blocking=True), torch.zeros(1, dtype=torch.int64, device=place)
    for axis, side in enumerate(size):
        along = torch.arange(side, device=place) + reach + by[:, axis, None]
        index = index[..., None] * wide.shape[2 + axis] + along.view(-1, *[1] * axis, side)
    flat = index.flatten(1)[:, None]
    return wide.flatten(2).gather(2, flat.expand(-1, images.shape[1], -1)).view(images.shape)


def uncovered(centres: torch.Tensor, side: int, size: torch.Size) -> torch.Tensor:
    """Bool (B, *size): False in a box of `side` voxels, cut off at the border (DeVries and Taylor, arXiv
    1708.04552). `centres` (B, D) are shares of the sides."""
    covered = torch.ones(1, dtype=torch.bool, device=centres.device)
    for axis, length in enumerate(size):
        begin = (centres[:, axis] * length).long()[:, None] - side // 2
        along = torch.arange(length, device=centres.device)
        inside = (along >= begin) & (along < begin + side)
        covered = covered[..., None] & inside.view(-1, *[1] * axis, length)
    return ~covered
