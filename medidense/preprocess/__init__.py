"""From a volume and a region to the array that enters the network, and back to the volume's grid.

NumPy and SciPy only. The same bits come out for the same image, whatever file format or axis order it was
stored in: training, scoring and explaining all call `prepare`.
"""

from medidense.preprocess.cache import ArrayCache, remove_arrays
from medidense.preprocess.crop import Prepared, prepare
from medidense.preprocess.descriptors import lesion_descriptors
from medidense.preprocess.facts import lesion_figures, lesion_volume, sample_facts
from medidense.preprocess.grid import SamplingGrid
from medidense.preprocess.loading import load_sample, open_sample, sample_region, with_spacing
from medidense.preprocess.placing import require_one_channel, sampling_grid
from medidense.preprocess.surroundings import Surroundings, hidden, surroundings, widest_hole

__all__ = [
    "ArrayCache",
    "Prepared",
    "SamplingGrid",
    "Surroundings",
    "hidden",
    "lesion_descriptors",
    "lesion_figures",
    "lesion_volume",
    "load_sample",
    "open_sample",
    "prepare",
    "remove_arrays",
    "require_one_channel",
    "sample_facts",
    "sample_region",
    "sampling_grid",
    "surroundings",
    "widest_hole",
    "with_spacing",
]
