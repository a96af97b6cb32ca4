"""How do all figures look: size, letters, colours that colour-blind readers tell apart, the small print?"""

import io
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from medidense.pages.markup import SMALL_PRINT

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito 2008, Color Universal Design: told apart by the colour-blind, dark enough for white paper."""

GREY = "#9A9A9A"
LETTERS = 15


def blank(width: float = 7.0, height: float = 6.6) -> tuple[Figure, Axes]:
    """An empty figure of this size in inches, with letters that survive a thumbnail."""
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.tick_params(labelsize=LETTERS - 2)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def colour(index: int) -> str:
    """The colour of the class or fold with this index."""
    return COLOURS[index % len(COLOURS)]


def name_axes(axes: Axes, title: str, across: str, up: str) -> None:
    """Title and the names of both axes."""
    axes.set_title(title, fontsize=LETTERS + 2, loc="left", pad=12)
    axes.set_xlabel(across, fontsize=LETTERS)
    axes.set_ylabel(up, fontsize=LETTERS)


def legend(axes: Axes, place: Literal["best", "lower right"], title: str = "") -> None:
    """What the lines mean, readable over whatever lies below."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=place,
            fontsize=LETTERS - 3,
            title=title or None,
            framealpha=0.9,
            edgecolor="none",
            fancybox=False,
        )


def png(figure: Figure) -> bytes:
    """The figure as PNG bytes with the small print below; equal figures give equal bytes."""
    figure.supxlabel(SMALL_PRINT, fontsize=9, color="#555555", x=0.99, ha="right")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
