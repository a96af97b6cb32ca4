import dataclasses

import numpy as np
import pytest
import torch

from medidense.nets import central_planes
from medidense.train import Draw, augment, draw
from medidense.values.training import Augmentation

ALL = Augmentation(crop=3, cutout=4)
OFF = dict.fromkeys(Augmentation.model_fields, 0.0) | {"flip": False}
SINGLE = {name: Augmentation(**{**OFF, name: getattr(ALL, name)}) for name in Augmentation.model_fields}
SETTINGS = {**SINGLE, "all": ALL}
SIZES = [(20, 24), (12, 16, 10)]


def images_of(size, count=4):
    return torch.randn(count, 2, *size, generator=torch.Generator().manual_seed(1))


def drawn(settings, size, seed=0, count=4):
    return draw(settings, count, len(size), torch.Generator().manual_seed(seed))


def still(size, count=1):
    return drawn(Augmentation(**OFF), size, count=count)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_draw_replays_to_the_last_bit(name, size):
    images = images_of(size)
    before, change = images.clone(), drawn(SETTINGS[name], size)
    first = augment(images, change)
    torch.rand(3)
    assert torch.equal(augment(images, change), first)
    assert torch.equal(augment(images, drawn(SETTINGS[name], size)), first)
    assert torch.equal(images, before)
    assert first.shape == images.shape


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SETTINGS)
def test_each_change_changes_and_each_seed_differently(name, size):
    images = images_of(size)
    first = augment(images, drawn(SETTINGS[name], size))
    assert not torch.allclose(first, images, atol=1e-3)
    assert not torch.equal(first, augment(images, drawn(SETTINGS[name], size, seed=1)))


@pytest.mark.parametrize("size", SIZES)
def test_all_off_changes_nothing(size):
    images = images_of(size)
    assert torch.equal(augment(images, still(size, 4)), images)


@pytest.mark.parametrize("name", SINGLE)
def test_switching_one_off_leaves_the_others_as_they_were(name):
    size = SIZES[1]
    without = drawn(ALL.model_copy(update={name: OFF[name]}), size)
    whole = drawn(ALL, size)
    differing = [
        field.name
        for field in dataclasses.fields(Draw)
        if field.name != "cutout_side"
        and not torch.equal(
            torch.as_tensor(getattr(without, field.name)), torch.as_tensor(getattr(whole, field.name))
        )
    ]
    names = {"rotate": "angle", "scale": "zoom", "noise": "spread"}
    assert differing == [names.get(name, name)]


@pytest.mark.parametrize("size", SIZES)
def test_the_global_random_state_is_left_alone(size):
    before = torch.get_rng_state()
    augment(images_of(size), drawn(ALL, size))
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_stay_within_their_bounds():
    change = drawn(ALL, (32, 32, 32), count=2000)
    assert change.flip.float().mean(0).tolist() == pytest.approx([0.5] * 3, abs=0.05)
    assert float(change.angle.abs().max()) == pytest.approx(np.pi, rel=0.01)
    assert float(change.zoom.max()) == pytest.approx(1.12, abs=0.002)
    assert float(change.zoom.min()) == pytest.approx(1 / 1.12, abs=0.002)
    assert float(change.shift.abs().max()) == pytest.approx(2, rel=0.01)
    assert float((change.gain - 1).abs().max()) == pytest.approx(0.1, rel=0.01)
    assert float(change.offset.abs().max()) == pytest.approx(0.08, rel=0.01)
    assert float(change.spread.max()) == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize("size", SIZES)
def test_flip_mirrors_each_axis_of_its_own_crop(size):
    images = images_of(size, count=len(size))
    change = dataclasses.replace(still(size, len(size)), flip=torch.eye(len(size)) > 0)
    result = augment(images, change)
    for axis in range(len(size)):
        torch.testing.assert_close(result[axis], images[axis].flip(axis + 1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(16, 16), (16, 16, 10)])
def test_a_quarter_turn_is_in_the_plane_of_the_first_two_axes(size):
    images = images_of(size, count=1)
    change = dataclasses.replace(still(size), angle=torch.tensor([np.pi / 2], dtype=torch.float32))
    turned = torch.rot90(images, 1, (2, 3))
    torch.testing.assert_close(augment(images, change), turned, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_shift_moves_along_the_axes_by_voxels_and_mirrors_at_the_border(size):
    images = images_of(size, count=1)
    shift = torch.tensor([[2.0, -1.0, 3.0][: len(size)]])
    result = augment(images, dataclasses.replace(still(size), shift=shift))
    padded = np.pad(images.numpy(), [(0, 0), (0, 0), *[(3, 3)] * len(size)], mode="symmetric")
    window = [slice(3 - int(by), 3 - int(by) + side) for by, side in zip(shift[0], size, strict=True)]
    np.testing.assert_allclose(result.numpy(), padded[(..., *window)], rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(48, 32), (32, 48, 40)])
def test_zoom_above_one_enlarges_a_ball_and_keeps_it_round(size):
    axes = torch.meshgrid(*[torch.arange(side) - (side - 1) / 2 for side in size], indexing="ij")
    distance = torch.stack(axes).pow(2).sum(0).sqrt()[None, None]
    zoomed = dataclasses.replace(still(size), zoom=torch.tensor([1.25]), angle=torch.tensor([0.7]))
    result = augment(distance, zoomed)
    inside = distance < 12
    torch.testing.assert_close(result[inside], distance[inside] / 1.25, rtol=0, atol=0.35)


def test_gain_and_offset_change_values_and_noise_has_its_spread():
    size, images = (64, 64), torch.ones(1, 1, 64, 64)
    change = dataclasses.replace(
        still(size), gain=torch.tensor([1.5]), offset=torch.tensor([-0.25]), spread=torch.tensor([0.1])
    )
    result = augment(images, change)
    assert float(result.mean()) == pytest.approx(1.25, abs=0.01)
    assert float(result.std()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in ("crop", "cutout")])
def test_the_planes_are_those_of_the_changed_cube(name):
    cubes = images_of((13, 13, 13))
    settings = SETTINGS[name].model_copy(update={"noise": 0.0, "crop": 0, "cutout": 0})
    change = drawn(settings, (13, 13, 13))
    planes = augment(cubes, change, planes=True)
    assert planes.shape == (4, 2, 3, 13, 13)
    wanted = central_planes(augment(cubes, change))
    torch.testing.assert_close(planes, wanted, rtol=0, atol=1e-4)
    assert torch.equal(augment(cubes, still((13, 13, 13), 4), planes=True), central_planes(cubes))


def test_a_mask_moves_with_the_image_and_keeps_its_values():
    image = torch.sign(images_of((12, 16, 10))[:, :1])
    both = torch.cat([image, image], dim=1)
    values = ALL.model_copy(update={name: OFF[name] for name in ("flip", "rotate", "scale", "shift", "crop")})
    changed = augment(both, drawn(values, (12, 16, 10)), fixed_channels=1)
    assert torch.equal(changed[:, 1], both[:, 1])
    assert not torch.allclose(changed[:, 0], both[:, 0], atol=1e-3)
    moved = augment(both, drawn(SINGLE["rotate"], (12, 16, 10)), fixed_channels=1)
    torch.testing.assert_close(moved[:, 1], moved[:, 0], rtol=0, atol=0)
    assert not torch.allclose(moved[:, 1], both[:, 1], atol=1e-3)


def test_some_rows_become_what_they_become_in_the_whole_batch():
    settings = Augmentation(rotate=20, noise=0.3)
    images = torch.randn(7, 2, 12, 12, generator=torch.Generator().manual_seed(0))
    change = draw(settings, 7, 2, torch.Generator().manual_seed(1))
    rows = torch.tensor([1, 2, 5])
    whole = augment(images, change, fixed_channels=1)
    torch.testing.assert_close(augment(images[rows], change, fixed_channels=1, rows=rows), whole[rows])


@pytest.mark.parametrize("size", SIZES)
def test_flips_along_some_axes_leave_the_others(size):
    flips = drawn(Augmentation(flip=(1,)), size, count=400).flip
    assert flips[:, 1].float().mean() == pytest.approx(0.5, abs=0.1)
    assert not flips[:, [axis for axis in range(len(size)) if axis != 1]].any()
    assert torch.equal(flips[:, 1], drawn(Augmentation(flip=True), size, count=400).flip[:, 1])


def test_crops_begin_up_to_so_many_voxels_earlier_or_later_each_as_often():
    change = drawn(Augmentation(**OFF | {"crop": 2}), (8, 8), count=5000)
    counts = torch.bincount(change.crop.flatten() + 2, minlength=5) / 10000
    assert counts.tolist() == pytest.approx([0.2] * 5, abs=0.02)
    image = torch.randn(1, 1, 8, 8)
    found = augment(image, dataclasses.replace(still((8, 8)), crop=torch.tensor([[2, 0]])))
    assert torch.equal(found[0, 0, :6], image[0, 0, 2:])
    assert not found[0, 0, 6:].any()


def test_cutout_covers_a_box_with_zeros():
    image = torch.ones(3, 2, 16, 16)
    change = dataclasses.replace(still((16, 16), 3), cutout=torch.full((3, 2), 0.5), cutout_side=4)
    found = augment(image, change)
    assert found.sum(dim=(2, 3)).tolist() == [[240.0, 240.0]] * 3
    assert not found[:, :, 6:10, 6:10].any()
