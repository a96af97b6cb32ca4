import pytest
import torch

from medidense.train.patches import shifted, uncovered


def test_a_shift_reads_later_voxels_and_zeros_from_outside():
    images = torch.arange(1.0, 13.0).view(1, 1, 3, 4)
    found = shifted(images, torch.tensor([[1, -2]]))
    wanted = torch.tensor([[0.0, 0, 5, 6], [0, 0, 9, 10], [0, 0, 0, 0]])
    assert torch.equal(found[0, 0], wanted)


@pytest.mark.parametrize("size", [(7, 5), (6, 5, 4)])
def test_each_image_has_its_own_shift_and_its_channels_share_it(size):
    images = torch.randn(3, 2, *size, generator=torch.Generator().manual_seed(0))
    by = torch.tensor([[0] * len(size), [2] + [-1] * (len(size) - 1), [-3] + [1] * (len(size) - 1)])
    found = shifted(images, by)
    assert torch.equal(found[0], images[0])
    for row in (1, 2):
        wanted = images[row].roll([-int(b) for b in by[row]], dims=list(range(1, len(size) + 1)))
        inside = tuple(
            slice(max(0, -int(b)), side - max(0, int(b))) for b, side in zip(by[row], size, strict=True)
        )
        assert torch.equal(found[row][(slice(None), *inside)], wanted[(slice(None), *inside)])
        assert float(found[row].abs().sum()) == pytest.approx(
            float(found[row][(slice(None), *inside)].abs().sum())
        )


def test_without_a_shift_the_images_come_back():
    images = torch.randn(2, 1, 4, 4)
    assert shifted(images, torch.zeros(2, 2, dtype=torch.int64)) is images


@pytest.mark.parametrize(("centre", "covered"), [((0.5, 0.5), 16), ((0.0, 0.0), 4), ((0.99, 0.5), 12)])
def test_a_box_covers_its_side_and_is_cut_off_at_the_border(centre, covered):
    seen = uncovered(torch.tensor([centre]), 4, torch.Size((10, 10)))
    assert seen.shape == (1, 10, 10)
    assert int((~seen).sum()) == covered


def test_a_box_lies_about_its_centre():
    seen = uncovered(torch.tensor([[0.5, 0.25]]), 2, torch.Size((8, 8)))
    assert torch.nonzero(~seen[0]).tolist() == [[3, 1], [3, 2], [4, 1], [4, 2]]
