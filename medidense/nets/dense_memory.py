"""How does a DenseNet train without keeping a copy of every concatenation?

Each dense layer reads all features before it, and what its first convolution needs for the gradient is as
long: kept for every layer that is memory quadratic in their number. Made anew in the backward pass it is
linear (Pleiss et al., arXiv 1707.06990).
"""

import contextlib
from collections.abc import Iterator

import torch
from torch.utils.checkpoint import checkpoint

from medidense.errors import RecipeError

Contexts = tuple[contextlib.AbstractContextManager[None], contextlib.AbstractContextManager[None]]


class RecomputingBlock(torch.nn.Sequential):
    """A dense block whose layers' concatenation, normalisation and bottleneck are computed twice.

    It holds the very layers of the block it replaces, under their names. Same numbers: the second time
    leaves the running statistics of the normalisation alone.
    """

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C, *size) to (N, C + layers * growth, *size)."""
        parts = [features]
        for layer in self:
            parts.append(_new_features(layer.get_submodule("layers"), parts))
        return torch.cat(parts, 1)


def recompute(net: torch.nn.Module) -> None:
    """Let every dense block of `net` compute twice rather than keep. Names and values of all tensors stay.

    The modules are changed in place. Raises RecipeError for a network without dense blocks.
    """
    blocks = [
        (parent, name, child)
        for parent in net.modules()
        for name, child in parent.named_children()
        if name.startswith("denseblock")
    ]
    if not blocks:
        step = "set it to concatenate, or choose a DenseNet"
        raise RecipeError("network.memory", "only a DenseNet has dense blocks", type(net).__name__, step)
    for parent, name, child in blocks:
        lean = RecomputingBlock()
        for layer_name, layer in child.named_children():
            lean.add_module(layer_name, layer)
        setattr(parent, name, lean.train(child.training))


def _new_features(layers: torch.nn.Module, parts: list[torch.Tensor]) -> torch.Tensor:
    """What one dense layer adds: (N, growth, *size)."""
    steps = dict(layers.named_children())
    names = list(steps)
    first = [steps[name] for name in names[: names.index("norm2")]]

    def bottleneck(*inputs: torch.Tensor) -> torch.Tensor:
        features = torch.cat(inputs, 1)
        for step in first:
            features = step(features)
        return features

    if torch.is_grad_enabled() and layers.training:
        features = checkpoint(
            bottleneck,
            *parts,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: _contexts(steps["norm1"]),
        )
    else:
        features = bottleneck(*parts)
    for name in names[names.index("norm2") :]:
        features = steps[name](features)
    return features


def _contexts(norm: torch.nn.Module) -> Contexts:
    """What the first computation runs in, and what the second does."""
    return contextlib.nullcontext(), _untracked(norm)


@contextlib.contextmanager
def _untracked(norm: torch.nn.Module) -> Iterator[None]:
    """Running statistics are counted into copies that are thrown away."""
    kept = dict(norm.named_buffers(recurse=False))
    for name, buffer in kept.items():
        setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for name, buffer in kept.items():
            setattr(norm, name, buffer)
