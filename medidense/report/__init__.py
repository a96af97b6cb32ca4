"""Figures of a cross-validation, made from its result files."""

from medidense.report.curves import curves_png
from medidense.report.ranking import roc_png, scores_png

__all__ = ["curves_png", "roc_png", "scores_png"]
