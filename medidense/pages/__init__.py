"""Figures and pages of HTML, made from results; subjects stand in them under pseudonyms only."""

from medidense.pages.benchmark_page import benchmark_html, known_answers_html
from medidense.pages.contents import Flow, FoldFlow, Overlay, Ran, RunContents, Size
from medidense.pages.curves import curves_png
from medidense.pages.evidence_maps import Shown, maps_png
from medidense.pages.external_contents import ExternalContents
from medidense.pages.external_page import external_figures, external_html, external_numbers
from medidense.pages.ranking import roc_png, scores_png
from medidense.pages.report_page import report_html, report_numbers
from medidense.pages.thumbnails import free_of_text, small_jpeg

__all__ = [
    "ExternalContents",
    "Flow",
    "FoldFlow",
    "Overlay",
    "Ran",
    "RunContents",
    "Shown",
    "Size",
    "benchmark_html",
    "curves_png",
    "external_figures",
    "external_html",
    "external_numbers",
    "free_of_text",
    "known_answers_html",
    "maps_png",
    "report_html",
    "report_numbers",
    "roc_png",
    "scores_png",
    "small_jpeg",
]
