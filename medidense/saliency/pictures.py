"""What does an evidence map look like beside its scan?"""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from medidense.saliency.views import View, best_view, lesion_view
from medidense.values import Region, Volume

SIZE_INCHES, DPI = (12.0, 6.0), 100
OPACITY = 0.65
"""Of the strongest evidence; none lets the scan through unchanged."""
Window = tuple[float, float]
"""Lowest and highest value between black and white."""
LETTER_PLACES = ((0.02, 0.5), (0.98, 0.5), (0.5, 0.97), (0.5, 0.03))
"""Left, right, top, bottom, as shares of a panel."""


def overlay_png(volume: Volume, saliency: NDArray[np.float32], region: Region | None, title: str) -> bytes:
    """A PNG of 1200 x 600 pixels: the slice with the strongest evidence, plain and with it in colour.

    `saliency` is float32 of the volume's shape, 0 is no evidence. The lesion is outlined where `region` is
    given; where that slice misses it, the plain one is the slice through its centre. Colours run from 0 to
    the map's own highest value, which the colour bar states. `title` stands on the picture as it is: pass no
    name or ID of a patient.
    """
    view = plain_view = best_view(volume, saliency, region)
    if region is not None and view.lesion is not None and not view.lesion.any():
        plain_view = lesion_view(volume, saliency, region)
    top = float(saliency.max())
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    plain = figure.add_axes((0.02, 0.09, 0.40, 0.80))
    overlaid = figure.add_axes((0.45, 0.09, 0.40, 0.80))
    window = _draw_scan(plain, plain_view)
    _draw_scan(overlaid, view, window)
    _draw_evidence(figure, overlaid, view, top)
    figure.text(0.02, 0.955, title, fontsize=13, va="center", parse_math=False)
    caption = _caption(volume, (plain_view, view), window, top)
    figure.text(0.02, 0.035, caption, fontsize=9, va="center", parse_math=False)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _draw_scan(axes: Axes, view: View, window: Window | None = None) -> Window:
    """The slice in grey, letters, the lesion's outline; returns the limits of grey, given or its own."""
    low, high = window or _grey_window(view)
    extent = (0.0, view.size_mm[1], view.size_mm[0], 0.0)
    axes.imshow(view.grey, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), extent=extent)
    if view.lesion is not None and view.lesion.any() and not view.lesion.all():
        rows, columns = (np.arange(n) + 0.5 for n in view.lesion.shape)
        across, down = columns * view.spacing_mm[1], rows * view.spacing_mm[0]
        if min(view.lesion.shape) > 1:
            axes.contour(across, down, view.lesion, levels=[0.5], colors="#00e5ff", linewidths=1.0)
    x, y = view.centre_mm
    axes.set(xlim=(x - view.half_side_mm, x + view.half_side_mm), xticks=[], yticks=[], facecolor="black")
    axes.set_ylim(y + view.half_side_mm, y - view.half_side_mm)
    for letter, (across_share, down_share) in zip(view.letters, LETTER_PLACES, strict=False):
        text = axes.text(across_share, down_share, letter, transform=axes.transAxes, ha="center", va="center")
        text.set(color="#ffd54f", fontsize=12, fontweight="bold")
        text.set_path_effects([withStroke(linewidth=2, foreground="black")])
    return low, high


def _draw_evidence(figure: Figure, axes: Axes, view: View, top: float) -> None:
    """Evidence in colour over the slice, and the colour bar."""
    colours = ListedColormap(_colours())
    scale = Normalize(0.0, top if top > 0 else 1.0)
    extent = (0.0, view.size_mm[1], view.size_mm[0], 0.0)
    axes.imshow(view.evidence, cmap=colours, norm=scale, extent=extent, interpolation="bilinear")
    bar = figure.colorbar(ScalarMappable(scale, colours), cax=figure.add_axes((0.88, 0.09, 0.015, 0.80)))
    bar.formatter = StrMethodFormatter("{x:.3g}")
    bar.set_label("evidence for the class (logit)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.ax.set_facecolor("0.5")


def _colours() -> NDArray[np.float64]:
    """256 colours from nothing over red to yellow, the more evidence the less transparent."""
    share = np.linspace(0.0, 1.0, 256)
    red = np.clip(0.6 + share, 0, 1)
    green = np.clip(1.6 * share - 0.5, 0, 1)
    blue = np.clip(0.3 - share, 0, 1)
    return np.stack([red, green, blue, OPACITY * np.sqrt(share)], axis=1)


def _grey_window(view: View) -> Window:
    """Limits of grey that leave one pixel of a hundred beyond each."""
    low, high = (float(value) for value in np.percentile(view.grey[_shown(view)], (1, 99)))
    return low, high


def _shown(view: View) -> tuple[slice, slice]:
    """Rows and columns inside the window."""
    (x, y), half = view.centre_mm, view.half_side_mm
    rows = (np.array([y - half, y + half]) / view.spacing_mm[0]).astype(int).clip(0, view.grey.shape[0])
    columns = (np.array([x - half, x + half]) / view.spacing_mm[1]).astype(int).clip(0, view.grey.shape[1])
    return slice(rows[0], max(rows[1], rows[0] + 1)), slice(columns[0], max(columns[1], columns[0] + 1))


def _caption(volume: Volume, views: tuple[View, View], window: Window, top: float) -> str:
    """How to read the plain and the coloured slice, in one line."""
    plain, view = views
    unit = " HU" if volume.source.modality == "CT" else ""
    parts = [f"{view.plane} slice {view.slice_number} of {view.slices}" if view.letters else "picture"]
    if plain.slice_number != view.slice_number:
        parts[0] += f" (at the left {plain.slice_number}, through the lesion)"
    elif view.lesion_slice not in (None, view.slice_number):
        parts[0] += f" (lesion's centre: {view.lesion_slice})"
    if view.letters:
        parts.append("radiological view: the right or front at the left")
    parts.append(f"grey from {window[0]:.4g} to {window[1]:.4g}{unit}")
    if volume.spacing_known:
        parts.append(f"{2 * view.half_side_mm:.0f} mm wide")
    parts.append("no positive evidence" if top <= 0 else f"strongest evidence {top:.3g}")
    return "; ".join(parts)
