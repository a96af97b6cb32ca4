"""Batches are the same crops in 32 bits, wherever and in whatever form the crops lie."""

import numpy as np
import pytest
import torch

from medidense.train import resident
from medidense.train.resident import Resident

CROPS = np.random.default_rng(0).normal(size=(5, 1, 4, 4)).astype(np.float16)
PART = torch.tensor([3, 0, 3])


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_a_batch_is_float32_and_a_copy(kind):
    crops = CROPS.astype(kind)
    batch = Resident(crops, torch.device("cpu")).batch(PART, PART)
    assert batch.dtype == torch.float32
    assert np.array_equal(batch.numpy(), CROPS[PART.numpy()].astype(np.float32))
    batch.zero_()
    assert np.array_equal(crops, CROPS.astype(kind))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("share", [0.5, 0.0])
def test_crops_that_do_not_fit_stay_outside_the_gpu(monkeypatch, share):
    monkeypatch.setattr(resident, "SHARE", share)
    device = torch.device("cuda", 0)
    batch = Resident(CROPS, device).batch(PART, PART.to(device))
    assert batch.device.type == "cuda"
    assert np.array_equal(batch.cpu().numpy(), CROPS[PART.numpy()].astype(np.float32))
