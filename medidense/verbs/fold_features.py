"""What do the networks of a run's folds make of its samples before their heads decide?"""

import json
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from medidense import durable
from medidense.nets import build_for, headless, load_weights, network
from medidense.predict import pooled_features
from medidense.rundir import RunDir, read_encoding, read_features, write_features
from medidense.values import Fold
from medidense.verbs.cohort_arrays import Arrays


def fold_features(
    run: RunDir, fold: Fold, arrays: Arrays, names: Sequence[str], part: str
) -> NDArray[np.float64]:
    """Pooled features (len(names), F) of these samples by the fold's own network, as `arrays` shows them.

    They are kept in the fold's folder under the name `part` and found there again, unless the weights or the
    samples are others now. Raises CohortError where an image can no longer be read.
    """
    place, recipe = run.fold(fold.index), run.recipe()
    told = json.dumps([durable.sha256_file(place.weights), part, *names])
    key, target = durable.sha256_bytes(told.encode()), place.features_path(part)
    kept = read_features(target, key)
    if kept is not None:
        return kept
    width = read_encoding(place.path).width if recipe.input.covariates else 0
    net = build_for(recipe, len(run.classes), covariates=width)
    load_weights(net, place.weights)
    found = pooled_features(
        headless(net, network(recipe.network.name)),
        arrays.exact(arrays.rows(names)),
        device=_here(str(run.about()["device"]["name"])),
        threads=int(run.about()["device"]["threads"]),
    )
    write_features(found, target, key)
    return found


def _here(device: str) -> str:
    """The device that trained, or the processor where there is none: a control needs no last digit."""
    return device if device != "cuda" or torch.cuda.is_available() else "cpu"
