"""The verbs: paths or values in, a frozen result out. The only floor that puts rooms together.

Each verb loads on first use, so that naming them costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "CvOptions": "options",
    "ExternalResult": "external_result",
    "check": "checking",
    "compare": "comparing",
    "convert": "converting",
    "cv": "cross_validation",
    "demo": "demonstration",
    "evaluate": "evaluating",
    "explain": "explaining",
    "export": "exporting",
    "match": "matching",
    "plan": "planning",
    "promote": "promoting",
    "report": "reporting",
    "scan": "scanning",
    "score": "scoring",
    "ui": "serving",
    "verify": "verifying",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Load a verb from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'medidense.verbs' has no attribute {name!r}")
    return getattr(import_module(f"medidense.verbs.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from medidense.verbs.checking import check as check
    from medidense.verbs.comparing import compare as compare
    from medidense.verbs.converting import convert as convert
    from medidense.verbs.cross_validation import cv as cv
    from medidense.verbs.demonstration import demo as demo
    from medidense.verbs.evaluating import evaluate as evaluate
    from medidense.verbs.explaining import explain as explain
    from medidense.verbs.exporting import export as export
    from medidense.verbs.external_result import ExternalResult as ExternalResult
    from medidense.verbs.matching import match as match
    from medidense.verbs.options import CvOptions as CvOptions
    from medidense.verbs.planning import plan as plan
    from medidense.verbs.promoting import promote as promote
    from medidense.verbs.reporting import report as report
    from medidense.verbs.scanning import scan as scan
    from medidense.verbs.scoring import score as score
    from medidense.verbs.serving import ui as ui
    from medidense.verbs.verifying import verify as verify
