"""A batch in parts is the batch; where memory runs out there are more of them, and the step is made again."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from medidense.errors import RecipeError
from medidense.train import Device
from medidense.train.accumulating import Accumulating
from medidense.train.ranks import Ranks
from medidense.values import ShrunkRecord

CPU = Device("cpu", "fp32", 1)
IMAGES = torch.randn(13, 1, 6, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(13) % 2


class Step:
    """A network, its step in parts, and the sizes of the micro-batches; `most` fit into memory."""

    def __init__(self, parts: int, most: int = 99) -> None:
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
        self.sizes: list[int] = []
        self.most = most
        self.accumulating = Accumulating(self.gradients, self.clip, self.net, Ranks(CPU), parts)

    def gradients(self, share, last, images, labels):
        self.sizes.append(len(images))
        loss = cross_entropy(self.net(images), labels) * share
        loss.backward()
        if len(images) > self.most:  # after the gradients have been touched
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return loss.detach()

    def clip(self):
        return torch.nn.utils.clip_grad_norm_(self.net.parameters(), 0.01)

    def result(self):
        loss, norm = self.accumulating(IMAGES, LABELS)
        return [loss, norm, *(parameter.grad for parameter in self.net.parameters())]


@pytest.mark.parametrize(("parts", "sizes"), [(1, [13]), (3, [5, 4, 4]), (99, [3, 2, 2, 2, 2, 2])])
def test_parts_give_loss_norm_and_gradients_of_the_whole(parts, sizes):
    whole, step = Step(1).result(), Step(parts)
    for one, other in zip(whole, step.result(), strict=True):
        torch.testing.assert_close(one, other)
    assert step.sizes == sizes
    assert step.accumulating.shrunk(1, 1) == []


def test_out_of_memory_halves_the_parts_and_repeats_the_step():
    whole, step = Step(1).result(), Step(1, most=4)
    for one, other in zip(whole, step.result(), strict=True):
        torch.testing.assert_close(one, other)
    assert step.sizes == [13, 7, 4, 3, 3, 3]
    assert step.accumulating.shrunk(2, 5) == [ShrunkRecord(2, 5, 4)]
    assert step.accumulating.shrunk(2, 6) == []
    step.sizes.clear()
    step.net.zero_grad()
    step.result()
    assert step.sizes == [4, 3, 3, 3]


def test_where_no_two_samples_fit_it_says_so():
    step = Step(1, most=1)
    with pytest.raises(RecipeError, match="the GPU's memory is too small"):
        step.result()
    assert step.sizes == [13, 7, 4, 3]
    assert step.accumulating.parts == 13 // 2


def test_several_ranks_are_told_what_to_set():
    step = Step(1, most=4)
    step.accumulating._ranks.count = 2
    with pytest.raises(RecipeError, match=r"set training\.accumulate to 2 or more"):
        step.result()
