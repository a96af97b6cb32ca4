"""Is what a worker answered what it was asked for? Compared before anybody uses it.

A decoder that foreign bytes have taken over speaks for its worker. So an answer is believed in nothing: not
in its form, nor in the number and shape of its arrays. What does not hold counts as a lost worker.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medidense.io.dicom.packing import BROKEN, IMAGE, NO_IMAGE
from medidense.io.told import volume_of_told
from medidense.values import CODES, Entry

Arrays = Sequence[NDArray[Any]]
Check = Callable[[Mapping[str, Any], Any, Arrays], None]
"""Of (arguments, answer, arrays); raises ValueError where they do not fit."""

STATES = ("volume", "refused", "skipped")
KINDS = ("dicom", "nifti", "picture")
VOXELS = ("int16", "int32", "float32")
"""Types of modality values; colour is uint8."""

TEXTS = tuple(field.name for field in fields(Entry) if field.type is str)
"""Fields of an entry that are text."""


def _check_volume(arguments: Mapping[str, Any], told: Any, arrays: Arrays) -> None:
    """One image of the series that was asked for."""
    _must(len(arrays) == 1, "one array")
    types = ("uint8",) if arrays[0].ndim == 4 else VOXELS
    _must(arrays[0].dtype.name in types and arrays[0].dtype.isnative, "modality values")
    affine = np.array(told["affine"], dtype=np.float64)
    _must(affine.shape == (4, 4) and bool(np.isfinite(affine).all()), "an affine")
    _must(affine[3].tolist() == [0, 0, 0, 1], "an affine")
    source = told["source"]
    padding, modality = source["padding"], source["modality"]
    _must(source["kind"] in KINDS and (modality is None or isinstance(modality, str)), "a source")
    _must(padding is None or (_is_number(padding) and math.isfinite(padding)), "a padding value")
    _must(isinstance(source["compressed"], bool), "whether it was compressed")
    rest = [value for name, value in source.items() if name not in ("padding", "modality", "compressed")]
    _must(_are_texts(rest) and _are_texts(told["warnings"]), "words")
    _must(isinstance(told["spacing_known"], bool), "whether the spacing is known")
    wanted = arguments["series_uid"]
    _must(source["kind"] != "dicom" or wanted in ("", source["series_uid"]), "the series asked for")
    volume_of_told(told, arrays)  # its own rules: three axes, or colour; an affine that can be inverted


def _check_mask(arguments: Mapping[str, Any], told: Any, arrays: Arrays) -> None:
    """One mask on the grid that was given."""
    _must(told is None and len(arrays) == 1, "one array")
    (mask,) = arrays
    _must(mask.dtype == np.bool_ and mask.shape == tuple(arguments["grid"]["shape"]), "the image's grid")
    _must(int(mask.view(np.uint8).max(initial=0)) <= 1, "truth values")


def _check_looks(arguments: Mapping[str, Any], told: Any, arrays: Arrays) -> None:
    """One answer a path. Facts of images are not looked into: only workers read them again."""
    _must(not arrays and len(told) == len(arguments["paths"]), "an answer for each path")
    for kind, series, facts in told:
        _must(_are_texts([kind, series, facts]), "words")
        if kind == "entries":
            _check_entries(json.loads(facts))
        elif kind in (BROKEN, NO_IMAGE):
            code, *rest = json.loads(facts)
            _must(code in CODES and len(rest) == 4 and _are_texts(rest), "a refusal")
        else:
            _must(kind in (IMAGE, "archive"), "a kind of file")


def _check_assembled(arguments: Mapping[str, Any], told: Any, arrays: Arrays) -> None:
    """Entries of a series, or of each of several."""
    _must(not arrays, "no array")
    several = isinstance(arguments["series"], list)
    _must(isinstance(told, list) and (not several or len(told) == len(arguments["series"])), "entries")
    for entries in told if several else [told]:
        _check_entries(entries)


def _check_entries(told: Any) -> None:
    """Lines of a catalogue."""
    _must(isinstance(told, list), "entries")
    for entry in told:
        _must(set(entry) == {field.name for field in fields(Entry)}, "an entry")
        _must(_are_texts(entry[name] for name in TEXTS) and entry["state"] in STATES, "an entry")
        _must(type(entry["files"]) is int and all(type(side) is int for side in entry["shape"]), "counts")
        _must(all(_is_number(gap) for gap in entry["spacing_mm"]), "a spacing")
        _must(all(len(mark) == 2 and _are_texts(mark) for mark in entry["marks"]), "marks")
        _must(_are_texts(entry["parts"]), "parts")
        no = entry["refusal"]
        _must(no is not None or entry["state"] != "refused", "a refusal")
        _must(no is None or (_are_texts(no.values()) and len(no) == 5 and no["code"] in CODES), "a refusal")


def _check_key(arguments: Mapping[str, Any], told: Any, arrays: Arrays) -> None:
    """A digest, or nothing."""
    known = isinstance(told, str) and (not told or (len(told) == 64 and set(told) <= set("0123456789abcdef")))
    _must(known and not arrays, "a digest")


def _must(holds: bool, what: str) -> None:
    """Raise ValueError where something does not hold."""
    if not holds:
        raise ValueError(f"not {what}")


def _are_texts(values: Any) -> bool:
    """Whether all values are text."""
    return not isinstance(values, str) and all(isinstance(value, str) for value in values)


def _is_number(value: object) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {
        "assemble": _check_assembled,
        "look": _check_looks,
        "mask": _check_mask,
        "patient": _check_key,
        "read": _check_volume,
    }
)
"""Name of a task -> what its answer must be."""
