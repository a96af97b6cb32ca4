"""Figures of a cross-validation, made from its result files, and the page of a benchmark."""

from medidense.report.benchmark_page import benchmark_html, known_answers_html
from medidense.report.curves import curves_png
from medidense.report.evidence_maps import Shown, maps_png
from medidense.report.ranking import roc_png, scores_png

__all__ = ["Shown", "benchmark_html", "curves_png", "known_answers_html", "maps_png", "roc_png", "scores_png"]
