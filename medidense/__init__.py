"""medidense: lesion classifiers that can be believed.

The face of the package. Names load on first use, so that ``import medidense`` costs nothing:

    import medidense
    package = medidense.load_package("nodules.medidense")
    print(package.predict(medidense.read_volume("scan/"), region=None))
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "Cohort": "medidense.values",
    "CvOptions": "medidense.verbs",
    "Marker": "medidense.values",
    "MedidenseError": "medidense.errors",
    "Package": "medidense.package",
    "ReadOptions": "medidense.values",
    "Recipe": "medidense.values",
    "Refusal": "medidense.values",
    "Refused": "medidense.values",
    "Region": "medidense.values",
    "Volume": "medidense.values",
    "check": "medidense.verbs",
    "compare": "medidense.verbs",
    "convert": "medidense.verbs",
    "cv": "medidense.verbs",
    "demo": "medidense.verbs",
    "evaluate": "medidense.verbs",
    "explain": "medidense.verbs",
    "export": "medidense.verbs",
    "load_package": "medidense.package",
    "match": "medidense.verbs",
    "plan": "medidense.verbs",
    "promote": "medidense.verbs",
    "read_cohort": "medidense.cohort",
    "read_recipe": "medidense.rundir",
    "read_region": "medidense.io",
    "read_volume": "medidense.io",
    "report": "medidense.verbs",
    "scan": "medidense.verbs",
    "score": "medidense.verbs",
    "ui": "medidense.verbs",
    "verify": "medidense.verbs",
    "write_nifti": "medidense.io",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'medidense' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from medidense.cohort import read_cohort as read_cohort
    from medidense.errors import MedidenseError as MedidenseError
    from medidense.io import read_region as read_region
    from medidense.io import read_volume as read_volume
    from medidense.io import write_nifti as write_nifti
    from medidense.package import Package as Package
    from medidense.package import load_package as load_package
    from medidense.rundir import read_recipe as read_recipe
    from medidense.values import Cohort as Cohort
    from medidense.values import Marker as Marker
    from medidense.values import ReadOptions as ReadOptions
    from medidense.values import Recipe as Recipe
    from medidense.values import Refusal as Refusal
    from medidense.values import Refused as Refused
    from medidense.values import Region as Region
    from medidense.values import Volume as Volume
    from medidense.verbs import CvOptions as CvOptions
    from medidense.verbs import check as check
    from medidense.verbs import compare as compare
    from medidense.verbs import convert as convert
    from medidense.verbs import cv as cv
    from medidense.verbs import demo as demo
    from medidense.verbs import evaluate as evaluate
    from medidense.verbs import explain as explain
    from medidense.verbs import export as export
    from medidense.verbs import match as match
    from medidense.verbs import plan as plan
    from medidense.verbs import promote as promote
    from medidense.verbs import report as report
    from medidense.verbs import scan as scan
    from medidense.verbs import score as score
    from medidense.verbs import ui as ui
    from medidense.verbs import verify as verify
