"""How do the values of an image become the values that a network sees?"""

from medidense.cohort.fingerprint import Fingerprint
from medidense.cohort.reasons import Choice
from medidense.cohort.sampling import sees_planes

LUNG_WINDOW = (-1000.0, 400.0)
SOFT_WINDOW = (-160.0, 240.0)
"""Usual display windows in HU: lung with mediastinum, and soft tissue (level 40, width 400)."""

CALCIUM_WINDOW = (-150.0, 850.0)
"""HU from fat to dense calcium, which the lung window cuts off."""

CONSTANTS = "For input.intensity.rule: constants alone, which takes these numbers from published weights."
"""Why there are none."""


def choose_intensities(fp: Fingerprint) -> list[Choice]:
    """``input.modality`` and ``input.intensity``."""
    rule, low, high, why = _rule(fp)
    sentence = fp.modality_words[0].upper() + fp.modality_words[1:] + "."
    if fp.modality == "CT" and not fp.modality_words.startswith("the files"):
        sentence += " If they are not CT, set input.modality and input.intensity and train again."
    if fp.modality is None:
        sentence += " Scoring then cannot refuse another modality by its name."
    return [
        Choice("input.modality", fp.modality, sentence),
        Choice("input.intensity.rule", rule, why),
        Choice("input.intensity.low", low, _limit(rule, "below", low)),
        Choice("input.intensity.high", high, _limit(rule, "above", high)),
        Choice("input.intensity.mean", [], CONSTANTS),
        Choice("input.intensity.deviation", [], CONSTANTS),
        *_second(fp),
    ]


def _second(fp: Fingerprint) -> list[Choice]:
    """A second window where the first cuts calcium off."""
    key = "input.second_window"
    if not (fp.lung and sees_planes(fp)):
        return [Choice(key, None, "One window is enough: what it cuts off is not known to matter here.")]
    low, high = CALCIUM_WINDOW
    why = (
        f"A second channel shows {low:g} to {high:g} HU: the first window cuts calcium off, which speaks for "
        "a benign nodule."
    )
    return [
        Choice(f"{key}.low", low, why),
        Choice(f"{key}.high", high, why),
    ]


def _rule(fp: Fingerprint) -> tuple[str, float, float, str]:
    """Rule, low, high and reason."""
    if fp.two_valued:
        low, high = fp.intensity["minimum"], fp.intensity["maximum"]
        return "window", low, high, "Every image holds two values only, a shape; they become -1 and 1."
    if fp.modality == "CT":
        return _hounsfield(fp)
    if fp.modality in ("MR", "PT", "NM"):
        why = (
            f"{fp.modality} values have no fixed scale: each crop is set to mean 0 and standard deviation 1."
        )
        return "zscore", -4.0, 4.0, why
    if fp.whole_numbers_to_255:
        what = "Pictures" if fp.modality is None else fp.modality
        why = f"{what} with values from 0 to 255: one fixed window keeps bright and dark images apart."
        return "window", 0.0, 255.0, why
    what = "The modality is not known" if fp.modality is None else f"{fp.modality} values have no fixed scale"
    why = f"{what}: each crop is scaled to its own 0.5th and 99.5th percentile, which no single voxel sets."
    return "percentiles", 0.5, 99.5, why


def _hounsfield(fp: Fingerprint) -> tuple[str, float, float, str]:
    """Windows for CT."""
    where = "near the lesions" if fp.region == "lesion" else "in the images"
    if fp.lung:
        low, high = LUNG_WINDOW
        why = f"Hounsfield units have a fixed meaning, so the window is fixed; {where} there is aerated lung."
        return "window", low, high, f"{why} It runs from air ({low:g} HU) to above soft tissue ({high:g} HU)."
    low, high = SOFT_WINDOW
    why = f"Hounsfield units have a fixed meaning, so the window is fixed; {where} there is no aerated lung."
    return "window", low, high, f"{why} It is the usual one for soft tissue (level 40, width 400 HU)."


def _limit(rule: str, side: str, value: float) -> str:
    """What a limit does, in words."""
    limit = {
        "window": f"{value:g}",
        "percentiles": f"the crop's {value:g}th percentile",
        "zscore": f"{value:g} standard deviations",
    }
    return f"Values {side} {limit[rule]} are set to it."
