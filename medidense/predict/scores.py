"""What does a set of networks say about an array: the only forward pass that makes a score.

Out-of-fold predictions, the score of a package and its verification all come from here, so that one array
gives one score, bit for bit, whoever asks and whatever else is asked for beside it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, tee

import numpy as np
import torch
from numpy.typing import NDArray

from medidense.errors import MedidenseError, UsageError
from medidense.nets import Head, evaluating, head_of, image_part
from medidense.predict.batched import Precision, batched_logits
from medidense.predict.example import Given, arrays_of, beside
from medidense.predict.layout import arrange, arranged, channels_last
from medidense.predict.threads import limit_threads


def predict_scores(
    nets: Sequence[torch.nn.Module],
    arrays: Given,
    *,
    device: str,
    threads: int,
    flips: bool = False,
    precision: Precision = "fp32",
) -> NDArray[np.float64]:
    """The probability of each class for each array: float64 (N, classes), rows that sum to 1.

    Of a network for several labels at once it is the probability of each label, and rows have no sum.

    `arrays` is float32 (N, C, *size) or yields N arrays (C, *size) or Examples; it is walked once. Networks
    that take covariates need Examples; what those add to the logits is added in float64. On a CPU each array
    passes alone, in float32, through every network; its head makes probabilities of the logits in float64,
    and they are averaged over the networks in the order given. With `flips` its mirror images along all axes
    pass beside it, and their probabilities are averaged first. A row therefore depends on its own array, the
    networks, the device and the number of threads (0: all cores), never on its neighbours. On CUDA arrays
    pass in batches of a fixed size; neighbours move a probability by less than 1e-6, and `precision` ``bf16``
    (for CUDA only) moves it by some thousandths against ``fp32`` and is many times as fast.

    The networks are moved to `device` ("cpu" or "cuda") and laid out channels last where they are not yet;
    their values and modes stay as they are. Raises UsageError without a network or an array and for bf16 on a
    CPU, MedidenseError where a network gives something that is not a finite number.
    """
    if not nets:
        raise UsageError("networks", "a score needs at least one network", "none", "check the fold files")
    if precision == "bf16" and device != "cuda":
        raise UsageError("precision", "bf16 is for CUDA only", f"bf16 on {device}", "use fp32")
    heads = [head_of(net) for net in nets]
    how = _Pass(device, threads, flips, precision)
    return how.rows(nets, arrays, lambda logits: _probabilities(heads, logits))


def pooled_features(
    net: torch.nn.Module, arrays: Given, *, device: str, threads: int, flips: bool = False
) -> NDArray[np.float64]:
    """What a network without its head (`nets.headless`) makes of each array: float64 (N, F).

    Arrays pass as for a score; with `flips` it is the mean over the mirror images. Covariates of Examples
    have no part in it. Raises UsageError without an array, MedidenseError for a feature that is no number.
    """

    def mean(outputs: torch.Tensor) -> NDArray[np.float64]:
        _require_finite(outputs)
        found: NDArray[np.float64] = outputs[0].mean(dim=0).numpy()
        return found

    plain = (array for array, _ in arrays_of(arrays))
    return _Pass(device, threads, flips, "fp32").rows([net], plain, mean)


@dataclass(frozen=True)
class _Pass:
    """How arrays pass through networks."""

    device: str
    threads: int
    flips: bool
    precision: Precision

    def rows(
        self,
        nets: Sequence[torch.nn.Module],
        arrays: Given,
        finish: Callable[[torch.Tensor], NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        """A row for each array: what `finish` makes of the outputs (nets, views, outputs), in float64."""
        for net in nets:
            net.to(self.device)
            arrange(net, last=True)
        with _exactly(nets, self.device, self.threads):
            each = (
                _by_batches(nets, arrays, self.precision, self.flips)
                if self.device == "cuda"
                else _one_by_one(nets, arrays, self.flips)
            )
            rows = [finish(outputs) for outputs in each]
        if not rows:
            raise UsageError(
                "arrays", "a score needs at least one array", "none", "check the list of samples"
            )
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


def _one_by_one(nets: Sequence[torch.nn.Module], arrays: Given, flips: bool) -> Iterator[torch.Tensor]:
    """For each array (C, *size) the logits of each network for each view, (nets, views, classes)."""
    images = [image_part(net) for net in nets]
    for array, example in arrays_of(arrays):
        image = torch.from_numpy(np.stack(_views(array, flips)))
        image = arranged(image, channels_last(image.ndim))
        yield torch.stack([net(image).double() for net in images]) + beside(nets, example)


def _by_batches(
    nets: Sequence[torch.nn.Module],
    arrays: Given,
    precision: Precision,
    flips: bool,
) -> Iterator[torch.Tensor]:
    """The same on CUDA; there the views of an array are rows of a batch like any other."""
    views = ((_views(array, flips), example) for array, example in arrays_of(arrays))
    counted, rows = tee(views)
    images = [image_part(net) for net in nets]
    logits = batched_logits(images, chain.from_iterable(group for group, _ in rows), precision)
    for group, example in counted:
        found = np.stack([next(logits) for _ in group], axis=1)
        yield torch.from_numpy(found) + beside(nets, example)


def _views(array: NDArray[np.float32], flips: bool) -> list[NDArray[np.float32]]:
    """The array (C, *size), C-contiguous, and with `flips` its mirror images along every choice of axes."""
    views = [array]
    for axis in range(1, array.ndim) if flips else ():
        views += [np.flip(view, axis) for view in views]
    return [np.ascontiguousarray(view, dtype=np.float32) for view in views]


def _probabilities(heads: Sequence[Head], logits: torch.Tensor) -> NDArray[np.float64]:
    """What the heads make of the logits (nets, views, outputs), averaged over the views, then the nets."""
    _require_finite(logits)
    total = torch.zeros((), dtype=torch.float64)
    for head, rows in zip(heads, logits, strict=True):
        total = total + head.scores(rows).mean(dim=0)
    scores: NDArray[np.float64] = (total / len(logits)).numpy()
    return scores


def _require_finite(outputs: torch.Tensor) -> None:
    """Raise MedidenseError, naming the network, unless all of (nets, views, outputs) are finite."""
    for number, rows in enumerate(outputs, start=1):
        if not bool(torch.isfinite(rows).all()):
            where = f"network {number} of {len(outputs)}"
            raise MedidenseError(where, "gave a score that is no number", rows.tolist(), "train it again")
