import pytest
import torch

from medidense.errors import UsageError, WriteError
from medidense.nets import build, load_weights, save_weights


def make(seed=0, classes=2):
    """A small network with a 3D convolution, batch-norm buffers and a head."""
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv3d(2, 4, 3), torch.nn.BatchNorm3d(4), torch.nn.Flatten(1), torch.nn.Linear(4, classes)
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    target = tmp_path_factory.mktemp("weights") / "net.safetensors"
    save_weights(make(0), target)
    return target


def test_back_bit_for_bit(tmp_path):
    one, two = (
        build("densenet121", dims=3, channels=1, classes=2, dropout=0.0, seed=seed) for seed in (0, 1)
    )
    one.features.norm0.running_mean += 1
    save_weights(one, tmp_path / "net.safetensors")
    load_weights(two, tmp_path / "net.safetensors")
    wanted, found = one.state_dict(), two.state_dict()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []


def test_bytes_do_not_depend_on_the_layout_in_memory(saved, tmp_path):
    net = make(0).to(memory_format=torch.channels_last_3d)
    assert not net[0].weight.is_contiguous()
    save_weights(net, tmp_path / "other.safetensors")
    assert (tmp_path / "other.safetensors").read_bytes() == saved.read_bytes()


def test_loading_keeps_the_layout_of_the_network(saved):
    net = make(1).to(memory_format=torch.channels_last_3d)
    load_weights(net, saved)
    assert net[0].weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(net[0].weight, make(0)[0].weight)


def test_the_file_belongs_to_the_user_alone(saved):
    assert saved.stat().st_mode & 0o777 == 0o600


def test_weights_of_another_network_change_nothing(saved):
    net = make(1, classes=3)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(UsageError) as caught:
        load_weights(net, saved)
    assert caught.value.problems[0].found == "2 tensors that differ, first 3.bias"
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_a_tensor_too_many_is_refused(saved):
    with pytest.raises(UsageError, match=r"2 tensors that differ, first 3\.bias"):
        load_weights(make(0)[:3], saved)


def test_another_number_type_is_refused(saved):
    with pytest.raises(UsageError, match="another network"):
        load_weights(make(0).double(), saved)


def test_half_a_file_is_refused(saved, tmp_path):
    half = tmp_path / "half.safetensors"
    half.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    with pytest.raises(UsageError, match="not a whole safetensors file"):
        load_weights(make(1), half)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_weights(make(1), tmp_path / "none.safetensors")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError):
        save_weights(make(1), tmp_path / "file" / "net.safetensors")
