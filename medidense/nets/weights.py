"""How do a network's weights get into a file and back, bit for bit?"""

from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from medidense import durable
from medidense.errors import UsageError


def save_weights(net: torch.nn.Module, target: Path) -> None:
    """Write all parameters and buffers of `net` to `target` in safetensors format, whole or not at all.

    The bytes depend on names and values alone: no metadata, and every tensor in row-major order however it
    lies in memory. Raises WriteError where the file cannot be written.
    """
    tensors = {name: _row_major(tensor) for name, tensor in net.state_dict().items()}
    durable.write_bytes(target, safetensors.torch.save(tensors))


def load_weights(net: torch.nn.Module, source: Path) -> None:
    """Put the tensors of `source` into `net`, where names, shapes and types must be exactly its own.

    `net` keeps its device and memory layout, and stays as it was when the file does not hold. Raises
    UsageError for a file that is missing, damaged, or made for another network.
    """
    try:
        found = safetensors.torch.load(source.read_bytes())
    except OSError as error:
        step = "check the path and its rights"
        raise UsageError(str(source), "the weights cannot be read", error.strerror, step) from error
    except SafetensorError as error:
        step = "make the file again; it is damaged or of another kind"
        raise UsageError(str(source), "not a whole safetensors file", error, step) from error
    wanted = net.state_dict()
    differing = sorted(
        name
        for name in wanted.keys() | found.keys()
        if name not in wanted or name not in found or not _alike(wanted[name], found[name])
    )
    if differing:
        rule = "the weights belong to another network"
        text = f"{len(differing)} tensors that differ, first {differing[0]}"
        raise UsageError(str(source), rule, text, "use the recipe the weights were made with")
    net.load_state_dict(found)


def _row_major(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().contiguous()


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype
