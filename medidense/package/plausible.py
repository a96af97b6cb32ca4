"""Is this input of the kind the model was trained on?

A network gives a score for anything. These checks refuse what is plainly unlike the training data; they are
no proof that the rest is like it.
"""

from medidense.preprocess import Prepared
from medidense.values import Manifest, Refused, Region, Span, TrainingFacts, Volume

SLACK = 0.5
"""How far a percentile may lie outside the training span, as a share of the training's range of values."""


def require_region(manifest: Manifest, region: object, where: str) -> None:
    """Refuse a series without a lesion where the model is made for lesions: NO_REGION. Never crop blindly."""
    if manifest.region == "lesion" and region is None:
        step = "list the lesion of this series (--lesions)"
        raise Refused("NO_REGION", where, "no lesion", "a mask or a point with a diameter", step)


def check_input(manifest: Manifest, volume: Volume, region: Region | None, where: str) -> None:
    """Refuse, before anything is computed: NO_REGION, MODALITY, IMPLAUSIBLE (2D against 3D).

    A model of planes takes the plane through a lesion of a volume; a model of whole pictures takes no volume.
    """
    require_region(manifest, region, where)
    trained, given = manifest.training.modality, volume.source.modality
    if trained is not None and given is not None and trained != given:
        raise Refused("MODALITY", where, given, trained, "score it with a model made for it")
    dims = manifest.training.dims
    if volume.dims < dims or (volume.dims > dims and manifest.region == "whole"):
        found, expected = f"a {volume.dims}D image", f"a {dims}D image"
        raise Refused("IMPLAUSIBLE", where, found, expected, "score it with a model made for it")


def check_intensity(training: TrainingFacts, prepared: Prepared, where: str) -> None:
    """Refuse a crop whose 1st, 50th or 99th percentile lies far outside the training's: IMPLAUSIBLE.

    Far is more than half of the training's overall width, its smallest 1st to its largest 99th percentile.
    """
    slack = SLACK * (training.p99.high - training.p01.low)
    percentiles: tuple[tuple[str, float, Span], ...] = (
        ("1st", prepared.p01, training.p01),
        ("50th", prepared.p50, training.p50),
        ("99th", prepared.p99, training.p99),
    )
    for name, value, span in percentiles:
        low, high = span.low - slack, span.high + slack
        if not low <= value <= high:
            found = f"{name} percentile {value:.6g}"
            step = "check the units of its values, or score it with a model made for it"
            raise Refused("IMPLAUSIBLE", where, found, f"{low:.6g} to {high:.6g}", step)
