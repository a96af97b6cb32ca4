"""What did the controls of a run find, and are they of the scores that stand there now?"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from medidense import durable
from medidense.values import ControlResult


def write_controls(controls: Sequence[ControlResult], target: Path, scores: Path) -> None:
    """controls.json: the sha256 of the out-of-fold scores that they belong to, and each control's fields."""
    tree = {"scores": durable.sha256_file(scores), "controls": [one.to_json() for one in controls]}
    durable.write_text(target, json.dumps(tree, indent=2) + "\n")


def read_controls(source: Path, scores: Path) -> tuple[ControlResult, ...]:
    """The controls back as values; none where there is no such file, or it is of other scores."""
    try:
        tree = json.loads(source.read_text(encoding="utf-8"))
        if tree["scores"] != durable.sha256_file(scores):
            return ()
        return tuple(ControlResult.from_json(fields) for fields in tree["controls"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def write_features(features: NDArray[np.float64], target: Path, key: str) -> None:
    """A fold's pooled features (N, F), under a `key` that says of what they are."""
    told = np.frombuffer(key.encode(), dtype=np.uint8)
    durable.write_bytes(target, safetensors.numpy.save({"features": features, "key": told}))


def read_features(source: Path, key: str) -> NDArray[np.float64] | None:
    """The features back; None where there is no such file, or it has another key."""
    try:
        found = safetensors.numpy.load(source.read_bytes())
        return found["features"] if found["key"].tobytes() == key.encode() else None
    except (OSError, ValueError, KeyError, SafetensorError):
        return None
