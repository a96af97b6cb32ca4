import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.errors import MedidenseError, UsageError
from medidense.nets import build, load_weights, save_weights
from medidense.predict import predict_scores


def make(seed, dims=2, classes=3):
    net = build("densenet121", dims=dims, channels=1, classes=classes, dropout=0.3, seed=seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean += 0.1
    return net


NETS = (make(0), make(1))
IMAGES = np.random.default_rng(0).normal(size=(6, 1, 32, 32)).astype(np.float32)


def score(images, nets=NETS, threads=1):
    return predict_scores(nets, images, device="cpu", threads=threads)


ALONE = np.concatenate([score(image[None]) for image in IMAGES])


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, len(IMAGES) - 1), min_size=1, max_size=4))
def test_a_row_depends_on_its_own_array_alone(order):
    assert score(IMAGES[order]).tobytes() == ALONE[order].tobytes()


def test_in_three_dimensions_too():
    nets = [make(0, dims=3)]
    images = np.random.default_rng(1).normal(size=(3, 1, 32, 32, 32)).astype(np.float32)
    together = score(images, nets)
    assert score(images[::-1], nets)[::-1].tobytes() == together.tobytes()
    assert score(images[1:2], nets).tobytes() == together[1:2].tobytes()


def test_an_array_and_an_iterator_give_the_same():
    assert score(iter(IMAGES)).tobytes() == ALONE.tobytes()
    assert score(np.asfortranarray(IMAGES)).tobytes() == ALONE.tobytes()


def test_equal_to_a_plain_forward_pass_averaged_over_networks():
    with torch.no_grad():
        plain = [torch.softmax(net.eval()(torch.from_numpy(IMAGES)).double(), 1) for net in NETS]
    np.testing.assert_allclose(ALONE, (plain[0] + plain[1]).numpy() / 2, rtol=0, atol=1e-5)
    assert ALONE.dtype == np.float64
    np.testing.assert_allclose(ALONE.sum(axis=1), 1, rtol=0, atol=1e-15)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_layout_and_a_trip_through_a_file_change_no_bit(layout, tmp_path):
    net = make(0).to(memory_format=layout)
    save_weights(net, tmp_path / "net.safetensors")
    again = make(5)
    load_weights(again, tmp_path / "net.safetensors")
    assert score(IMAGES, [net]).tobytes() == score(IMAGES, [again]).tobytes()
    pairs = zip(net.parameters(), again.parameters(), strict=True)
    assert all(one.stride() == other.stride() for one, other in pairs)


def test_networks_keep_mode_values_and_gradients():
    net = make(0).train()
    net.features.norm0.eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    score(IMAGES[:1], [net])
    assert net.training
    assert not net.features.norm0.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    net(torch.from_numpy(IMAGES[:2])).sum().backward()
    assert net.features.conv0.weight.grad is not None


def test_the_callers_settings_reach_no_score_and_come_back():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = score(IMAGES)
        assert torch.is_autocast_enabled("cpu")
    assert scores.tobytes() == ALONE.tobytes()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_a_score_that_is_no_number_is_an_error():
    broken = make(0)
    torch.nn.init.constant_(broken.class_layers.out.bias, float("nan"))
    with pytest.raises(MedidenseError) as caught:
        score(IMAGES[:1], [NETS[0], broken])
    assert caught.value.problems[0].where == "network 2 of 2"


def test_nothing_to_score_is_refused():
    with pytest.raises(UsageError, match="at least one network"):
        score(IMAGES, [])
    with pytest.raises(UsageError, match="at least one array"):
        score(IMAGES[:0])


@pytest.mark.parametrize("dims", [2, 3])
def test_flips_are_the_mean_over_all_mirror_images(dims):
    net, size = make(3, dims=dims), (32,) * dims
    image = np.random.default_rng(2).normal(size=(1, *size)).astype(np.float32)
    mirrored = [
        np.flip(image, [axis + 1 for axis in range(dims) if number >> axis & 1]) for number in range(2**dims)
    ]
    alone = [predict_scores([net], one[None].copy(), device="cpu", threads=1)[0] for one in mirrored]
    for one in (image, mirrored[-1].copy()):
        found = predict_scores([net], one[None], device="cpu", threads=1, flips=True)[0]
        np.testing.assert_allclose(found, np.mean(alone, axis=0), rtol=0, atol=1e-6)
    assert not np.allclose(alone[0], np.mean(alone, axis=0), atol=1e-5)
