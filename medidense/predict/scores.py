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
from medidense.predict.batched import Precision, batched_logits
from medidense.predict.layout import arrange, arranged, channels_last
from medidense.predict.threads import limit_threads


def predict_scores(
    nets: Sequence[torch.nn.Module],
    arrays: NDArray[np.float32] | Iterable[NDArray[np.float32]],
    *,
    device: str,
    threads: int,
    precision: Precision = "fp32",
) -> NDArray[np.float64]:
    """The probability of each class for each array: float64 (N, classes), rows that sum to 1.

    `arrays` is float32 (N, C, *size) or yields N arrays (C, *size); it is walked once. On a CPU each array
    passes alone, in float32, through every network; the softmax is taken in float64 and the probabilities are
    averaged over the networks in the order given. A row therefore depends on its own array, the networks,
    the device and the number of threads (0: all cores), never on its neighbours. On CUDA arrays pass in
    batches of a fixed size; neighbours move a probability by less than 1e-6, and `precision` ``bf16``, which
    is for CUDA only, moves it by some thousandths against ``fp32`` and is many times as fast.

    The networks are moved to `device` ("cpu" or "cuda") and laid out channels last where they are not yet;
    their values and modes stay as they are. Raises UsageError without a network or an array and for bf16 on a
    CPU, MedidenseError where a network gives something that is not a finite number.
    """
    if not nets:
        raise UsageError("networks", "a score needs at least one network", "none", "check the fold files")
    if precision == "bf16" and device != "cuda":
        raise UsageError("precision", "bf16 is for CUDA only", f"bf16 on {device}", "use fp32")
    for net in nets:
        net.to(device)
        arrange(net, last=True)
    with _exactly(nets, device, threads):
        logits = batched_logits(nets, arrays, precision) if device == "cuda" else _one_by_one(nets, arrays)
        rows = [_probabilities(each) for each in logits]
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


def _one_by_one(
    nets: Sequence[torch.nn.Module], arrays: Iterable[NDArray[np.float32]]
) -> Iterator[NDArray[np.float64]]:
    """For each array (C, *size) the logits of each network on the CPU, (nets, classes)."""
    for array in arrays:
        image = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None]
        image = arranged(image, channels_last(image.ndim))
        yield torch.stack([net(image)[0].double() for net in nets]).numpy()


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The softmax of each network's logits (nets, classes), averaged over the networks."""
    total = torch.zeros((), dtype=torch.float64)
    for number, row in enumerate(torch.from_numpy(logits), start=1):
        if not bool(torch.isfinite(row).all()):
            where = f"network {number} of {len(logits)}"
            raise MedidenseError(where, "gave a score that is no number", row.tolist(), "train it again")
        total = total + torch.softmax(row, dim=0)
    scores: NDArray[np.float64] = (total / len(logits)).numpy()
    return scores
