"""How do a request and a volume cross from one process to another? As what JSON can say, arrays apart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from medidense.io.guarded import Desk
from medidense.io.reading import Ask
from medidense.values import Limits, ReadOptions, Source, Volume


def told_options(options: ReadOptions) -> dict[str, Any]:
    """The options of reading."""
    told = {field.name: getattr(options, field.name) for field in fields(ReadOptions)}
    return told | {"pick": dict(options.pick), "limits": asdict(options.limits)}


def options_of(told: Mapping[str, Any]) -> ReadOptions:
    """The options again."""
    return ReadOptions(**{**told, "limits": Limits(**told["limits"])})


def rules_of(options: ReadOptions) -> str:
    """What of the options decides how a single file is understood before it is put into a series."""
    told = told_options(options)
    kept = ("assume_ras", "colour", "guess_syntax", "limits", "prefer")
    return json.dumps({name: told[name] for name in kept}, sort_keys=True)


def told_ask(path: Path, ask: Ask) -> dict[str, Any]:
    """The arguments of a request."""
    own = {field.name: getattr(ask, field.name) for field in fields(Ask)}
    return {"path": str(path), **own, "options": told_options(ask.options)}


def ask_of(arguments: Mapping[str, Any]) -> Ask:
    """The request of its arguments."""
    given = {field.name: arguments[field.name] for field in fields(Ask)}
    given["options"] = options_of(given["options"])
    for name in ("centre_mm", "extent_mm"):
        given[name] = None if given[name] is None else tuple(given[name])
    return Ask(**given)


class Noting:
    """A desk that remembers which arrays it gave."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.given = desk, list[NDArray[Any]]()
        self.scratch, self.beat = desk.scratch, desk.beat

    def array(self, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
        """See `Desk`."""
        self.given.append(self._desk.array(shape, dtype))
        return self.given[-1]

    def release(self, array: NDArray[Any]) -> None:
        """See `Desk`."""
        self.given = [kept for kept in self.given if kept is not array]
        self._desk.release(array)


def told_volume(volume: Volume, desk: Noting) -> dict[str, Any]:
    """All of a volume but its array, which in the end is the only one on the desk."""
    others = [kept for kept in desk.given if kept is not volume.array]
    if len(others) == len(desk.given):
        desk.array(volume.array.shape, volume.array.dtype)[...] = volume.array
    for other in others:
        desk.release(other)
    return {
        "affine": volume.affine.tolist(),
        "source": asdict(volume.source),
        "spacing_known": volume.spacing_known,
        "warnings": list(volume.warnings),
    }


def told_grid(volume: Volume) -> dict[str, Any]:
    """All of a volume but its voxels."""
    own = {"affine": volume.affine.tolist(), "shape": volume.shape, "source": asdict(volume.source)}
    return {**own, "spacing_known": volume.spacing_known}


def grid_of(told: Mapping[str, Any]) -> Volume:
    """A volume on the grid that was told, without memory for voxels: they are all one zero."""
    array = np.broadcast_to(np.int8(0), told["shape"])
    affine = np.array(told["affine"], dtype=np.float64)
    return Volume(array, affine, Source(**told["source"]), spacing_known=bool(told["spacing_known"]))


def volume_of_told(told: Mapping[str, Any], arrays: Sequence[NDArray[Any]]) -> Volume:
    """The volume again. `arrays` are those of the answer."""
    (array,) = arrays
    return Volume(
        array,
        np.array(told["affine"], dtype=np.float64),
        Source(**told["source"]),
        spacing_known=bool(told["spacing_known"]),
        warnings=tuple(told["warnings"]),
    )
