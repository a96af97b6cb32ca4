"""How do small colour pictures look beside the evidence that was found in them?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from medidense.pages.canvas import png

ACROSS = 4
"""Pictures in a row, each with its map."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture, uint8 (H, W, 3), its map, float32 (H, W) with 0 for no evidence, and its title."""

    image: NDArray[np.uint8]
    evidence: NDArray[np.float32]
    title: str


def maps_png(shown: Sequence[Shown]) -> bytes:
    """PNG bytes. Colours of a map run from 0 to its own highest value."""
    rows = -(-len(shown) // ACROSS)
    figure = Figure(figsize=(12, 1.9 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, 2 * ACROSS, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    for item, plain, mapped in zip(shown, panels[::2], panels[1::2], strict=False):
        plain.imshow(item.image)
        plain.set_title(item.title, fontsize=9, loc="left")
        mapped.imshow(item.image.mean(axis=2), cmap="gray", vmin=0, vmax=255)
        top = float(item.evidence.max())
        share = item.evidence / top if top > 0 else item.evidence
        mapped.imshow(share, cmap="inferno", vmin=0, vmax=1, alpha=0.65 * share)
    return png(figure)
