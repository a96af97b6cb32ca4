"""Images with known answers, for the demo, the benchmarks and the tests alike.

Thorax-like CT with smooth and spiculated nodules of the same sizes and densities: only their shape differs.
"""

from medidense.phantoms.cohort import write_cohort, write_fresh
from medidense.phantoms.subjects import PhantomOptions
from medidense.phantoms.thorax import LesionOptions, Phantom, PhantomLesion, lesion_phantom

__all__ = [
    "LesionOptions",
    "Phantom",
    "PhantomLesion",
    "PhantomOptions",
    "lesion_phantom",
    "write_cohort",
    "write_fresh",
]
