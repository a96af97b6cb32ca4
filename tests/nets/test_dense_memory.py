import copy

import pytest
import torch

from medidense.errors import RecipeError
from medidense.nets import build, load_weights, recompute, save_weights
from medidense.predict import arrange


def pair(dims=3, dropout=0.3):
    """The same network twice, the second one recomputing."""
    keeping = build("densenet_small", dims=dims, channels=1, classes=2, dropout=dropout, seed=0)
    lean = copy.deepcopy(keeping)
    recompute(lean)
    return keeping, lean


def step(net, image, seed):
    """Output and gradients of one training pass."""
    torch.manual_seed(seed)
    net.zero_grad()
    output = net.train()(image)
    torch.autograd.backward(output.square().sum())
    return output.detach(), [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("last", [False, True])
def test_same_outputs_gradients_and_running_statistics(dims, last):
    keeping, lean = pair(dims)
    arrange(keeping, last=last)
    arrange(lean, last=last)
    for seed in range(3):
        image = torch.randn(3, 1, *[32] * dims, generator=torch.Generator().manual_seed(seed))
        (one, gradients), (two, others) = step(keeping, image, seed), step(lean, image, seed)
        torch.testing.assert_close(two, one)
        torch.testing.assert_close(others, gradients)
        torch.testing.assert_close(dict(lean.named_buffers()), dict(keeping.named_buffers()))
    assert keeping.features.norm0.num_batches_tracked == 3
    assert lean.features.denseblock1.denselayer1.layers.norm1.num_batches_tracked == 3


def test_same_answer_in_evaluation():
    keeping, lean = pair()
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        assert torch.equal(keeping.eval()(image), lean.eval()(image))


def test_frozen_statistics_stay_frozen():
    _, lean = pair()
    lean.train()
    norms = [module for module in lean.modules() if isinstance(module, torch.nn.BatchNorm3d)]
    for norm in norms:
        norm.eval()
    before = [norm.running_mean.clone() for norm in norms]
    torch.autograd.backward(lean(torch.randn(2, 1, 32, 32, 32)).sum())
    assert all(torch.equal(norm.running_mean, was) for norm, was in zip(norms, before, strict=True))


def test_less_is_kept_for_the_gradient():
    def kept(net):
        """Bytes that autograd holds between forward and backward, each storage once."""
        sizes = {}

        def note(tensor):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            output = net.train()(torch.randn(8, 1, 64, 64))
            output.sum().item()
        return sum(sizes.values())

    keeping = build("densenet121", dims=2, channels=1, classes=2, dropout=0.0, seed=0)
    lean = copy.deepcopy(keeping)
    recompute(lean)
    assert kept(lean) < 0.7 * kept(keeping)


def test_weights_are_interchangeable(tmp_path):
    keeping, lean = pair()
    save_weights(lean, tmp_path / "net.safetensors")
    load_weights(keeping, tmp_path / "net.safetensors")
    assert list(keeping.state_dict()) == list(lean.state_dict())


def test_a_network_without_dense_blocks_is_refused():
    with pytest.raises(RecipeError, match="only a DenseNet has dense blocks"):
        recompute(build("resnet18", dims=2, channels=1, classes=2, dropout=0.0, seed=0))
