"""What does a set of networks say about an array: the only forward pass that makes a score.

Out-of-fold predictions, the score of a package and its verification all come from here, so that one array
gives one score, bit for bit, whoever asks and whatever else is asked for beside it.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import MedidenseError, UsageError
from medidense.nets import evaluating
from medidense.predict.layout import arrange, arranged, channels_last
from medidense.predict.threads import limit_threads


def predict_scores(
    nets: Sequence[torch.nn.Module],
    arrays: NDArray[np.float32] | Iterable[NDArray[np.float32]],
    *,
    device: str,
    threads: int,
    flips: bool = False,
) -> NDArray[np.float64]:
    """The probability of each class for each array: float64 (N, classes), rows that sum to 1.

    `arrays` is float32 (N, C, *size) or yields N arrays (C, *size); it is walked once. Each array passes
    alone, in float32, through every network; the softmax is taken in float64 and the probabilities are
    averaged over the networks in the order given. With `flips` its mirror images along all axes pass beside
    it, and their probabilities are averaged first. A row therefore depends on its own array, the networks,
    the device and the number of threads (0: all cores), never on its neighbours.

    The networks are moved to `device` ("cpu" or "cuda") and laid out channels last where they are not yet;
    their values and modes stay as they are. Raises UsageError without a network or an array,
    MedidenseError where a network gives something that is not a finite number.
    """
    if not nets:
        raise UsageError("networks", "a score needs at least one network", "none", "check the fold files")
    for net in nets:
        net.to(device)
        arrange(net, last=True)
    with _exactly(nets, device, threads):
        rows = [_score(nets, array, device, flips) for array in arrays]
    if not rows:
        raise UsageError("arrays", "a score needs at least one array", "none", "check the list of samples")
    return np.stack(rows)


@contextlib.contextmanager
def _exactly(nets: Sequence[torch.nn.Module], device: str, threads: int) -> Iterator[None]:
    """Everything that could move the last bit, fixed inside the block and put back after it."""
    with contextlib.ExitStack() as stack:
        for net in nets:
            stack.enter_context(evaluating(net))
        stack.enter_context(limit_threads(threads))
        stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        )
        yield


def _score(
    nets: Sequence[torch.nn.Module], array: NDArray[np.float32], device: str, flips: bool
) -> NDArray[np.float64]:
    """The averaged probabilities of one array (C, *size)."""
    image = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None].to(device)
    image = _mirrored(image) if flips else image
    image = arranged(image, channels_last(image.ndim))
    total = torch.zeros((), dtype=torch.float64)
    for number, net in enumerate(nets, start=1):
        logits = net(image).double().cpu()
        if not bool(torch.isfinite(logits).all()):
            where = f"network {number} of {len(nets)}"
            raise MedidenseError(where, "gave a score that is no number", logits.tolist(), "train it again")
        total = total + torch.softmax(logits, dim=1).mean(dim=0)
    scores: NDArray[np.float64] = (total / len(nets)).numpy()
    return scores


def _mirrored(image: torch.Tensor) -> torch.Tensor:
    """(1, C, *size) and its mirror images along every choice of axes: (4, C, I, J) or (8, C, I, J, K)."""
    for axis in range(2, image.ndim):
        image = torch.cat([image, image.flip(axis)])
    return image
