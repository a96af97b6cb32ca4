import numpy as np
import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import build
from medidense.predict import predict_scores
from medidense.predict.batched import ROWS, batch_rows


def noise(count, size, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 1, *size)).astype(np.float32)


@pytest.fixture
def net():
    net = build("densenet121", dims=2, channels=1, classes=2, dropout=0.1, seed=0)
    with torch.no_grad():
        net.train()(torch.from_numpy(noise(16, (32, 32), seed=5)))  # statistics for the batch norms
    return net.eval()


def test_a_batch_has_as_many_rows_as_its_voxels_allow():
    assert batch_rows((1, 32, 32)) == ROWS
    assert batch_rows((1, 64, 64, 64)) == 32
    assert batch_rows((1, 512, 512, 512)) == 1


def test_bf16_is_refused_on_a_cpu(net):
    with pytest.raises(UsageError, match="CUDA only"):
        predict_scores([net], noise(1, (32, 32)), device="cpu", threads=1, precision="bf16")


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_neighbours_do_not_move_a_score_on_a_gpu(net, precision):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    arrays = noise(5 * ROWS + 3, (32, 32))  # enough batches for a recording, and a rest

    def scores(rows):
        return predict_scores([net], rows, device="cuda", threads=1, precision=precision)

    together = scores(arrays)
    for row in (0, 7, ROWS, 5 * ROWS + 2):
        np.testing.assert_allclose(scores(arrays[[row]])[0], together[row], rtol=0, atol=1e-6)
    np.testing.assert_allclose(scores(arrays[::-1])[::-1], together, rtol=0, atol=1e-6)
    np.testing.assert_allclose(together.sum(1), 1, atol=1e-12)


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "near"), [("fp32", 1e-4), ("bf16", 2e-2)])
def test_a_gpu_scores_as_a_cpu_does(net, precision, near):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    arrays = noise(20, (40, 32))
    on_cpu = predict_scores([net, net], arrays, device="cpu", threads=1)
    on_gpu = predict_scores([net, net], arrays, device="cuda", threads=1, precision=precision)
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=0, atol=near)
