"""Which tensors does a file of foreign weights hold?

No object is built from a file: safetensors is plain data, and torch's own format is read by its loader of
tensors alone.
"""

import struct
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from medidense.errors import UsageError

LARGEST = 2 << 30
"""Bytes of a file, and of its tensors unpacked, that are read at most (the largest network has 0.2 GB)."""

INSIDE = ("state_dict", "model_state_dict", "model", "net")
"""Keys under which a checkpoint keeps the weights."""

AROUND = ("module.", "model.", "net.", "image.", "plane.", "_orig_mod.")
"""What wrappers put before every name; ``plane.`` is that of a network shared by planes,
``image.`` that of one that takes covariates too."""

BESIDE = "covariates.weight"
"""Head of the covariates of such a network, which belong to that cohort."""

SAVE_AGAIN = "save the weights alone: torch.save(model.state_dict(), FILE), or as safetensors"

_FAULTS = (
    torch.serialization.pickle.UnpicklingError,  # type: ignore[attr-defined]  # what the tensors-only loader raises; nothing is unpickled
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)
"""How the two loaders say that a file is damaged, or holds more than tensors."""


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The named tensors of a ``.safetensors``, ``.pt`` or ``.pth`` file, on the CPU.

    Weights inside a checkpoint are found, and prefixes that every name has are taken off. Raises UsageError
    for a file that is missing, damaged, too large, or holds anything but tensors.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise UsageError(str(path), "weights are one file", "something else", "give the file")
        if size > LARGEST:
            raise UsageError(str(path), f"at most {LARGEST} bytes are read", size, "give a smaller file")
        content = _decoded(path)
    except _FAULTS as error:
        found = " ".join(str(error).split())[:120] or type(error).__name__
        raise UsageError(str(path), "the weights cannot be read as tensors", found, SAVE_AGAIN) from None
    tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors or not all(isinstance(name, str) for name in tensors):
        raise UsageError(str(path), "the file holds no named tensors", "none", SAVE_AGAIN)
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if claimed > LARGEST:
        raise UsageError(str(path), f"at most {LARGEST} bytes of tensors are read", claimed, SAVE_AGAIN)
    return _bare(tensors)


def _decoded(path: Path) -> Mapping[str, Any]:
    """The mapping that holds the tensors."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load(path.read_bytes())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise ValueError(f"{unpacked} bytes unpacked")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = torch.load(path, map_location="cpu", weights_only=True)
    for _ in INSIDE:  # not for ever: a mapping may hold itself
        if isinstance(content, Mapping):
            content = next((content[key] for key in INSIDE if isinstance(content.get(key), Mapping)), content)
    if not isinstance(content, Mapping):
        raise TypeError(f"a {type(content).__name__}, not a mapping of names to tensors")
    return content


def _bare(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors without the prefixes of wrappers."""
    found = {name: tensor for name, tensor in tensors.items() if name != BESIDE}
    while prefix := next((text for text in AROUND if _is_around(text, found)), ""):
        found = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return found


def _is_around(prefix: str, names: Iterable[str]) -> bool:
    """True where every name of a tensor in a module begins so; torchxrayvision keeps some beside it."""
    dotted = [name for name in names if "." in name]
    return bool(dotted) and all(name.startswith(prefix) for name in dotted)
