"""Does Grad-CAM show what a network whose answer is known by hand looks at, and leave the network alone?"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from medidense.errors import UsageError
from medidense.nets import build, cam_layer, with_head
from medidense.saliency import grad_cam


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class BlobFinder(nn.Module):
    """Two maps, bright and dark 4-voxel cells; class 1 wants bright ones, 0 dark ones, 2 dislikes both."""

    def __init__(self, dims: int, inplace: bool = True) -> None:
        super().__init__()
        conv = nn.Conv2d if dims == 2 else nn.Conv3d
        self.cells = conv(1, 2, kernel_size=4, stride=4, bias=False)
        self.act = nn.ReLU(inplace=inplace)
        self.head = nn.Linear(2, 3, bias=False)
        with torch.no_grad():
            self.cells.weight[0] = 1.0 / 4**dims
            self.cells.weight[1] = -1.0 / 4**dims
            self.head.weight[:] = torch.tensor([[0.0, 2.0], [1.0, 0.0], [-1.0, -1.0]])

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.act(self.cells(x)).flatten(2).mean(2))
        return logits


def scene(dims: int) -> NDArray[np.float32]:
    """A bright blob in the cell (3, 1[, 1]) and a dark one in the cell (0, 2[, 2]) of 16 voxels a side."""
    array = np.zeros((1, *(16,) * dims), dtype=np.float32)
    array[(0, slice(12, 16), *(slice(4, 8),) * (dims - 1))] = 8.0
    array[(0, slice(0, 4), *(slice(8, 12),) * (dims - 1))] = -8.0
    return array


def peak(values: NDArray[np.float32]) -> tuple[float, ...]:
    """Centre of mass of the values at least 90 % of the highest, in voxels."""
    return tuple(np.argwhere(values >= 0.9 * values.max()).mean(axis=0))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("layer", ["cells", "act"])
def test_each_class_is_explained_by_its_own_blob(dims: int, layer: str) -> None:
    net, array = BlobFinder(dims), scene(dims)
    bright, dark = grad_cam(net, layer, array, 1), grad_cam(net, layer, array, 0)
    assert bright.shape == array.shape[1:]
    assert bright.dtype == np.float32
    expected = {1: (13.5, *(5.5,) * (dims - 1)), 0: (1.5, *(9.5,) * (dims - 1))}
    # The first blob touches the border, where half a cell repeats the border's value.
    assert peak(bright) == pytest.approx(expected[1], abs=1.01)
    assert peak(dark) == pytest.approx(expected[0], abs=1.01)
    assert bright[(0, *(9,) * (dims - 1))] == 0


def test_the_value_is_the_evidence_of_the_cell_and_is_not_rescaled() -> None:
    net, array = BlobFinder(2), scene(2)
    # Each of 16 cells has a gradient of 1/16 of the head's weight, and the cell holds 8. The voxel nearest to
    # the cell's centre is an eighth of a cell away from it, towards a cell that holds nothing.
    assert grad_cam(net, "act", array, 1).max() == pytest.approx(8 / 16 * 7 / 8, rel=1e-6)
    assert grad_cam(net, "act", array, 0).max() == pytest.approx(2 * 8 / 16 * 7 / 8, rel=1e-6)
    assert grad_cam(net, "act", array * 3, 1).max() == pytest.approx(3 * 8 / 16 * 7 / 8, rel=1e-6)


def test_cells_are_centred_on_the_voxels_they_cover() -> None:
    array = np.zeros((1, 16, 16), dtype=np.float32)
    array[0, 4:8, 8:12] = 1.0
    found = grad_cam(BlobFinder(2), "act", array, 1).astype(np.float64)
    centre = [(found.sum(axis=1 - axis) * np.arange(16)).sum() / found.sum() for axis in (0, 1)]
    assert centre == pytest.approx([5.5, 9.5], abs=1e-5)


def test_negative_evidence_is_an_empty_map() -> None:
    found = grad_cam(BlobFinder(2), "act", scene(2), 2)
    assert not found.any()
    assert found.min() == 0


def test_inplace_activations_do_not_change_what_was_caught() -> None:
    array = scene(3)
    for class_index in range(3):
        kept = grad_cam(BlobFinder(3, inplace=False), "cells", array, class_index)
        assert np.array_equal(grad_cam(BlobFinder(3, inplace=True), "cells", array, class_index), kept)


def hooks(net: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._backward_hooks) for m in net.modules())


@pytest.mark.parametrize("frozen", [False, True])
def test_the_network_is_left_as_it_was(frozen: bool) -> None:
    net = build("densenet121", dims=2, channels=1, classes=3, dropout=0.3, seed=0).train()
    net.features.denseblock1.eval()
    for parameter in net.parameters():
        parameter.requires_grad_(not frozen)
        parameter.grad = None if frozen else torch.ones_like(parameter)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    inplace = [module.inplace for module in net.modules() if isinstance(module, nn.ReLU)]
    array = np.random.default_rng(0).normal(size=(1, 64, 64)).astype(np.float32)
    layer = cam_layer("densenet121", net, (1, 64, 64))
    first = grad_cam(net, layer, array, 1)
    assert np.array_equal(first, grad_cam(net, layer, array, 1)), "dropout was active"
    assert modes == [module.training for module in net.modules()]
    assert inplace == [module.inplace for module in net.modules() if isinstance(module, nn.ReLU)]
    assert hooks(net) == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    for parameter in net.parameters():
        assert parameter.requires_grad is not frozen
        assert (parameter.grad is None) if frozen else bool((parameter.grad == 1).all())


def test_hooks_and_modes_are_put_back_after_an_error() -> None:
    net = BlobFinder(2).train()
    with pytest.raises(UsageError, match="3 classes"):
        grad_cam(net, "act", scene(2), 3)
    with pytest.raises(UsageError, match="no such layer"):
        grad_cam(net, "actor", scene(2), 0)
    assert hooks(net) == 0
    assert net.training


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_works_where_the_caller_has_switched_gradients_off(context: type) -> None:
    net, array = BlobFinder(2), scene(2)
    expected = grad_cam(net, "act", array, 1)
    with context():
        assert np.array_equal(grad_cam(net, "act", array, 1), expected)


def test_the_map_depends_on_the_weights() -> None:
    array = np.random.default_rng(1).normal(size=(1, 32, 32, 32)).astype(np.float32)
    nets = [build("densenet121", dims=3, channels=1, classes=2, dropout=0.0, seed=seed) for seed in (0, 1)]
    first, second = (grad_cam(net, cam_layer("densenet121", net, (1, 32, 32, 32)), array, 1) for net in nets)
    assert first.max() > 0
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0.9


def test_agrees_with_the_gradient_of_the_logit_on_monai_densenet() -> None:
    """The same figure by the plain way: run the part behind the layer alone and call backward on it."""
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=3).eval()
    array = np.random.default_rng(2).normal(size=(1, 64, 64)).astype(np.float32)
    layer = net.get_submodule("features.denseblock3")
    seen: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _m, _i, out: seen.append(out.clone()))
    with torch.no_grad():
        net(torch.from_numpy(array)[None])
    handle.remove()
    maps = seen[0]
    rest = nn.Sequential(
        net.features.transition3, net.features.denseblock4, net.features.norm5, net.class_layers
    )
    leaf = maps.clone().requires_grad_(True)
    rest(leaf)[0, 1].backward()
    weights = leaf.grad.mean(dim=(0, 2, 3))
    coarse = torch.relu((weights[:, None, None] * maps[0]).sum(0))
    found = grad_cam(net, "features.denseblock3", array, 1)
    assert coarse.shape == (4, 4)
    # Linear interpolation by 16 passes through (7.5, 23.5, ...) = the mean of the two middle voxels.
    middle = (found[7::16, 7::16] + found[8::16, 8::16]) / 2
    assert np.allclose(middle, coarse.detach().numpy(), atol=np.abs(coarse.detach().numpy()).max() * 0.06)


def test_a_grade_is_explained_by_what_speaks_for_and_against_it() -> None:
    """Of four grades, grade 1 climbs the first step (dark cells) and not the second (bright ones)."""
    net, array = with_head(BlobFinder(2), "ordinal"), scene(2)
    dark, bright = grad_cam(BlobFinder(2), "act", array, 0), grad_cam(BlobFinder(2), "act", array, 1)
    one, two = grad_cam(net, "act", array, 1), grad_cam(net, "act", array, 2)
    assert peak(one) == peak(dark)
    assert one[bright > 0].max() == 0  # a bright cell speaks for climbing on
    assert two[bright == bright.max()].min() > 0
    assert grad_cam(net, "act", array, 3).shape == (16, 16)
    with pytest.raises(UsageError, match="has 4 classes"):
        grad_cam(net, "act", array, 4)
