"""Known answers for the trainer: public images on which everybody knows how good a network gets.

What stories and scripts need of it is named here and loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "CLASSES": "medidense.benchmark.cifar10",
    "Images": "medidense.benchmark.experiment",
    "Outcome": "medidense.benchmark.running",
    "Plan": "medidense.benchmark.running",
    "choose_device": "medidense.train",
    "load_images": "medidense.benchmark.experiment",
    "named_recipe": "medidense.benchmark.stated",
    "run": "medidense.benchmark.running",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Load a name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'medidense.benchmark' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


if TYPE_CHECKING:
    from medidense.benchmark.cifar10 import CLASSES as CLASSES
    from medidense.benchmark.experiment import Images as Images
    from medidense.benchmark.experiment import load_images as load_images
    from medidense.benchmark.running import Outcome as Outcome
    from medidense.benchmark.running import Plan as Plan
    from medidense.benchmark.running import run as run
    from medidense.benchmark.stated import named_recipe as named_recipe
    from medidense.train import choose_device as choose_device
