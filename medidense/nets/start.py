"""How does a network start from weights that were trained elsewhere?"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from medidense.errors import RecipeError
from medidense.nets.registry import NetworkRecord
from medidense.nets.start_names import ours, told_by
from medidense.nets.start_shapes import XRAY_RANGE, fit_axes, fit_stem
from medidense.values import StartReport, TensorFate
from medidense.values.start import Fate

LEAST = 0.5
"""Share of the tensors before the head that must come from the file."""

WHERE = "start.weights"


@dataclass(frozen=True, eq=False)
class StartWeights:
    """Tensors by the names of `source` (a key of the recipe's start.source), the sha256 of their file, and
    whether their head tells our very classes apart, in our order."""

    tensors: Mapping[str, torch.Tensor]
    source: str
    sha256: str = ""
    same_classes: bool = False


def start_from(net: torch.nn.Module, record: NetworkRecord, weights: StartWeights) -> StartReport:
    """Put into `net` (of `record`) every tensor that fits, adapted where it must be; tell each fate.

    2D kernels are inflated to 3D, the first convolution summed over its channels; torchxrayvision's is
    scaled to images in -1..1. The head is taken from weights of the same classes alone. Raises RecipeError
    where less than half of the tensors before the head come from the file; `net` is then as it was.
    """
    source = told_by(weights.tensors) if weights.source == "auto" else weights.source
    there = {ours(name): name for name in weights.tensors}
    wanted = net.state_dict()
    found: dict[str, torch.Tensor] = {}
    fates = []
    for name, target in wanted.items():
        if name not in there:
            fates.append(TensorFate(name, "", "skipped", "not in the file; it starts as it was drawn"))
            continue
        tensor, fate, reason = _fitted(name, weights.tensors[there[name]], target, (record, weights, source))
        fates.append(TensorFate(name, there[name], fate, reason))
        if tensor is not None:
            found[name] = tensor.to(target.dtype)
    spare = [old for name, old in there.items() if name not in wanted]
    fates += [TensorFate("", name, "skipped", "the network has no such tensor") for name in spare]
    _enough(wanted, found, record)
    net.load_state_dict({**wanted, **found})
    return StartReport(source, weights.sha256, tuple(fates))


def _fitted(
    name: str, tensor: torch.Tensor, target: torch.Tensor, context: tuple[NetworkRecord, StartWeights, str]
) -> tuple[torch.Tensor | None, Fate, str]:
    """The tensor as the network takes it (None: not at all), its fate and the reason."""
    record, weights, source = context
    if name.startswith(f"{record.head}.") and not weights.same_classes:
        return None, "skipped", "the head belongs to other classes"
    if tensor.is_complex() or tensor.is_quantized or not bool(torch.isfinite(tensor).all()):
        return None, "skipped", "not all of it are finite real numbers"
    changed, summed, scaled = tensor, "", ""
    if name == f"{record.blocks[0][0]}.weight":
        changed, summed = fit_stem(changed.float(), target.shape)
        if source == "torchxrayvision":
            changed, scaled = changed * XRAY_RANGE, f"times {XRAY_RANGE:.0f} for images in -1..1"
    changed, repeated = fit_axes(changed, target.shape)
    if changed.shape != target.shape:
        shapes = " and ".join(
            "x".join(map(str, shape)) or "one number" for shape in (tensor.shape, target.shape)
        )
        return None, "skipped", f"the shapes differ: {shapes}"
    fate: Fate = "inflated" if repeated else "summed" if summed else "loaded"
    return changed, fate, "; ".join(word for word in (summed, repeated, scaled) if word)


def _enough(
    wanted: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor], record: NetworkRecord
) -> None:
    """Raise RecipeError where hardly anything was taken: such a start is a random one under another name."""
    trunk = [name for name in wanted if not name.startswith(f"{record.head}.") and wanted[name].ndim]
    taken = sum(name in found for name in trunk)
    if taken < LEAST * len(trunk):
        rule = f"at least half of the {len(trunk)} tensors before the head of {record.name} must come from it"
        step = "choose the network that the weights were made for (network.name), or set start.source"
        raise RecipeError(WHERE, rule, f"{taken} that fit", step)
