"""Which figures of shape, margin, intensity and texture describe a lesion, for a rule without a network?

Every figure is defined in docs/descriptors.md. All are the same for an image flipped or with its axes in
another order, and in millimetres and modality values (HU for CT).
"""

from collections.abc import Mapping

import numpy as np

from medidense.preprocess.descriptors.inside import inside_figures
from medidense.preprocess.descriptors.margin import margin_figures
from medidense.preprocess.descriptors.patch import lesion_patch
from medidense.preprocess.descriptors.shape import shape_figures
from medidense.preprocess.descriptors.texture import texture_figures
from medidense.values.region import Region
from medidense.values.volume import Volume

__all__ = ["lesion_descriptors"]


def lesion_descriptors(volume: Volume, region: Region) -> Mapping[str, float]:
    """The figures by name, all finite; none at all where the lesion or its surroundings cannot be measured.

    Without a mask the lesion is the ball of the region's diameter. Of colours the mean is taken.
    """
    patch = lesion_patch(volume, region)
    if patch is None:
        return {}
    found = {
        **shape_figures(patch),
        **margin_figures(patch),
        **inside_figures(patch),
        **texture_figures(patch),
    }
    return found if np.isfinite(list(found.values())).all() else {}
